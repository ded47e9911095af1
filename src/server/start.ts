import { rmSync } from 'node:fs';
import { systemClock } from '../clock.js';
import { retention, systemLimits } from '../config/limits.js';
import { colorWanted, loadConfig } from '../config/load.js';
import type { Config } from '../config/options.js';
import type { Subject } from '../entities/types.js';
import { provideManagementPackage } from '../gateway/management-package.js';
import { uuid } from '../ids.js';
import { createLogger, type Logger } from '../log.js';
import { wiring } from '../pool/container-wiring.js';
import type { Availability } from '../pool/driver.js';
import { createPool } from '../pool/pool.js';
import type { StemCells } from '../pool/prewarm-demand.js';
import { withKinds } from '../runtimes/custom-kinds.js';
import { loadManifest, type Runtime, type Runtimes } from '../runtimes/manifest.js';
import { openStore } from '../store/sqlite.js';
import type { SubjectStore } from '../store/store.js';
import { defaultSubjects, hasKnownKeys, provideSubjects } from './defaults.js';
import type { Choice } from './drivers.js';
import { openFront } from './front.js';
import { createLifecycle } from './lifecycle.js';
import { type Drivers, type OnPull, openDrivers } from './open-drivers.js';
import { leaveAddress, removeAddress, writeReadyFile } from './ready-file.js';
import { wire } from './wire.js';

export type { Config } from '../config/options.js';

/** A server that answers. */
export interface RunningServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:3233`. */
  readonly url: string;
  readonly port: number;
  /** Such as `https://127.0.0.1:3443`, when it answers HTTPS too. */
  readonly tlsUrl?: string;
  /** Where APIs are served beside `url`, when the API gateway has a port of its own. */
  readonly gatewayUrl?: string;
  /** `uuid:key` of the guest. */
  readonly auth: string;
  /** Which driver runs functions, and why that one. */
  readonly driver: string;
  /** The data dir, or `memory`. */
  readonly store: string;
  /** Sets the one listener for the progress of images that are pulled. */
  onPull(listener: OnPull): void;
  /** Stops listening, lets running activations finish within the grace period, flushes, removes containers. Idempotent. */
  stop(): Promise<void>;
}

/** The manifest's stem cells, for the kinds that have any. */
const stemCellsOf = (runtimes: Runtimes): StemCells[] =>
  runtimes.kinds().flatMap(kind => {
    const { image, stemCells } = runtimes.kind(kind) as Runtime;
    return stemCells.map(({ memoryMb, ...cell }) => ({ ...cell, kind, image, memory: memoryMb }));
  });

const authOf = (subjects: SubjectStore): string => {
  const [guest] = defaultSubjects as [Subject];
  const { namespaces } = subjects.get(guest.subject) ?? guest;
  return `${namespaces[0]?.uuid}:${namespaces[0]?.key}`;
};

/** Whoever reaches the port can run code on this machine; with a key that is on the web that is everybody. */
const warnOfKnownKeys = (config: Config, subjects: SubjectStore, log: Logger): void => {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(config.host);
  if (loopback || !hasKnownKeys(subjects)) return;
  log.warn(
    `!!! Listening on ${config.host} with the well-known keys of OpenWhisk's documentation: everybody who reaches this port ` +
      'can run code on this machine. Start once with --auth generate to get keys of your own, or listen on 127.0.0.1. !!!',
  );
};

/** Whether functions of any kind could run now; why the first one could not, otherwise. */
const anyKindRuns = async (runtimes: Runtimes, look: Choice['look']): Promise<Availability> => {
  let first: Availability = { usable: false, reason: 'The runtimes manifest names no kind.' };
  for (const [index, kind] of runtimes.kinds().entries()) {
    const { driver, found } = await look(kind, runtimes.kind(kind)?.image ?? '');
    if (found.usable) return (await driver?.responds?.()) ?? found;
    if (index === 0) first = found;
  }
  return first;
};

/** The answer of `/miniwhisk/v1/images`: each image with the kinds that it is for. */
const imagesOf = async (runtimes: Runtimes, drivers: Drivers): Promise<object> => {
  const kinds = new Map<string, string[]>();
  for (const kind of runtimes.kinds()) {
    const { image } = runtimes.kind(kind) as Runtime;
    kinds.set(image, [...(kinds.get(image) ?? []), kind]);
  }
  const names = [...kinds.keys(), ...runtimes.blackboxes];
  const { images, ...answer } = await drivers.images(names);
  return { ...answer, images: images.map(image => ({ kinds: kinds.get(image.image) ?? [], ...image })) };
};

/**
 * Starts a server; `options` are those of the command line in camel case. Throws `UsageError` with one clear line when it
 * cannot, and then nothing is left half-started.
 */
export const startServer = async (options: Partial<Config> = {}): Promise<RunningServer> => {
  const config = loadConfig({ flags: options });
  const log = await createLogger({
    format: config.logFormat,
    level: config.logLevel,
    color: colorWanted(process.stderr.isTTY),
  });
  const lifecycle = createLifecycle(() => log);
  try {
    return await start(config, log, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
};

const start = async (
  config: Config,
  log: Logger,
  lifecycle: ReturnType<typeof createLifecycle>,
): Promise<RunningServer> => {
  const clock = systemClock;
  const runtimes = withKinds(loadManifest(config.manifest), config.kind ?? []);
  const limits = systemLimits(config);

  const dir = config.memory ? undefined : config.dataDir;
  const store = await openStore({
    ...(dir !== undefined && { dir }),
    clock,
    log,
    exclusive: true,
    durability: config.durability,
    clean: config.clean,
    retention: retention(config),
  });
  lifecycle.started('store', () => store.close());
  if (dir !== undefined) removeAddress(dir);
  provideSubjects(store.subjects, config.users, config.auth === 'generate');
  provideManagementPackage({ entities: store.entities, kinds: runtimes, limits, now: clock.now() });

  // Containers learn the address to call back at only when they are made, by then the port is known.
  let port = config.port;
  const drivers = await openDrivers(config, log, () => port);
  lifecycle.started('drivers', () => drivers.close());

  const pool = createPool({
    clock,
    log,
    memory: config.poolMemory,
    pick: drivers.pick,
    provide: drivers.provide,
    namePrefix: drivers.namePrefix,
    labels: drivers.labels,
    // The nodejs runtimes take several calls at once only when they are told that they may; the pool gives each container
    // no more than the action's limit.
    env: () => ({ __OW_ALLOW_CONCURRENT: 'true' }),
    pauseGraceMs: config.pauseGrace * 1000,
    idleMs: config.idleTimeout * 1000,
    maxQueue: config.maxQueue,
    scale: config.scale,
    cores: drivers.cores,
    ...(drivers.startsAtOnce && { startsAtOnce: drivers.startsAtOnce }),
    stemCells: config.prewarm ? stemCellsOf(runtimes) : [],
    adaptive: config.prewarm && config.adaptive,
    wiring: wiring(clock, limits.payload),
  });
  lifecycle.started('pool', () => pool.close());

  const id = uuid();
  let gatewayPort: number | undefined;
  let state: 'starting' | 'up' | 'stopping' = 'starting';
  const { app, gatewayApp, records, ledger, recovery } = wire({
    config,
    limits,
    store,
    pool,
    pick: drivers.pick,
    runtimes,
    clock,
    log,
    gatewayPort: () => gatewayPort,
    driver: () => anyKindRuns(runtimes, drivers.look),
    state: () => state,
    id,
    images: () => imagesOf(runtimes, drivers),
  });
  lifecycle.started('records', () => records.allSettled());
  const listening = await openFront({
    config,
    dir,
    handler: app.callback(),
    gateway: gatewayApp.callback(),
    callback: drivers.callbackAddress,
    clock,
    log,
  });
  ({ port, gatewayPort } = listening);
  // Callers of activations that wait get their answer as soon as the pool gives those up.
  lifecycle.started('traffic', async () => {
    state = 'stopping';
    await ledger.seal();
    await Promise.all([listening.stop(config.grace * 1000), pool.drain(config.grace * 1000)]);
  });

  recovery.run();
  state = 'up';

  const server: RunningServer = {
    url: listening.url,
    port,
    ...(listening.tlsUrl !== undefined && { tlsUrl: listening.tlsUrl }),
    ...(listening.gatewayUrl !== undefined && { gatewayUrl: listening.gatewayUrl }),
    auth: authOf(store.subjects),
    driver: drivers.description,
    store: dir ?? 'memory',
    onPull: listener => drivers.onPull(listener),
    stop: () => lifecycle.stop(),
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  };
  warnOfKnownKeys(config, store.subjects, log);
  if (dir !== undefined) {
    leaveAddress(dir, { url: server.url, pid: process.pid, id }, log);
    lifecycle.started('address', () => removeAddress(dir));
  }
  if (config.readyFile !== undefined) {
    const file = config.readyFile;
    const { url, tlsUrl, gatewayUrl } = server;
    writeReadyFile(file, { url, port, tlsUrl, gatewayUrl, pid: process.pid, auth: server.auth });
    lifecycle.started('ready file', () => rmSync(file, { force: true }));
  }
  return server;
};
