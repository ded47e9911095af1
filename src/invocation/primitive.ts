import type { Clock } from '../clock.js';
import { annotationValue } from '../entities/parameters.js';
import { errorText, HttpError } from '../errors.js';
import type { Logger } from '../log.js';
import { logs as logText, outcome as text, throttle } from '../messages.js';
import { type CollectedLogs, type Job, type Outcome, QueueFull } from '../pool/job.js';
import { formatLogLine } from '../pool/logs.js';
import type { Preparer } from './executable.js';
import type { Finished, Invocation } from './invocation.js';
import { type Ledger, Stopped } from './journal.js';
import { primitiveRecord, type Timing } from './record.js';
import type { Records } from './records.js';
import { applicationError, developerError, interpret, type Response, whiskError } from './response.js';
import type { Throttles } from './throttle.js';

/** Runs actions that have a container. */
export interface Primitives {
  /** Rejects with `Stopped` when the server stops and the call is in the journal; with 503 when nothing more may wait. */
  run(invocation: Invocation): Promise<Finished>;
  /** Records an end without running. */
  end(invocation: Invocation, response: Response): Finished;
}

interface Parts {
  readonly pool: { submit(job: Job): Promise<Outcome> };
  readonly prepare: Preparer;
  readonly records: Records;
  readonly ledger: Ledger;
  readonly retryInterrupted: boolean;
  readonly throttles: Throttles;
  readonly clock: Clock;
  readonly log: Logger;
  /** The driver to name in the `driver` annotation: one other than the user's choice. */
  readonly noteDriver: (driver: string) => boolean;
}

/** Container runs that ended by the user's or the platform's fault get the platform's last line (OPENWHISK.md 3.6). */
const withPlatformLines = (
  collected: CollectedLogs,
  response: Response,
  limit: number,
  now: number,
): readonly string[] => {
  // They are part of collecting, which a limit of 0 switches off.
  if (limit === 0) return collected.lines;
  const extra: string[] = [];
  if (collected.failed) extra.push(formatLogLine(now, 'stderr', logText.collectorFailed));
  if (response.statusCode === 2) extra.push(formatLogLine(now, 'stderr', logText.developerError));
  return extra.length === 0 ? collected.lines : [...collected.lines, ...extra];
};

type Ran = Extract<Outcome, { kind: 'ran' }>;

/** How long a call that was accepted waits before it asks again for room in the queue, in ms. */
const QUEUE_RETRY = 100;

/** What a job's end that is no run means. */
const failure = (outcome: Exclude<Outcome, Ran>, kind: string): Response => {
  switch (outcome.kind) {
    case 'imageFailed':
      return developerError(
        kind === 'blackbox' ? text.imageFailed(outcome.image) : text.kindImageFailed(outcome.image, outcome.reason),
      );
    case 'commandNotFound':
      return developerError(text.commandNotFound(outcome.image));
    case 'notProvisioned':
      return whiskError(text.notProvisioned);
    case 'stopped':
      return whiskError(text.interrupted);
  }
};

export const createPrimitives = (parts: Parts): Primitives => {
  const { pool, prepare, records, throttles, clock, ledger } = parts;

  const timingOf = (invocation: Invocation, outcome: Outcome): Timing => {
    if (outcome.kind !== 'ran') {
      const now = clock.now();
      return { accepted: invocation.accepted, start: now, end: now, duration: 0 };
    }
    const duration = Math.round((outcome.initMs ?? 0) + (outcome.runMs ?? 0));
    return {
      accepted: invocation.accepted,
      start: outcome.start,
      end: outcome.start + duration,
      duration,
      initTime: outcome.initMs && Math.round(outcome.initMs),
    };
  };

  /** The server's stop took its container away. */
  const cutShort = (outcome: Outcome): boolean =>
    ledger.stopping && outcome.kind === 'ran' && outcome.result.kind === 'connection';

  const runsAgain = ({ action }: Invocation): boolean =>
    (annotationValue(action.doc.annotations, 'retry-interrupted') ?? parts.retryInterrupted) === true;

  /** Goes on after `refusal`, however long the queue is full, when the call was accepted already. */
  const insist = async (job: Job, refusal: unknown): Promise<Outcome> => {
    for (let error = refusal; ; ) {
      if (!(error instanceof QueueFull && ledger.isJournaled(job.activationId))) throw error;
      await new Promise<void>(resolve => clock.after(QUEUE_RETRY, resolve));
      try {
        return await pool.submit(job);
      } catch (next) {
        error = next;
      }
    }
  };

  const submit = (job: Job): Promise<Outcome> => pool.submit(job).catch(error => insist(job, error));

  const goesOn = (invocation: Invocation, outcome: Outcome): boolean =>
    outcome.kind === 'stopped' || (cutShort(outcome) && runsAgain(invocation));

  /** Throws `Stopped` once the call is sure to go on at the next start; returns when it cannot be. */
  const leaveToNextStart = async (invocation: Invocation): Promise<void> => {
    try {
      await ledger.keep(invocation.id);
    } catch {
      return;
    }
    throw new Stopped();
  };

  const finish = (invocation: Invocation, outcome: Outcome): Finished => {
    const { action, invoker, id, cause } = invocation;
    const { timeout, logs } = action.doc.limits;
    const response = cutShort(outcome)
      ? whiskError(text.interrupted)
      : outcome.kind === 'ran'
        ? interpret(outcome, { timeout, limit: invoker.limits.payload, truncation: invoker.limits.truncation })
        : failure(outcome, action.doc.exec.kind);
    const activation = primitiveRecord({
      id,
      action,
      invoker,
      cause,
      response,
      timing: timingOf(invocation, outcome),
      timedOut: outcome.kind === 'ran' && outcome.result.kind === 'timeout',
      driver: outcome.kind === 'ran' && parts.noteDriver(outcome.driver) ? outcome.driver : undefined,
    });
    const always = invocation.alwaysStore === true;
    if (outcome.kind === 'ran') {
      const lines = (collected: CollectedLogs) => withPlatformLines(collected, response, logs, clock.now());
      records.putLater(activation, { collected: outcome.logs, lines }, invoker, always);
    } else {
      records.put(activation, invoker, always);
    }
    return { activation, response };
  };

  const end = (invocation: Invocation, response: Response): Finished => {
    const now = clock.now();
    const timing = { accepted: invocation.accepted, start: now, end: now, duration: 0 };
    const activation = primitiveRecord({ ...invocation, response, timing, timedOut: false });
    records.put(activation, invocation.invoker, invocation.alwaysStore === true);
    return { activation, response };
  };

  /** Undefined when it cannot be: a parameter was encrypted with another key. */
  const tryPrepare = ({ action, invoker, id }: Invocation): ReturnType<Preparer> | undefined => {
    try {
      return prepare(action, invoker);
    } catch (error) {
      parts.log.error({ activationId: id, action: action.path }, `activation failed: ${errorText(error)}`);
      return undefined;
    }
  };

  return {
    end,
    async run(invocation) {
      const { action, invoker, id, transactionId, accepted, cause } = invocation;
      const prepared = tryPrepare(invocation);
      if (!prepared) return end(invocation, whiskError(text.fetchFailed));
      const { executable, violation, split, runBody } = prepared;
      if (violation) return end(invocation, applicationError(violation));
      const { payload, environment } = split(invocation.payload);
      throttles.entered(invoker);
      try {
        const outcome = await submit({
          activationId: id,
          transactionId,
          executable,
          // The pool's patience with a job that an earlier process accepted begins now.
          accepted: invocation.replay ? clock.now() : accepted,
          urgent: cause !== undefined,
          environment,
          runBody: deadline => runBody(id, transactionId, payload, deadline),
          onStart: () => ledger.started(id),
        });
        if (outcome.kind === 'notProvisioned') {
          parts.log.warn({ activationId: id, action: action.path }, `no container: ${outcome.reason}`);
        }
        if (goesOn(invocation, outcome)) await leaveToNextStart(invocation);
        return finish(invocation, outcome);
      } catch (error) {
        if (error instanceof Stopped) throw error;
        if (error instanceof QueueFull && cause === undefined) throw new HttpError(503, throttle.queueFull);
        parts.log.error({ activationId: id, action: action.path }, `activation failed: ${errorText(error)}`);
        return end(invocation, whiskError(text.notProvisioned));
      } finally {
        throttles.left(invoker);
      }
    },
  };
};
