import type { Logger } from '../log.js';
import { type Driver, ImageError } from '../pool/driver.js';

/** The driver with variables of its own added to every container's environment, such as the address it can call back at. */
export const withEnvironment = (driver: Driver, env: () => Readonly<Record<string, string>>): Driver => ({
  name: driver.name,
  canPause: driver.canPause,
  available: (kind, image) => driver.available(kind, image),
  create: spec => driver.create({ ...spec, env: { ...spec.env, ...env() } }),
  sweep: () => driver.sweep(),
  close: () => driver.close(),
});

interface Candidates {
  /** Absent when no engine answers, or when only processes are wanted. */
  readonly docker?: Driver;
  readonly process?: Driver;
  /** Begins to get an image in the background. */
  readonly wantImage: (image: string) => void;
  readonly log: Logger;
}

export type PickDriver = (kind: string, image: string) => Promise<Driver>;

/**
 * Decides by kind: a container where the engine has the kind's image, else a process where the toolchain is there, so that
 * nobody's first call waits for a pull. Rejects with the reason when neither can serve.
 */
export const createPick = ({ docker, process, wantImage, log }: Candidates): PickDriver => {
  const told = new Set<string>();

  const tell = (key: string, text: string): void => {
    if (told.has(key)) return;
    told.add(key);
    log.warn(text);
  };

  return async (kind, image) => {
    const container = await docker?.available(kind, image);
    if (docker && container?.usable) return docker;
    const reason = container && !container.usable ? container.reason : undefined;
    if (docker && reason !== undefined) wantImage(image);
    if (!process) throw new ImageError(image, reason ?? `no driver can run ${kind}`);
    const local = await process.available(kind, image);
    if (local.usable) {
      if (reason !== undefined) tell(kind, `${kind} runs as a plain process, not isolated: ${reason}`);
      if (local.note !== undefined) tell(`${kind} note`, `${kind}: ${local.note}`);
      return process;
    }
    if (docker) throw new ImageError(image, reason ?? local.reason);
    throw new Error(local.reason);
  };
};
