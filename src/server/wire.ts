import type { HealthParts } from '../api/health.js';
import type { Clock } from '../clock.js';
import { secretOf } from '../config/load.js';
import type { Config } from '../config/options.js';
import { createParameterCipher } from '../entities/encryption.js';
import type { SystemLimits } from '../entities/limits.js';
import { createPreparer } from '../invocation/executable.js';
import { createIdentities } from '../invocation/identity.js';
import { createInvoke } from '../invocation/invoke.js';
import { createLedger } from '../invocation/journal.js';
import { createLauncher } from '../invocation/launch.js';
import { createPrimitives } from '../invocation/primitive.js';
import { createRecords } from '../invocation/records.js';
import { createRecovery } from '../invocation/recover.js';
import { createRecall, type Leftovers } from '../invocation/recover-recall.js';
import { createReport } from '../invocation/report.js';
import { createResolver } from '../invocation/resolve.js';
import { createThrottles } from '../invocation/throttle.js';
import type { Logger } from '../log.js';
import type { Pool } from '../pool/pool.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { Store } from '../store/store.js';
import { type AppParts, createApp } from './app.js';
import type { PickDriver } from './drivers.js';
import { build } from './package-info.js';
import { createPreparation } from './prepare.js';
import { createWebSide } from './web.js';

interface Foundation {
  readonly config: Config;
  readonly limits: SystemLimits;
  readonly store: Store;
  readonly pool: Pool;
  readonly pick: PickDriver;
  readonly runtimes: Runtimes;
  readonly clock: Clock;
  readonly log: Logger;
  /** The API gateway's own port, once it is open. */
  readonly gatewayPort: () => number | undefined;
  readonly driver: HealthParts['driver'];
  readonly state: HealthParts['state'];
  /** Of this run of the server. */
  readonly id: string;
  /** What the engine has of the kinds' images. */
  readonly images: () => Promise<object>;
}

/** Builds everything between the HTTP server and the foundation: the only place that does. */
export const wire = ({
  config,
  limits,
  store,
  pool,
  pick,
  runtimes,
  clock,
  log,
  gatewayPort,
  driver,
  state,
  id,
  images,
}: Foundation) => {
  const { entities } = store;
  const keys = {
    'aes-128': secretOf('aes128Key', config.aes128Key),
    'aes-256': secretOf('aes256Key', config.aes256Key),
  };
  const cipher = createParameterCipher({ current: config.parameterStorage, keys });
  const resolve = createResolver(entities);
  const records = createRecords(store.activations, store.journal, clock, createReport(log, clock, config.logErrors));
  const ledger = createLedger({ journal: store.journal, activations: store.activations, records, clock, log });
  const throttles = createThrottles(clock);
  const primitives = createPrimitives({
    pool,
    prepare: createPreparer(entities, runtimes, cipher),
    records,
    ledger,
    retryInterrupted: config.retryInterrupted,
    throttles,
    clock,
    log,
    noteDriver: driver => config.driver === 'auto' && driver === 'process',
  });
  const leftovers: Leftovers = new Map();
  const recall = createRecall({
    activations: store.activations,
    journal: store.journal,
    primitives,
    leftovers,
    retryInterrupted: config.retryInterrupted,
  });
  const invoke = createInvoke({
    clock,
    entities,
    resolve,
    records,
    primitives,
    ledger,
    recall,
    sequenceLength: limits.sequenceLength,
  });
  const identities = createIdentities(store.subjects, limits);
  const launch = createLauncher({ entities, runtimes, invoke, ledger, clock, log });
  const parts: AppParts = {
    trust: { host: config.host, allowed: config.allowedHost, origins: config.corsOrigin },
    health: { store, driver, state },
    store,
    resolve,
    launch,
    records,
    throttles,
    runtimes,
    limits,
    clock,
    cipher,
    executeOnly: config.executeOnly,
    actionChanged: path => pool.invalidate(path),
    actionWritten: createPreparation({ eager: config.eager, pick, pool, runtimes, log }),
    identities,
    log,
    pool,
    images,
    id,
    build,
  };
  const web = createWebSide(parts, { hosts: parts.trust, trustProxy: config.trustProxy, gatewayPort });
  const recovery = createRecovery({ store, identities, resolve, launch, records, recall, leftovers, clock, log });
  return { app: createApp(parts, web), gatewayApp: web.gatewayApp(), records, ledger, recovery };
};
