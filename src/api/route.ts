import type { Context } from './context.js';
import type { QueryParameter } from './query.js';

/**
 * One method of one path: what the router mounts and what `/api/v1/api-docs` shows. `path` is relative to
 * `/api/v1/namespaces`, parameters as `:name`, strict about trailing slashes.
 */
export interface Route {
  readonly method: 'get' | 'put' | 'delete' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly query?: readonly QueryParameter[];
  /** JSON schema of the body. */
  readonly body?: object;
  /** Statuses it answers with beyond the common ones, and what they mean. */
  readonly responses?: Readonly<Record<number, string>>;
  handle(ctx: Context): void | Promise<void>;
}
