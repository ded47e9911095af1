import type { Availability } from '../pool/driver.js';
import type { StoreHealth } from '../store/store.js';
import { type Context, sendJson } from './context.js';

/** Why the server is not ready, by what is amiss; all empty when it is. */
interface Readiness {
  readonly ready: boolean;
  readonly store: { readonly ok: boolean; readonly reason?: string; readonly waiting: number };
  readonly driver: { readonly ok: boolean; readonly reason?: string };
  readonly journal: { readonly ok: boolean; readonly reason?: string };
}

export interface HealthParts {
  readonly store: { health(): StoreHealth };
  /** Whether functions could run now. */
  readonly driver: () => Promise<Availability>;
  /** Whether what an earlier process left is taken up, and whether the server is going down. */
  readonly state: () => 'starting' | 'up' | 'stopping';
}

/** A driver that says nothing for so long, in ms, is not usable. */
const PATIENCE = 3000;

const within = (answer: Promise<Availability>): Promise<Availability> =>
  new Promise(resolve => {
    const timer = setTimeout(
      () => resolve({ usable: false, reason: `The driver does not answer within ${PATIENCE / 1000} s.` }),
      PATIENCE,
    );
    answer
      .catch((error: Error) => ({ usable: false as const, reason: error.message }))
      .then(resolve)
      .finally(() => clearTimeout(timer));
  });

const JOURNAL = {
  starting: 'What an earlier process had accepted is being taken up.',
  stopping: 'The server is stopping.',
} as const;

/** GET /miniwhisk/v1/ready: 200 when calls can be accepted and run, else 503; the body says what is amiss. */
export const readiness =
  (parts: HealthParts) =>
  async (ctx: Context): Promise<void> => {
    const { writable, waiting } = parts.store.health();
    const driver = await within(parts.driver());
    const state = parts.state();
    const body: Readiness = {
      ready: writable && driver.usable && state === 'up',
      store: { ok: writable, waiting, ...(!writable && { reason: 'The store cannot be written. Reads still work.' }) },
      driver: { ok: driver.usable, ...(!driver.usable && { reason: driver.reason }) },
      journal: { ok: state === 'up', ...(state !== 'up' && { reason: JOURNAL[state] }) },
    };
    sendJson(ctx, body.ready ? 200 : 503, body);
  };
