import type { ParameterCipher } from '../entities/encryption.js';
import { limitViolation } from '../entities/limits.js';
import { initEnvironment, isTruthy } from '../entities/parameters.js';
import type { Exec } from '../entities/types.js';
import type { Executable, Job } from '../pool/job.js';
import type { Runtimes } from '../runtimes/manifest.js';
import type { EntityStore } from '../store/store.js';
import { type Defaults, defaultsOf, mergeArguments, type Payload, splitPayload } from './arguments.js';
import type { Identity } from './identity.js';
import type { ResolvedAction } from './resolve.js';

/** An action made ready for containers on behalf of one namespace. Built once per revision and identity. */
export interface Prepared {
  readonly executable: Executable;
  /** Why it may not run in that namespace. */
  readonly violation: string | undefined;
  /** What a call's payload is for: arguments, and `init` parameters' new values. */
  split(payload: Payload): ReturnType<typeof splitPayload>;
  /** The body of /run up to the fields that differ per activation. */
  runBody(activationId: string, transactionId: string, payload: Payload, deadline: number): string;
}

export type Preparer = ReturnType<typeof createPreparer>;

type ContainerExec = Exclude<Exec, { kind: 'sequence'; components: readonly string[] }>;

const containerExec = (exec: Exec): ContainerExec => {
  if ('components' in exec) throw new Error('a sequence has no container');
  return exec;
};

/** Makes `Prepared` from resolved actions (bodies of /init and /run: OPENWHISK.md 5.1). */
export const createPreparer = (entities: EntityStore, runtimes: Runtimes, cipher: ParameterCipher) => {
  const cache = new WeakMap<ResolvedAction, WeakMap<Identity, Prepared>>();

  const prepare = (action: ResolvedAction, invoker: Identity): Prepared => {
    const { doc, path, rev } = action;
    const exec = containerExec(doc.exec);
    const runtime = 'image' in exec ? undefined : runtimes.kind(exec.kind);
    const parameters = cipher.unlock(action.parameters);
    const defaults: Defaults = defaultsOf(parameters);
    const environment = initEnvironment(parameters);
    const apiKey = isTruthy(doc.annotations, 'provide-api-key', true) ? invoker.authKey : undefined;
    const keep = invoker.limits.keepWarm;
    const actionName = `/${path}`;
    const constant = {
      namespace: invoker.namespace,
      action_name: actionName,
      action_version: doc.version,
      ...(apiKey !== undefined && { api_key: apiKey }),
    };
    const middle = `,${JSON.stringify(constant).slice(1, -1)},"activation_id":"`;

    const executable: Executable = {
      // Parameters of packages and bindings reach /init too, so their revisions are part of the identity.
      key: `${invoker.namespace} ${action.binding ?? ''} ${path}@${rev} ${JSON.stringify([environment, keep])}`,
      namespace: invoker.namespace,
      path,
      kind: exec.kind,
      image: 'image' in exec ? exec.image : (runtime?.image ?? exec.kind),
      ...doc.limits,
      ...(keep && { keep }),
      sentinels: runtime?.sentinelledLogs ?? false,
      initBody: (job: Job, deadline: number): Buffer => {
        const env = {
          ...environment,
          ...job.environment,
          __OW_NAMESPACE: invoker.namespace,
          __OW_ACTION_NAME: actionName,
          __OW_ACTION_VERSION: doc.version,
          __OW_ACTIVATION_ID: job.activationId,
          __OW_TRANSACTION_ID: job.transactionId,
          __OW_DEADLINE: String(deadline),
          ...(apiKey !== undefined && { __OW_API_KEY: apiKey }),
        };
        const code = entities.code(path) ?? '';
        return Buffer.from(
          JSON.stringify({ value: { name: doc.name, main: exec.main ?? 'main', code, binary: exec.binary, env } }),
        );
      },
    };

    return {
      executable,
      violation: limitViolation(doc.limits, invoker.limits),
      split: payload => splitPayload(environment, payload),
      runBody: (activationId, transactionId, payload, deadline) =>
        `{"value":${mergeArguments(defaults, payload)}${middle}${activationId}","transaction_id":${JSON.stringify(transactionId)},"deadline":"${deadline}"}`,
    };
  };

  return (action: ResolvedAction, invoker: Identity): Prepared => {
    let byInvoker = cache.get(action);
    if (!byInvoker) {
      byInvoker = new WeakMap();
      cache.set(action, byInvoker);
    }
    let prepared = byInvoker.get(invoker);
    if (!prepared) {
      prepared = prepare(action, invoker);
      byInvoker.set(invoker, prepared);
    }
    return prepared;
  };
};
