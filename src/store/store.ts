import type {
  Activation,
  ActivationSummary,
  EntityDoc,
  EntityType,
  NamespaceLimits,
  Subject,
  SubjectNamespace,
} from '../entities/types.js';
import type { Json } from '../json.js';

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
  /** Call before something begins that ends in a record. Throws `StoreUnavailable` when too much waits to be written. */
  checkRoom(): void;
  get(namespace: string, id: string): Activation | undefined;
  /** Whole records, newest `start` first. */
  list(query: ActivationQuery, page: Page): Activation[];
  /** The same page, as lists show it. */
  summaries(query: ActivationQuery, page: Page): ActivationSummary[];
  /** What the whole records of the page take together: characters, roughly. Reads none of them. */
  weight(query: ActivationQuery, page: Page): number;
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

/** An invocation accepted and not yet ended. `id` is its activation id, `accepted` in epoch ms. */
export interface JournalEntry {
  readonly id: string;
  readonly accepted: number;
  /** `started`: the user's code may have run. */
  readonly state: 'accepted' | 'started';
  /** What `shared` takes; entries accepted together have the same. */
  readonly shared?: number;
}

/**
 * What was accepted, until it has ended: after the process was killed, `pending` tells what has to be done or reported.
 * An entry ends when its activation is `put` (in the transaction that writes the record) or with `done`.
 */
export interface JournalStore {
  /**
   * All entries, or none. Resolves when they are committed, within a few ms; rejects with `StoreUnavailable`, and then
   * nothing was accepted. An id that is open already is left as it is. `payload` is kept as it is given, and so is
   * `shared`, once, until the last of the entries has ended. The other calls know an entry only from then on.
   */
  accept(
    entries: readonly { readonly id: string; readonly payload: string | Buffer }[],
    shared?: string | Buffer,
  ): Promise<void>;
  /**
   * Call just before the user's code may run. When it returns, the mark outlives the process; with durability `full`, a few
   * ms later also the machine. Unknown ids are ignored. Throws `StoreUnavailable`.
   */
  started(id: string): void;
  /** Ends an entry that leaves no record. Unknown ids are ignored. */
  done(id: string): void;
  /** Open entries in order of acceptance, those of earlier processes first. */
  pending(): JournalEntry[];
  /** What was accepted under the id; undefined when it is not open. */
  payload(id: string): string | undefined;
  /** What entries were accepted with in common; undefined when none of them is open. */
  shared(of: number): string | undefined;
}

/** JSON documents of small collections (APIs, feeds). All calls are synchronous; writes throw `StoreUnavailable`. */
export interface DocumentStore {
  get(collection: string, id: string): Json | undefined;
  put(collection: string, id: string, value: Json): void;
  delete(collection: string, id: string): boolean;
  /** Ordered by id. */
  list(collection: string): { readonly id: string; readonly value: Json }[];
}

/** Whether writes succeed, and how many rows wait in memory. */
export interface StoreHealth {
  readonly writable: boolean;
  readonly waiting: number;
}

/** Opened by `openStore` (store/sqlite.ts), which also closes it when it cannot be opened whole. The opener closes it. */
export interface Store {
  readonly entities: EntityStore;
  readonly activations: ActivationStore;
  readonly subjects: SubjectStore;
  readonly journal: JournalStore;
  readonly documents: DocumentStore;
  health(): StoreHealth;
  /**
   * Writes a copy of everything to `file`, which must not exist, while the store stays in use. `progress` is told the share
   * done, 0 to 1. Throws `UsageError` when the file cannot be written.
   */
  backup(file: string, progress?: (share: number) => void): Promise<void>;
  /** Flushes, checkpoints and closes. */
  close(): Promise<void>;
}
