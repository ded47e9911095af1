import type {
  Activation,
  EntityDoc,
  EntityType,
  NamespaceLimits,
  Subject,
  SubjectNamespace,
} from '../entities/types.js';

/** A document and the revision that a later write must name. Revisions grow with every write of the store. */
export interface Stored<T> {
  readonly doc: T;
  readonly rev: number;
}

/** The write named a revision that is no longer current (OpenWhisk's CAS failure). */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
}

/** The store cannot write now: disk full, read-only, locked by another program. Reads still work. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** A row that cannot be decoded. */
export class CorruptDocument extends Error {
  override readonly name = 'CorruptDocument';
}

export interface EntityQuery {
  readonly namespace: string;
  readonly type: EntityType;
  /** Actions only: those of this package; otherwise all of the namespace, packaged ones too. */
  readonly package?: string;
  /** Packages only: leave out private ones and bindings, for readers from other namespaces. */
  readonly publicOnly?: boolean;
}

export interface Page {
  readonly skip: number;
  readonly limit: number;
}

/** One write of a transaction: `doc` undefined deletes. `rev` is the expected revision, undefined when it must not exist. */
export interface EntityWrite {
  /** `ns/name` or `ns/pkg/name`. */
  readonly path: string;
  readonly rev: number | undefined;
  readonly doc: EntityDoc | undefined;
  /** Code of an action: undefined keeps what is stored, null removes it. */
  readonly code?: string | null;
}

/**
 * Entities of all types, in one name space: a path names at most one. All calls are synchronous; reads come from memory
 * where possible. Throws `RevisionConflict`, `StoreUnavailable`, `CorruptDocument`.
 */
export interface EntityStore {
  get(path: string): Stored<EntityDoc> | undefined;
  /** All writes happen, or none. Returns the new revision of each. */
  write(writes: readonly EntityWrite[]): readonly number[];
  /** The code of an action, undefined when it has none. */
  code(path: string): string | undefined;
  /** Newest `updated` first. */
  list(query: EntityQuery, page: Page): EntityDoc[];
  count(query: EntityQuery): number;
}

/** `since` and `upto` are inclusive bounds on `start`. */
export interface ActivationQuery {
  readonly namespace: string;
  /** A simple name, or `pkg/name`. A simple name matches only what is in no package. */
  readonly name?: string;
  readonly since?: number;
  readonly upto?: number;
}

/**
 * Activations. `put` returns at once; rows are written in batches, and every read sees what was put before it.
 * An id is written once: a second put of the same id is ignored.
 */
export interface ActivationStore {
  put(activation: Activation): void;
  get(namespace: string, id: string): Activation | undefined;
  /** Newest `start` first. Summaries (`docs` false) have neither result nor logs. */
  list(query: ActivationQuery, page: Page, docs: boolean): Activation[];
  count(query: ActivationQuery): number;
  /** Resolves when everything put so far is committed. */
  flush(): Promise<void>;
}

/** Who holds a key. */
export interface KeyOwner {
  readonly subject: string;
  readonly blocked: boolean;
  readonly namespace: SubjectNamespace;
}

/** Subjects and namespace limits. Another process (the CLI) may write them: look-ups notice within 100 ms. */
export interface SubjectStore {
  /** Constant-time comparison of the key; undefined when the uuid is unknown or the key is wrong. */
  authenticate(uuid: string, key: string): KeyOwner | undefined;
  /** The owner of a namespace: the first subject that has one of this name. */
  owner(namespace: string): KeyOwner | undefined;
  get(subject: string): Subject | undefined;
  put(subject: Subject): void;
  delete(subject: string): boolean;
  /** All subjects that have a namespace of this name. */
  inNamespace(namespace: string): Subject[];
  limits(namespace: string): NamespaceLimits | undefined;
  putLimits(namespace: string, limits: NamespaceLimits): void;
  deleteLimits(namespace: string): boolean;
}

/** Opened by `openStore` (store/sqlite.ts), which also closes it when it cannot be opened whole. The opener closes it. */
export interface Store {
  readonly entities: EntityStore;
  readonly activations: ActivationStore;
  readonly subjects: SubjectStore;
  /** Flushes, checkpoints and closes. */
  close(): Promise<void>;
}
