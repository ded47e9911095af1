import type { Activation } from '../entities/types.js';
import { PassingMap } from '../passing-map.js';
import { filterNames, weightOf } from './activation-rows.js';
import { type ActivationQuery, StoreUnavailable } from './store.js';

/**
 * Bytes of records that wait before new calls are refused. While the file can be written a few MB wait at most; when it
 * cannot, what runs must still end in its records, which a machine of 1 GB has room for beside this.
 */
export const MOST_WAITING = 256 * 1024 * 1024;

/** An activation not yet in the file. */
export interface Pending {
  readonly activation: Activation;
  readonly named: string;
  readonly bound: string | undefined;
  readonly bytes: number;
  /** Whether the file has this id already; undefined until somebody asked. */
  duplicate?: boolean;
}

const matches = ({ activation, named, bound }: Pending, query: ActivationQuery): boolean =>
  activation.namespace === query.namespace &&
  (query.name === undefined || query.name === named || query.name === bound) &&
  (query.since === undefined || activation.start >= query.since) &&
  (query.upto === undefined || activation.start <= query.upto);

/** Activations that wait to be written, in order of put. */
export class PendingActivations {
  private readonly byId = new PassingMap<string, Pending>();
  private bytes = 0;

  /** `stored` tells whether the file has an id. */
  constructor(private readonly stored: (id: string) => boolean) {}

  get size(): number {
    return this.byId.size;
  }

  /** In order of put. */
  values(): IterableIterator<Pending> {
    return this.byId.values();
  }

  /** False when an activation of this id waits already. */
  add(activation: Activation): boolean {
    if (this.byId.has(activation.activationId)) return false;
    const bytes = weightOf(activation);
    this.byId.set(activation.activationId, { activation, ...filterNames(activation), bytes });
    this.bytes += bytes;
    return true;
  }

  /** Call once for what `add` took. */
  delete({ activation, bytes }: Pending): void {
    this.byId.delete(activation.activationId);
    this.bytes -= bytes;
  }

  /** Throws `StoreUnavailable` when no more may wait. */
  checkRoom(): void {
    if (this.bytes < MOST_WAITING) return;
    throw new StoreUnavailable(`${Math.round(this.bytes / 1024 / 1024)} MB of activations wait to be written`);
  }

  get(id: string): Activation | undefined {
    const pending = this.byId.get(id);
    return pending && !this.isDuplicate(pending) ? pending.activation : undefined;
  }

  /** Newest `start` first; of equal ones the later put first. */
  matching(query: ActivationQuery): Activation[] {
    const found: Activation[] = [];
    for (const pending of this.byId.values())
      if (matches(pending, query) && !this.isDuplicate(pending)) found.push(pending.activation);
    return found.reverse().sort((a, b) => b.start - a.start);
  }

  private isDuplicate(pending: Pending): boolean {
    pending.duplicate ??= this.stored(pending.activation.activationId);
    return pending.duplicate;
  }
}
