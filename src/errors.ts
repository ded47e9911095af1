/**
 * An error that already knows its HTTP reply. Handlers throw it; the error middleware turns it into
 * `{"error": message, "code": transid}`.
 */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /**
   * True for refusals made by the framework (bad JSON, no route, bad credentials): OpenWhisk sends those
   * without CORS headers, while errors of a handler carry them (OPENWHISK.md 1.3).
   */
  readonly rejection: boolean;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    message: string,
    options: { rejection?: boolean; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.rejection = options.rejection ?? false;
    this.headers = options.headers ?? {};
  }
}

/** A framework-level refusal: same body, no CORS headers. */
export const rejection = (status: number, message: string, headers: Record<string, string> = {}): HttpError =>
  new HttpError(status, message, { rejection: true, headers });

/** A fault of the operator's (a bad option, a busy port): the CLI prints the message as one line and exits with 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
