/** Removals after which the entries move to a new Map, unless there are more of them. */
const RENEW = 64;

/**
 * A Map for entries that come and go all the time. V8 then moves a Map from table to table, and each old table points to
 * the next. Once one of them has been promoted to the old generation, it keeps all that follow alive, with the entries each
 * had, until the next full collection: so thousands of dead calls were copied and promoted, for a twentieth of the server's
 * time. A new Map now and then ends the chain. An iteration under way sees no removal after such a move.
 */
export class PassingMap<K, V> {
  private entries = new Map<K, V>();
  private removals = 0;

  get size(): number {
    return this.entries.size;
  }

  get(key: K): V | undefined {
    return this.entries.get(key);
  }

  has(key: K): boolean {
    return this.entries.has(key);
  }

  set(key: K, value: V): void {
    this.entries.set(key, value);
  }

  delete(key: K): void {
    if (!this.entries.delete(key)) return;
    this.removals++;
    if (this.removals < RENEW || this.removals < this.entries.size) return;
    this.entries = new Map(this.entries);
    this.removals = 0;
  }

  clear(): void {
    this.entries = new Map();
    this.removals = 0;
  }

  /** In order of insertion. */
  values(): IterableIterator<V> {
    return this.entries.values();
  }
}
