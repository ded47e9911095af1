/** What a container is made from. Memory in MB. */
export interface ContainerSpec {
  /** Unique per driver, e.g. `wsk0_3_guest_hello` (OPENWHISK.md 5.5). */
  readonly name: string;
  readonly kind: string;
  /** Image reference. The process driver does not use it. */
  readonly image: string;
  readonly memory: number;
  /** Environment at creation: `__OW_API_HOST`, `__OW_ALLOW_CONCURRENT` … */
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Relative CPU weight, as `docker run --cpu-shares`. */
  readonly cpuShares: number;
}

/** Where a container's proxy listens for /init and /run. */
export type Address = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** How a container ended. `code` is null when a signal ended it or nobody knows. */
export interface ExitInfo {
  readonly code: number | null;
  readonly outOfMemory: boolean;
}

export type OutputStream = 'stdout' | 'stderr';
/** Receives raw output as it arrives; `time` in epoch milliseconds. Chunks are not lines. */
export type OutputListener = (stream: OutputStream, chunk: Buffer, time: number) => void;

/**
 * One started container. The pool owns it and must call `remove` exactly once, whatever happened before.
 * No method waits for the proxy to listen: the first /init retries until it does.
 */
export interface Container {
  /** The engine's id, or the process id. */
  readonly id: string;
  readonly address: Address;
  /** The last address the engine gave it may change over a resume; others keep theirs. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Resuming takes long beside a call, and a request sent meanwhile waits in the container's socket. `resume` then rejects
   * with `NotResumedError` when the container certainly stands still as before.
   */
  readonly resumesSlowly?: boolean;
  /** Kills and removes. Resolves when the engine says it is gone; calling it again is harmless. */
  remove(): Promise<void>;
  /**
   * Settles (never rejects) once the container has ended, by itself or by `remove`, and what it printed was delivered
   * (a quarter of a second later at most; in Kubernetes, when its log has been asked for the end).
   */
  readonly exited: Promise<ExitInfo>;
  /** How long after a container's end the news of it may come, in ms, where that is longer than in Docker. */
  readonly exitNewsMs?: number;
  /** Settles when it is to end soon though it runs still: it should be given nothing more. Many never do. */
  readonly leaving?: Promise<void>;
  /** Sets the one listener for output, once. Output that came before is delivered to it first. */
  onOutput(listener: OutputListener): void;
}

/**
 * Whether a driver can serve a kind with an image. `reason`: why not, in one sentence that says what to do. `note`: what
 * the user should know though it is usable, e.g. that the kind runs on another version than it names.
 */
export type Availability =
  | { readonly usable: true; readonly note?: string }
  | { readonly usable: false; readonly reason: string };

/**
 * Makes containers. Errors: `create` throws `ImageError` when the image cannot be had, `CommandNotFoundError` when the
 * image has no such command (docker exit 127), anything else means that no container could be provisioned. A create that
 * throws leaves nothing behind; what an engine would not remove at once, the driver goes on removing. Whoever constructed
 * the driver calls `close`; it removes every container still there.
 */
export interface Driver {
  readonly name: 'docker' | 'process' | 'kubernetes';
  /** True when containers can be suspended. */
  readonly canPause: boolean;
  /** Whether this driver can serve the kind with that image right now, without waiting (a cached answer). */
  available(kind: string, image: string): Promise<Availability>;
  /** Asks what makes the containers whether it lives; absent where that is this process. Never rejects. */
  responds?(): Promise<Availability>;
  create(spec: ContainerSpec): Promise<Container>;
  /** Removes containers that an earlier process of the same server instance left. Resolves to how many. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

export class NotResumedError extends Error {
  override readonly name = 'NotResumedError';
}

export class ImageError extends Error {
  override readonly name = 'ImageError';
  constructor(
    readonly image: string,
    reason: string,
  ) {
    super(reason);
  }
}

export class CommandNotFoundError extends Error {
  override readonly name = 'CommandNotFoundError';
  constructor(readonly image: string) {
    super(`executable file not found in image ${image}`);
  }
}
