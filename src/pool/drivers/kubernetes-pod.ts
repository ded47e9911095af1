import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { ExitInfo } from '../driver.js';

/** The container that runs the function, among those that a template may add. */
export const ACTION_CONTAINER = 'action';

/** What a pod's status says, as far as a driver wants to know. */
export type PodNews =
  | { readonly at: 'pending'; readonly trouble?: Trouble }
  /** `leaving`: it runs, and will not for long: somebody deletes it, or its node does not answer. */
  | { readonly at: 'running'; readonly ip: string; readonly leaving: boolean }
  | { readonly at: 'ended'; readonly exit: ExitInfo; readonly trouble?: Trouble }
  | { readonly at: 'gone' };

/**
 * Why a pod does not run. `image`: the image cannot be had; `command`: it has no such command; `unschedulable`: no node has
 * room for it, now; `refused`: the node that was chosen did not take it, another may.
 */
export interface Trouble {
  readonly kind: 'image' | 'command' | 'unschedulable' | 'refused';
  readonly message: string;
}

const IMAGE =
  /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|ImageInspectError|RegistryUnavailable)$/;
const NO_COMMAND = /executable file not found|no such file or directory|exec format error/i;
const COMMAND_NOT_FOUND = 127;

const troubleOfWaiting = (status: V1ContainerStatus | undefined): Trouble | undefined => {
  const { reason = '', message = reason } = status?.state?.waiting ?? {};
  if (IMAGE.test(reason)) return { kind: 'image', message };
  if (/^(RunContainerError|CreateContainerError)$/.test(reason) && NO_COMMAND.test(message))
    return { kind: 'command', message };
  return undefined;
};

const unschedulable = (pod: V1Pod): Trouble | undefined => {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False') return undefined;
  return { kind: 'unschedulable', message: condition.message ?? condition.reason ?? 'no node has room' };
};

const ended = (exit: ExitInfo, trouble?: Trouble): PodNews => ({ at: 'ended', exit, ...(trouble && { trouble }) });

/** Its node did not run it at all: it was full after all, is shutting down, or evicted it. */
const withoutContainer = (pod: V1Pod): PodNews => {
  const { reason = '', message = reason } = pod.status ?? {};
  return ended({ code: null, outOfMemory: false }, { kind: 'refused', message: message || 'its node did not run it' });
};

const ofTerminated = (state: NonNullable<NonNullable<V1ContainerStatus['state']>['terminated']>): PodNews => {
  const { exitCode, reason, message = '' } = state;
  const noCommand = exitCode === COMMAND_NOT_FOUND || (reason === 'StartError' && NO_COMMAND.test(message));
  const exit = { code: exitCode, outOfMemory: reason === 'OOMKilled' };
  return ended(exit, noCommand ? { kind: 'command', message } : undefined);
};

/** No readiness is asked of function pods: one that runs and is not ready has a node that does not answer. */
const isLost = (pod: V1Pod, status: V1ContainerStatus): boolean =>
  status.ready && (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'False');

export const newsOf = (pod: V1Pod): PodNews => {
  const { phase, podIP, containerStatuses } = pod.status ?? {};
  const status = containerStatuses?.find(({ name }) => name === ACTION_CONTAINER);
  const { terminated, running } = status?.state ?? {};
  if (terminated) return ofTerminated(terminated);
  if (phase === 'Failed' || phase === 'Succeeded') return withoutContainer(pod);
  const leaving = pod.metadata?.deletionTimestamp !== undefined;
  if (running && podIP && status) return { at: 'running', ip: podIP, leaving: leaving || isLost(pod, status) };
  if (leaving) return ended({ code: null, outOfMemory: false }, { kind: 'refused', message: 'it was deleted' });
  const trouble = troubleOfWaiting(status) ?? unschedulable(pod);
  return { at: 'pending', ...(trouble && { trouble }) };
};
