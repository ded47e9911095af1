import type { Json } from '../json.js';

/** One parameter. `init` parameters go into /init's `env`, not into /run's arguments. */
export interface Parameter {
  readonly key: string;
  readonly value: Json;
  readonly init?: true;
  /** Set when `value` is stored encrypted: `aes-128` or `aes-256`. */
  readonly encryption?: string;
}

export interface Annotation {
  readonly key: string;
  readonly value: Json;
}

/** `timeout` in ms, `memory` and `logs` in MB. */
export interface ActionLimits {
  readonly timeout: number;
  readonly memory: number;
  readonly logs: number;
  readonly concurrency: number;
  readonly instances?: number;
}

interface Common {
  /** `ns`, or `ns/pkg` for an action in a package. */
  readonly namespace: string;
  readonly name: string;
  /** `major.minor.patch`. */
  readonly version: string;
  readonly publish: boolean;
  readonly annotations: readonly Annotation[];
  /** Epoch ms of the last write. */
  readonly updated: number;
}

/** What an action executes, without its code (the code is stored beside the document). */
export type Exec =
  | { readonly kind: string; readonly binary: boolean; readonly main?: string }
  | { readonly kind: 'blackbox'; readonly image: string; readonly binary: boolean; readonly main?: string }
  | { readonly kind: 'sequence'; readonly components: readonly string[] };

export interface ActionDoc extends Common {
  readonly type: 'action';
  readonly parameters: readonly Parameter[];
  readonly limits: ActionLimits;
  readonly exec: Exec;
}

/** `path` is `ns` or `ns/pkg`. */
export interface EntityRef {
  readonly path: string;
  readonly name: string;
}

export type RuleStatus = 'active' | 'inactive';

export interface TriggerDoc extends Common {
  readonly type: 'trigger';
  readonly parameters: readonly Parameter[];
  /** Keyed `ns/ruleName`; absent while the trigger never had a rule. */
  readonly rules?: Readonly<Record<string, { readonly action: EntityRef; readonly status: RuleStatus }>>;
}

export interface RuleDoc extends Common {
  readonly type: 'rule';
  readonly trigger: EntityRef;
  readonly action: EntityRef;
}

export interface PackageDoc extends Common {
  readonly type: 'package';
  readonly parameters: readonly Parameter[];
  /** Absent for a package that is no binding. */
  readonly binding?: { readonly namespace: string; readonly name: string };
}

export type EntityDoc = ActionDoc | TriggerDoc | RuleDoc | PackageDoc;
export type EntityType = EntityDoc['type'];

/** 0 success, 1 application error, 2 action developer error, 3 whisk internal error (OPENWHISK.md 3.3). */
export type StatusCode = 0 | 1 | 2 | 3;

/** Annotations and their JSON text: printed once, it goes into answers and into the file. */
export interface PrintedAnnotations {
  readonly list: readonly Annotation[];
  readonly text: string;
}

/** An activation as stored. Times in epoch ms, `size` in bytes. */
export interface Activation {
  readonly activationId: string;
  /** The invoker's namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly subject: string;
  readonly cause?: string | undefined;
  readonly start: number;
  /** Absent on triggers. */
  readonly end?: number | undefined;
  readonly duration?: number | undefined;
  readonly statusCode: StatusCode;
  /** The result as JSON text: it is passed through from container to reply without being parsed. */
  readonly result?: string | undefined;
  readonly size?: number | undefined;
  readonly logs: readonly string[];
  readonly annotations: PrintedAnnotations;
}

/** What a list shows of an activation without `docs`. The annotations are JSON text, passed through without being parsed. */
export interface ActivationSummary
  extends Pick<
    Activation,
    'activationId' | 'namespace' | 'name' | 'version' | 'cause' | 'start' | 'end' | 'statusCode'
  > {
  readonly annotations: string;
}

/** One namespace of a subject, with its key. */
export interface SubjectNamespace {
  readonly name: string;
  readonly uuid: string;
  readonly key: string;
}

export interface Subject {
  readonly subject: string;
  readonly namespaces: readonly SubjectNamespace[];
  readonly blocked?: boolean;
}

/** Per-namespace overrides (OPENWHISK.md 8.3). Memory and logs in MB, times in ms, sizes as `"1 MB"`. */
export interface NamespaceLimits {
  readonly invocationsPerMinute?: number;
  readonly concurrentInvocations?: number;
  readonly firesPerMinute?: number;
  readonly allowedKinds?: readonly string[];
  readonly storeActivations?: boolean;
  readonly minActionMemory?: number;
  readonly maxActionMemory?: number;
  readonly minActionLogs?: number;
  readonly maxActionLogs?: number;
  readonly minActionTimeout?: number;
  readonly maxActionTimeout?: number;
  readonly minActionConcurrency?: number;
  readonly maxActionConcurrency?: number;
  readonly maxParameterSize?: string;
  readonly maxPayloadSize?: string;
  readonly truncationSize?: string;
  readonly maxActionInstances?: number;
  readonly warmedContainerKeepingCount?: number;
  readonly warmedContainerKeepingTimeout?: string;
}
