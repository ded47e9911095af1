import { entityName, namespaceName } from '../entities/names.js';
import { HttpError } from '../errors.js';
import { entity as text } from '../messages.js';
import type { Context } from './context.js';

export interface Target {
  /** `ns/[pkg/]name`. */
  readonly path: string;
  /** `ns` or `ns/pkg`. */
  readonly namespace: string;
  readonly name: string;
}

/** The namespace of the URL, `_` resolved. Throws 400. */
export const namespaceOf = (ctx: Context): string =>
  namespaceName(ctx.params['namespace'] as string, ctx.state.identity.namespace);

/** What the URL names. Throws 400. */
export const targetOf = (ctx: Context): Target => {
  const root = namespaceOf(ctx);
  const inner = ctx.params['package'];
  const namespace = inner === undefined ? root : `${root}/${entityName(inner)}`;
  const name = entityName(ctx.params['name'] as string);
  return { path: `${namespace}/${name}`, namespace, name };
};

/** The URL's namespace, which must be the caller's own. Throws 400, 403. */
export const ownNamespace = (ctx: Context): string => {
  const namespace = namespaceOf(ctx);
  if (namespace !== ctx.state.identity.namespace) throw new HttpError(403, text.forbidden(namespace));
  return namespace;
};
