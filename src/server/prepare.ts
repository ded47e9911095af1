import type { ActionDoc } from '../entities/types.js';
import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import type { Pool } from '../pool/pool.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { PickDriver } from './drivers.js';

interface Parts {
  /** Undefined: where a start is cheap, which is with processes. */
  readonly eager: boolean | undefined;
  readonly pick: PickDriver;
  readonly pool: Pick<Pool, 'prepare'>;
  readonly runtimes: Runtimes;
  readonly log: Logger;
}

/** Has a stem cell ready for an action that was just written, ahead of its first call. */
export const createPreparation = ({ eager, pick, pool, runtimes, log }: Parts) => {
  const prepare = async ({ exec, limits: { memory } }: ActionDoc): Promise<void> => {
    if ('components' in exec) return;
    const image = 'image' in exec ? exec.image : runtimes.kind(exec.kind)?.image;
    if (image === undefined) return;
    const { kind } = exec;
    if (eager !== true && (await pick(kind, image)).name !== 'process') return;
    pool.prepare({ kind, image, memory });
  };

  return (action: ActionDoc): void => {
    if (eager === false) return;
    // No driver for the kind: whoever calls the action is told so.
    prepare(action).catch(error => log.debug(`nothing prepared for ${action.name}: ${errorText(error)}`));
  };
};
