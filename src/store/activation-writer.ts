import type Sqlite from 'better-sqlite3';
import type { Activation } from '../entities/types.js';
import type { Logger } from '../log.js';
import type { ActivationIndex, Place } from './activation-index.js';
import { COLUMNS, encode } from './activation-rows.js';
import type { BatchPart } from './batches.js';
import { isDamaged, isUnavailable } from './failures.js';
import type { Pending, PendingActivations } from './pending.js';

/** Looking at the clock costs as much as a small row. */
const ROWS_PER_LOOK = 8;

/** Rows and bytes the store holds, by the `weight` of each. */
export interface Totals {
  rows: number;
  bytes: number;
}

const statements = (db: Sqlite.Database) => ({
  insert: db.prepare(
    `INSERT INTO activation (namespace, named, bound, bytes, ${COLUMNS})
     VALUES (?, ?, ?, ?, ${COLUMNS.split(', ').fill('?').join(', ')}) ON CONFLICT (id) DO NOTHING`,
  ),
  total: db.prepare<[string], number>('SELECT value FROM counter WHERE name = ?').pluck(),
  setTotal: db.prepare('UPDATE counter SET value = ? WHERE name = ?'),
});

/** Writes pending activations, their places in the index and the totals; closes their entries in the journal. */
export class ActivationWriter implements BatchPart {
  private readonly sql: ReturnType<typeof statements>;
  readonly urgent = false;
  private written: Pending[] = [];

  constructor(
    db: Sqlite.Database,
    private readonly index: ActivationIndex,
    private readonly pending: PendingActivations,
    private readonly log: Logger,
    private readonly closeEntry: (id: string) => void,
  ) {
    this.sql = statements(db);
  }

  get size(): number {
    return this.pending.size;
  }

  write(until: number): void {
    this.index.follow();
    const added: Totals = { rows: 0, bytes: 0 };
    const places: Place[] = [];
    for (const pending of this.pending.values()) {
      const place = this.writeOne(pending, added);
      if (place) places.push(place);
      this.closeEntry(pending.activation.activationId);
      this.written.push(pending);
      if (this.written.length % ROWS_PER_LOOK === 0 && performance.now() >= until) break;
    }
    this.index.add(places);
    this.index.save();
    this.addTotals(added);
  }

  committed(): void {
    for (const pending of this.written) this.pending.delete(pending);
    this.written = [];
  }

  failed(): void {
    this.written = [];
    this.index.forget();
  }

  totals(): Totals {
    return { rows: this.sql.total.get('activations') ?? 0, bytes: this.sql.total.get('activation_bytes') ?? 0 };
  }

  /** In the transaction that adds or removes the rows. */
  addTotals(added: Totals): void {
    const { rows, bytes } = this.totals();
    this.sql.setTotal.run(rows + added.rows, 'activations');
    this.sql.setTotal.run(bytes + added.bytes, 'activation_bytes');
  }

  private writeOne(pending: Pending, added: Totals): Place | undefined {
    const { activation, named, bound } = pending;
    const { namespace, start } = activation;
    const scopes = [namespace, `${namespace}/${named}`, ...(bound === undefined ? [] : [`${namespace}/${bound}`])].map(
      path => this.index.findOrCreate(path),
    );
    const [inNamespace, inName, inBound] = scopes.map(scope => scope.id);
    const inserted = this.insert(activation, [inNamespace, inName, inBound ?? null]);
    if (inserted === undefined) return undefined;
    added.rows++;
    added.bytes += inserted.weight;
    return { scopes, start, seq: inserted.seq };
  }

  /** Undefined when the id is stored already, or when the row can never be stored. */
  private insert(activation: Activation, scopes: unknown[]): { seq: number; weight: number } | undefined {
    try {
      const { columns, weight } = encode(activation);
      const { changes, lastInsertRowid } = this.sql.insert.run(...scopes, weight, ...columns);
      return changes === 0 ? undefined : { seq: Number(lastInsertRowid), weight };
    } catch (error) {
      if (isUnavailable(error) || isDamaged(error)) throw error;
      const { activationId } = activation;
      this.log.error({ err: error, activationId }, 'An activation cannot be stored; it is given up.');
      return undefined;
    }
  }
}
