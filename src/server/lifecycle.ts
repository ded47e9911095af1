import { errorText } from '../errors.js';
import type { Logger } from '../log.js';

/** Things that were started and how each is stopped, in the order they were started. */
export interface Lifecycle {
  started(name: string, stop: () => Promise<void> | void): void;
  /** Stops everything in reverse order, once; a stop that fails is logged and the rest goes on. */
  stop(): Promise<void>;
}

export const createLifecycle = (log: () => Logger | undefined): Lifecycle => {
  const steps: { name: string; stop: () => Promise<void> | void }[] = [];
  let stopping: Promise<void> | undefined;

  const stopAll = async (): Promise<void> => {
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await step.stop();
      } catch (error) {
        log()?.error({ err: error }, `${step.name} did not stop cleanly: ${errorText(error)}`);
      }
    }
  };

  return {
    started: (name, stop) => void steps.push({ name, stop }),
    stop: () => {
      stopping ??= stopAll();
      return stopping;
    },
  };
};
