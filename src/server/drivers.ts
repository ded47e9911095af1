import type { Logger } from '../log.js';
import type { Driver } from '../pool/driver.js';

type Env = Readonly<Record<string, string>>;

/** The driver with variables of its own added to every container's environment, such as the address it can call back at. */
export const withEnvironment = (driver: Driver, env: () => Env | Promise<Env>): Driver => ({
  name: driver.name,
  canPause: driver.canPause,
  available: (kind, image) => driver.available(kind, image),
  create: async spec => driver.create({ ...spec, env: { ...spec.env, ...(await env()) } }),
  sweep: () => driver.sweep(),
  close: () => driver.close(),
});

interface Candidates {
  /** Absent when no engine answers, or when only processes are wanted. */
  readonly docker?: Driver | undefined;
  /** Absent when only containers are wanted. */
  readonly process?: Driver | undefined;
  /** Begins to get an image in the background. */
  readonly wantImage: (image: string) => void;
  readonly log: Logger;
}

export type PickDriver = (kind: string, image: string) => Promise<Driver>;

/**
 * Decides by kind: a container where the engine has the kind's image, else a process where the toolchain is there, so that
 * nobody's first call waits for a pull. What neither can serve is left to the engine, which then gets the image or says why
 * not. Rejects with the reason when there is no engine.
 */
export const createPick = ({ docker, process, wantImage, log }: Candidates): PickDriver => {
  const told = new Set<string>();

  const tell = (key: string, text: string): void => {
    if (told.has(key)) return;
    told.add(key);
    log.warn(text);
  };

  return async (kind, image) => {
    if (docker && !process) return docker;
    const container = await docker?.available(kind, image);
    if (docker && container?.usable) return docker;
    const local = await process?.available(kind, image);
    if (process && local?.usable) {
      if (container && !container.usable) {
        wantImage(image);
        tell(kind, `${kind} runs as a plain process, not isolated: ${container.reason}`);
      }
      if (local.note !== undefined) tell(`${kind} note`, `${kind}: ${local.note}`);
      return process;
    }
    if (docker) return docker;
    throw new Error(local && !local.usable ? local.reason : `no driver can run ${kind}`);
  };
};
