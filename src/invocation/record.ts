import { docPath } from '../entities/names.js';
import { annotationValue } from '../entities/parameters.js';
import type { Activation, ActivationSummary, StatusCode } from '../entities/types.js';
import { isObject } from '../json.js';
import { remember } from '../remember.js';
import { constantsOf, joined, limitsPiece, type Piece, piece } from './annotations.js';
import type { Identity } from './identity.js';
import type { ResolvedAction } from './resolve.js';
import type { Response } from './response.js';

const STATUS = ['success', 'application error', 'action developer error', 'whisk internal error'] as const;
export const statusText = (code: StatusCode): string => STATUS[code];

/** Names and versions as JSON: most records have those of few actions. */
const quoted = remember(text => JSON.stringify(text));

/** The memory of the `limits` annotation: what an enclosing sequence or composition takes the maximum of. */
export const recordedMemory = ({ annotations }: Activation): number | undefined => {
  const limits = annotationValue(annotations.list, 'limits');
  return isObject(limits) && typeof limits['memory'] === 'number' ? limits['memory'] : undefined;
};

const TIMED_OUT = piece('timeout', true);
const IN_TIME = piece('timeout', false);

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
  const { path, kind, limits } = constantsOf(run.action);
  const { binding } = run.action;
  const { start, accepted, initTime } = run.timing;
  const pieces = [
    path,
    piece('waitTime', Math.max(0, start - accepted)),
    kind,
    run.timedOut ? TIMED_OUT : IN_TIME,
    limits,
  ];
  if (initTime !== undefined) pieces.push(piece('initTime', initTime));
  if (run.cause !== undefined) pieces.push(piece('causedBy', 'sequence'));
  if (binding !== undefined) pieces.push(piece('binding', binding));
  if (run.driver !== undefined) pieces.push(piece('driver', run.driver));
  return base(run, pieces);
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
  const pieces = [
    piece('topmost', run.cause === undefined),
    piece('path', docPath(run.action.doc)),
    piece('kind', 'sequence'),
    piece('waitTime', Math.max(0, run.timing.start - run.timing.accepted)),
  ];
  if (run.conductor) pieces.push(piece('conductor', true));
  if (run.cause !== undefined) pieces.push(piece('causedBy', 'sequence'));
  if (run.action.binding !== undefined) pieces.push(piece('binding', run.action.binding));
  if (run.maxMemory !== undefined) {
    pieces.push(limitsPiece({ ...run.action.doc.limits, memory: run.maxMemory, concurrency: 1 }));
  }
  return { ...base(run, pieces), logs: run.components };
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
  pieces: readonly Piece[],
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
    annotations: joined(pieces),
  };
};

/** `response` as users see it: the JSON text, the result passed through as it is. */
export const responseJson = ({ statusCode, result, size }: Activation): string =>
  `{${result === undefined ? '' : `"result":${result},`}${size === undefined ? '' : `"size":${size},`}` +
  `"status":"${STATUS[statusCode]}","success":${statusCode === 0}}`;

/** A whole record as JSON text (OPENWHISK.md 3.3). Put together by hand: `JSON.stringify` of its head takes three times as long. */
export const activationJson = (activation: Activation): string => {
  const { activationId, namespace, name, version, subject, cause, start, end, duration, logs, annotations } =
    activation;
  return (
    `{"activationId":"${activationId}","namespace":${quoted(namespace)},"name":${quoted(name)},` +
    `"version":${quoted(version)},"publish":false,"subject":${quoted(subject)},` +
    `${cause === undefined ? '' : `"cause":"${cause}",`}"start":${start},${end === undefined ? '' : `"end":${end},`}` +
    `${duration === undefined ? '' : `"duration":${duration},`}"annotations":${annotations.text},` +
    `"logs":${logs.length === 0 ? '[]' : JSON.stringify(logs)},"response":${responseJson(activation)}}`
  );
};

/** A row of the activation list (OPENWHISK.md 2.7) as JSON text: `duration` is end − start. */
export const summaryJson = (summary: ActivationSummary): string => {
  const { activationId, namespace, name, version, cause, start, end, statusCode, annotations } = summary;
  const head = JSON.stringify({ activationId, namespace, name, version, publish: false });
  const ended = end !== undefined && { end, duration: end - start };
  const tail = JSON.stringify({ start, cause, ...ended, statusCode });
  return `${head.slice(0, -1)},"annotations":${annotations},${tail.slice(1)}`;
};
