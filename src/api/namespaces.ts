import { type EffectiveLimits, parseSize } from '../entities/limits.js';
import { HttpError } from '../errors.js';
import { entity as text } from '../messages.js';
import { sendJson } from './context.js';
import type { Route } from './route.js';
import { ownNamespace } from './target.js';

/** As the override has it, unless the system's bound is lower. */
const parameterSize = ({ parameters, overrides }: EffectiveLimits): string => {
  const own = overrides.maxParameterSize;
  return own !== undefined && parseSize(own) === parameters ? own : `${parameters} B`;
};

/** What GET /limits shows (OPENWHISK.md 2.8): memory and logs in MB, times in ms, overrides only where set. */
const limitsJson = (limits: EffectiveLimits): object => ({
  invocationsPerMinute: limits.invocationsPerMinute,
  concurrentInvocations: limits.concurrentInvocations,
  firesPerMinute: limits.firesPerMinute,
  minActionMemory: limits.memory.min,
  maxActionMemory: limits.memory.max,
  minActionLogs: limits.logs.min,
  maxActionLogs: limits.logs.max,
  minActionTimeout: limits.timeout.min,
  maxActionTimeout: limits.timeout.max,
  minActionConcurrency: limits.concurrency.min,
  maxActionConcurrency: limits.concurrency.max,
  maxParameterSize: parameterSize(limits),
  maxActionInstances: limits.instances,
  allowedKinds: limits.overrides.allowedKinds,
  storeActivations: limits.overrides.storeActivations,
  maxPayloadSize: limits.overrides.maxPayloadSize,
  truncationSize: limits.overrides.truncationSize,
  warmedContainerKeepingCount: limits.overrides.warmedContainerKeepingCount,
  warmedContainerKeepingTimeout: limits.overrides.warmedContainerKeepingTimeout,
});

export const namespaceRoutes = (): Route[] => [
  {
    method: 'get',
    path: '{/}',
    summary: 'List the namespaces of the caller',
    handle: ctx => sendJson(ctx, 200, [ctx.state.identity.namespace]),
  },
  {
    method: 'get',
    path: '/:namespace/limits{/}',
    summary: 'Get the limits of a namespace',
    handle: ctx => {
      ownNamespace(ctx);
      sendJson(ctx, 200, limitsJson(ctx.state.identity.limits));
    },
  },
  {
    method: 'get',
    path: '/:namespace/limits/:name',
    summary: 'Not part of the API: answers 400',
    handle: () => {
      throw new HttpError(400, text.limitsInner);
    },
  },
];
