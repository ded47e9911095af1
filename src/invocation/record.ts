import { docPath } from '../entities/names.js';
import { annotationValue, printed } from '../entities/parameters.js';
import type { ActionLimits, Activation, ActivationSummary, Annotation } from '../entities/types.js';
import { isObject } from '../json.js';
import type { Identity } from './identity.js';
import type { ResolvedAction } from './resolve.js';
import type { Response } from './response.js';

const STATUS = ['success', 'application error', 'action developer error', 'whisk internal error'] as const;

/** The four fields clients compare; `instances` stays out of annotations. */
const limitsAnnotation = ({ timeout, memory, logs, concurrency }: ActionLimits): Annotation => ({
  key: 'limits',
  value: { timeout, memory, logs, concurrency },
});

/** The memory of the `limits` annotation: what an enclosing sequence or composition takes the maximum of. */
export const recordedMemory = ({ annotations }: Activation): number | undefined => {
  const limits = annotationValue(annotations.list, 'limits');
  return isObject(limits) && typeof limits['memory'] === 'number' ? limits['memory'] : undefined;
};

export interface Timing {
  /** Epoch ms. */
  readonly accepted: number;
  readonly start: number;
  readonly end: number;
  /** ms; the sum of the components' for sequences. */
  readonly duration: number;
  /** ms of /init, when this activation initialised its container. */
  readonly initTime?: number | undefined;
}

/** The record of an action in a container (OPENWHISK.md 3.3, 3.4), without logs. */
export const primitiveRecord = (run: {
  readonly id: string;
  readonly action: ResolvedAction;
  readonly invoker: Identity;
  readonly cause?: string | undefined;
  readonly response: Response;
  readonly timing: Timing;
  readonly timedOut: boolean;
  /** The driver that ran it, when it is not the one the user asked for. */
  readonly driver?: string | undefined;
}): Activation => {
  const { doc, path, binding } = run.action;
  const annotations: Annotation[] = [
    { key: 'path', value: path },
    { key: 'waitTime', value: Math.max(0, run.timing.start - run.timing.accepted) },
    { key: 'kind', value: doc.exec.kind },
    { key: 'timeout', value: run.timedOut },
    limitsAnnotation(doc.limits),
  ];
  if (run.timing.initTime !== undefined) annotations.push({ key: 'initTime', value: run.timing.initTime });
  if (run.cause !== undefined) annotations.push({ key: 'causedBy', value: 'sequence' });
  if (binding !== undefined) annotations.push({ key: 'binding', value: binding });
  if (run.driver !== undefined) annotations.push({ key: 'driver', value: run.driver });
  return base(run, annotations);
};

/** The record of a sequence or a conductor composition; `logs` are the components' ids. */
export const compositeRecord = (run: {
  readonly id: string;
  readonly action: ResolvedAction;
  readonly invoker: Identity;
  readonly cause?: string | undefined;
  readonly response: Response;
  readonly timing: Timing;
  readonly components: readonly string[];
  /** Undefined until a component ran: then there is no `limits` annotation. */
  readonly maxMemory?: number | undefined;
  readonly conductor: boolean;
}): Activation => {
  const annotations: Annotation[] = [
    { key: 'topmost', value: run.cause === undefined },
    { key: 'path', value: docPath(run.action.doc) },
    { key: 'kind', value: 'sequence' },
    { key: 'waitTime', value: Math.max(0, run.timing.start - run.timing.accepted) },
  ];
  if (run.conductor) annotations.push({ key: 'conductor', value: true });
  if (run.cause !== undefined) annotations.push({ key: 'causedBy', value: 'sequence' });
  if (run.action.binding !== undefined) annotations.push({ key: 'binding', value: run.action.binding });
  if (run.maxMemory !== undefined) {
    annotations.push(limitsAnnotation({ ...run.action.doc.limits, memory: run.maxMemory, concurrency: 1 }));
  }
  return { ...base(run, annotations), logs: run.components };
};

const base = (
  run: {
    readonly id: string;
    readonly action: ResolvedAction;
    readonly invoker: Identity;
    readonly cause?: string | undefined;
    readonly response: Response;
    readonly timing: Timing;
  },
  annotations: readonly Annotation[],
): Activation => {
  const { action, invoker, timing, response } = run;
  return {
    activationId: run.id,
    namespace: invoker.namespace,
    name: action.doc.name,
    version: action.doc.version,
    subject: invoker.subject,
    cause: run.cause,
    start: timing.start,
    end: timing.end,
    duration: timing.duration,
    statusCode: response.statusCode,
    result: response.result?.text,
    size: response.size,
    logs: [],
    annotations: printed(annotations),
  };
};

/** `response` as users see it: the JSON text, the result passed through as it is. */
export const responseJson = (activation: Activation): string => {
  const { statusCode, result, size } = activation;
  const parts = [
    ...(result === undefined ? [] : [`"result":${result}`]),
    ...(size === undefined ? [] : [`"size":${size}`]),
    `"status":"${STATUS[statusCode]}"`,
    `"success":${statusCode === 0}`,
  ];
  return `{${parts.join(',')}}`;
};

/** A whole record as JSON text (OPENWHISK.md 3.3). */
export const activationJson = (activation: Activation): string => {
  const { activationId, namespace, name, version, subject, cause, start, end, duration, logs, annotations } =
    activation;
  const head = {
    activationId,
    namespace,
    name,
    version,
    publish: false,
    subject,
    cause,
    start,
    end,
    duration,
  };
  const members = [
    JSON.stringify(head).slice(0, -1),
    `"annotations":${annotations.text}`,
    `"logs":${logs.length === 0 ? '[]' : JSON.stringify(logs)}`,
    `"response":${responseJson(activation)}}`,
  ];
  return members.join(',');
};

/** A row of the activation list (OPENWHISK.md 2.7) as JSON text: `duration` is end − start. */
export const summaryJson = (summary: ActivationSummary): string => {
  const { activationId, namespace, name, version, cause, start, end, statusCode, annotations } = summary;
  const head = JSON.stringify({ activationId, namespace, name, version, publish: false });
  const ended = end !== undefined && { end, duration: end - start };
  const tail = JSON.stringify({ start, cause, ...ended, statusCode });
  return `${head.slice(0, -1)},"annotations":${annotations},${tail.slice(1)}`;
};
