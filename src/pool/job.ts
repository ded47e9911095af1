import type { CallResult } from './client.js';

/** What a container is specialised for. Two jobs may share a container only when `key` is equal. Memory in MB, times in ms. */
export interface Executable {
  /** Invoking namespace + action path + revision: an update makes old containers useless (OPENWHISK.md 5.6). */
  readonly key: string;
  /** Invoking namespace, for limits and names. */
  readonly namespace: string;
  /** `ns/[pkg/]name` of the action. */
  readonly path: string;
  readonly kind: string;
  readonly image: string;
  readonly memory: number;
  readonly timeout: number;
  /** MB of log kept; 0 collects nothing. */
  readonly logs: number;
  readonly concurrency: number;
  readonly instances?: number;
  /** The last `count` containers stay for `ms` after their last call, though idle for longer than others may be. */
  readonly keep?: { readonly count: number; readonly ms: number };
  /** False for images that print no sentinel (blackbox): logs are then taken as they are when /run has answered. */
  readonly sentinels: boolean;
  /** The body of /init. `deadline` in epoch ms. Called once per container. */
  initBody(job: Job, deadline: number): Buffer;
}

export interface Job {
  readonly activationId: string;
  readonly transactionId: string;
  readonly executable: Executable;
  /** Epoch ms at which the invocation was accepted. */
  readonly accepted: number;
  /** Components of a sequence already running go first. */
  readonly urgent?: boolean;
  /** What /init's environment has of this call's own, if it is the one that initialises a container. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** The body of /run. */
  runBody(deadline: number): Buffer | string;
  /** Called once, just before the first byte goes to a container: from here on the user's code may have run. */
  onStart?(): void;
}

/** How the container came to this job. */
export type ContainerOrigin = 'cold' | 'prewarmed' | 'warm' | 'paused';

interface Where {
  /** Epoch ms at which the container took the job (before /init). */
  readonly start: number;
  readonly driver: string;
  readonly container: string;
  readonly origin: ContainerOrigin;
}

/**
 * How a job ended. Every job ends in exactly one. `initMs` is there when this job initialised its container.
 * `logs` never rejects; `failed` is true when the collector could not read everything.
 */
export type Outcome =
  | (Where & {
      readonly kind: 'ran';
      readonly end: number;
      readonly initMs?: number | undefined;
      readonly runMs?: number | undefined;
      /** The call that decides the result: /init when that failed, else /run. */
      readonly phase: 'init' | 'run';
      readonly result: CallResult;
      readonly outOfMemory: boolean;
      readonly logs: Promise<CollectedLogs>;
    })
  | { readonly kind: 'imageFailed'; readonly image: string; readonly reason: string }
  | { readonly kind: 'commandNotFound'; readonly image: string }
  | { readonly kind: 'notProvisioned'; readonly reason: string }
  /** The pool was closed before the job was given to a container. */
  | { readonly kind: 'stopped' };

export interface CollectedLogs {
  readonly lines: readonly string[];
  readonly failed: boolean;
}

/** The queue holds as many jobs as it may (`--max-queue`); the caller answers 503. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
}
