import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import { type Availability, type Driver, ImageError } from '../pool/driver.js';

type Env = Readonly<Record<string, string>>;

/** The driver with variables of its own added to every container's environment, such as the address it can call back at. */
export const withEnvironment = (driver: Driver, env: () => Env | Promise<Env>): Driver => ({
  name: driver.name,
  canPause: driver.canPause,
  available: (kind, image) => driver.available(kind, image),
  ...(driver.responds && { responds: driver.responds.bind(driver) }),
  create: async spec => driver.create({ ...spec, env: { ...spec.env, ...(await env()) } }),
  sweep: () => driver.sweep(),
  close: () => driver.close(),
});

/** The engine's images, as far as choosing a driver needs them. */
interface ImageSupply {
  /** Begins to get an image in the background. */
  want(image: string): void;
  /** Resolves when containers of it can be made; rejects with `ImageError`. */
  provide(image: string): Promise<void>;
}

interface Candidates {
  /** Absent when no engine answers, or when only processes are wanted. */
  readonly docker?: Driver | undefined;
  /** Absent when only containers are wanted. */
  readonly process?: Driver | undefined;
  readonly images?: ImageSupply | undefined;
  readonly log: Logger;
}

export type PickDriver = (kind: string, image: string) => Promise<Driver>;

interface Look {
  /** Undefined where no driver can serve the kind. */
  readonly driver: Driver | undefined;
  readonly found: Availability;
  /** What the engine says, where there is one. */
  readonly container: Availability | undefined;
}

export interface Choice {
  /** Rejects with the reason when no driver can run the kind. */
  readonly pick: PickDriver;
  /** What `pick` would choose now, and whether that could run the kind. Only asks: nothing is pulled or logged for it. */
  readonly look: (kind: string, image: string) => Promise<Look>;
  /** Resolves when containers of the kind can be made, its image pulled where it must be. Rejects with the reason. */
  readonly provide: (kind: string, image: string) => Promise<void>;
}

/**
 * Decides by kind: a container where the engine has the kind's image, else a process where the toolchain is there, so that
 * nobody's first call waits for a pull. What neither can serve is left to the engine, which then gets the image or says why
 * not.
 */
export const createChoice = ({ docker, process, images, log }: Candidates): Choice => {
  const told = new Map<string, string>();

  /** Once, and again when it is something else. */
  const tell = (key: string, text: string): void => {
    if (told.get(key) === text) return;
    told.set(key, text);
    log.warn(text);
  };

  const look = async (kind: string, image: string): Promise<Look> => {
    const container = await docker?.available(kind, image);
    if (docker && container?.usable) return { driver: docker, found: container, container };
    const local = await process?.available(kind, image);
    if (process && local?.usable) return { driver: process, found: local, container };
    const found = container ?? local ?? { usable: false, reason: `No driver can run ${kind}.` };
    return { driver: docker, found, container };
  };

  const pick: PickDriver = async (kind, image) => {
    const { driver, found, container } = await look(kind, image);
    if (!driver) throw new ImageError(image, found.usable ? '' : found.reason);
    if (!found.usable) return driver;
    if (driver === process && container && !container.usable) {
      images?.want(image);
      if (!told.has(kind)) tell(kind, `${kind} runs as a plain process, not isolated: ${container.reason}`);
    }
    if (found.note !== undefined) tell(`note ${driver === docker ? image : kind}`, found.note);
    return driver;
  };

  return {
    pick,
    look,
    provide: async (kind, image) => {
      try {
        const driver = await pick(kind, image);
        if (driver === docker) await images?.provide(image);
      } catch (error) {
        tell(`failed ${kind} ${image}`, `${kind} cannot run: ${errorText(error)}`);
        throw error;
      }
    },
  };
};
