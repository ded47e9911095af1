import type { Clock } from '../clock.js';
import { secretOf } from '../config/load.js';
import type { Config } from '../config/options.js';
import { createParameterCipher } from '../entities/encryption.js';
import { localLimits, openwhiskLimits } from '../entities/limits.js';
import { createPreparer } from '../invocation/executable.js';
import { createIdentities } from '../invocation/identity.js';
import { createInvoke } from '../invocation/invoke.js';
import { createLauncher } from '../invocation/launch.js';
import { createPrimitives } from '../invocation/primitive.js';
import { createRecords } from '../invocation/records.js';
import { createResolver } from '../invocation/resolve.js';
import { createThrottles } from '../invocation/throttle.js';
import type { Logger } from '../log.js';
import type { Pool } from '../pool/pool.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { Store } from '../store/store.js';
import { type AppParts, createApp } from './app.js';
import { build } from './package-info.js';
import { createWebSide } from './web.js';

interface Foundation {
  readonly config: Config;
  readonly store: Store;
  readonly pool: Pool;
  readonly runtimes: Runtimes;
  readonly clock: Clock;
  readonly log: Logger;
  /** The API gateway's own port, once it is open. */
  readonly gatewayPort: () => number | undefined;
}

/** Builds everything between the HTTP server and the foundation: the only place that does. */
export const wire = ({ config, store, pool, runtimes, clock, log, gatewayPort }: Foundation) => {
  const limits = config.limits === 'openwhisk' ? openwhiskLimits : localLimits(config.poolMemory);
  const { entities } = store;
  const keys = {
    'aes-128': secretOf('aes128Key', config.aes128Key),
    'aes-256': secretOf('aes256Key', config.aes256Key),
  };
  const cipher = createParameterCipher({ current: config.parameterStorage, keys });
  const resolve = createResolver(entities);
  const records = createRecords(store.activations, clock);
  const throttles = createThrottles(clock);
  const primitives = createPrimitives({
    pool,
    prepare: createPreparer(entities, runtimes, cipher),
    records,
    throttles,
    clock,
    log,
    noteDriver: driver => config.driver === 'auto' && driver === 'process',
  });
  const invoke = createInvoke({
    clock,
    entities,
    resolve,
    records,
    primitives,
    sequenceLength: limits.sequenceLength,
  });
  const parts: AppParts = {
    store,
    resolve,
    launch: createLauncher({ entities, runtimes, invoke, clock }),
    records,
    throttles,
    runtimes,
    limits,
    clock,
    cipher,
    actionChanged: path => pool.invalidate(path),
    identities: createIdentities(store.subjects, limits),
    log,
    build,
  };
  const web = createWebSide(parts, { trustProxy: config.trustProxy, gatewayPort });
  return { app: createApp(parts, web.layers), gatewayApp: web.gatewayApp(), records };
};
