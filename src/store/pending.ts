import type { Activation } from '../entities/types.js';
import { PassingMap } from '../passing-map.js';
import { filterNames } from './activation-rows.js';
import type { ActivationQuery } from './store.js';

/** An activation not yet in the file. */
export interface Pending {
  readonly activation: Activation;
  readonly named: string;
  readonly bound: string | undefined;
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
    this.byId.set(activation.activationId, { activation, ...filterNames(activation) });
    return true;
  }

  delete({ activation }: Pending): void {
    this.byId.delete(activation.activationId);
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
