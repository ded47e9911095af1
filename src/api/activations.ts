import { checkActivationId, isPath, pathSegments } from '../entities/names.js';
import type { Activation } from '../entities/types.js';
import { HttpError, rejection } from '../errors.js';
import { activationJson, responseJson, summaryJson } from '../invocation/record.js';
import { defaultText, entity as entityText, http, query as text } from '../messages.js';
import type { ActivationQuery, Page } from '../store/store.js';
import { type Context, sendJson, sendJsonText } from './context.js';
import type { ApiParts } from './parts.js';
import {
  booleanQuery,
  countBody,
  listParameters,
  listQuery,
  type QueryParameter,
  textQuery,
  timeQuery,
} from './query.js';
import type { Route } from './route.js';
import { namespaceOf, ownNamespace } from './target.js';

/** `action` or `pkg/action`, a leading slash tolerated; blank means no filter. Throws 400. */
const nameFilter = (ctx: Context): string | undefined => {
  const value = textQuery(ctx, 'name');
  if (value === undefined || value.trim() === '') return undefined;
  const segments = pathSegments(value);
  if (!isPath(value) || segments.length > 2) throw rejection(400, http.badQuery('name', text.badNameFilter(value)));
  return segments.join('/');
};

/**
 * Characters of whole records in one answer at most: they are in memory as rows, as records and as text, and one text ends
 * at 512 M. A page of 200 records, with 10 MB of logs each, would be 2 GB.
 */
const MAX_PAGE = 64 * 1024 * 1024;

const MB = 1024 * 1024;

/** A page of whole records as JSON text. Throws 413. */
const recordsJson = ({ activations }: ApiParts['store'], query: ActivationQuery, page: Page): string => {
  const weight = activations.weight(query, page);
  if (weight > MAX_PAGE) throw new HttpError(413, text.pageTooLarge(Math.ceil(weight / MB), MAX_PAGE / MB));
  return `[${activations.list(query, page).map(activationJson)}]`;
};

const list = async (parts: ApiParts, ctx: Context): Promise<void> => {
  const namespace = ownNamespace(ctx);
  const { skip, limit, count } = listQuery(ctx, 'activations');
  const docs = booleanQuery(ctx, 'docs');
  const name = nameFilter(ctx);
  const since = timeQuery(ctx, 'since');
  const upto = timeQuery(ctx, 'upto');
  if (count && docs) throw new HttpError(400, text.docsWithCount);
  const query = {
    namespace,
    ...(name !== undefined && { name }),
    ...(since !== undefined && { since }),
    ...(upto !== undefined && { upto }),
  };
  await parts.records.settledSoon();
  const { activations } = parts.store;
  if (count) sendJson(ctx, 200, countBody('activations', activations.count(query), skip));
  else if (docs) sendJsonText(ctx, 200, recordsJson(parts.store, query, { skip, limit }));
  else sendJsonText(ctx, 200, `[${activations.summaries(query, { skip, limit }).map(summaryJson)}]`);
};

/** The record the URL names, once it is complete. Throws 400, 403, 404. */
const find = async (parts: ApiParts, ctx: Context): Promise<Activation> => {
  const namespace = namespaceOf(ctx);
  const id = checkActivationId(ctx.params['id'] as string);
  if (namespace !== ctx.state.identity.namespace) {
    throw new HttpError(403, entityText.forbidden(`${namespace}/${id}`));
  }
  await parts.records.settled(id);
  const activation = parts.store.activations.get(namespace, id);
  if (!activation) throw new HttpError(404, defaultText[404] as string);
  return activation;
};

const filters: readonly QueryParameter[] = [
  ...listParameters,
  { name: 'docs', type: 'boolean', description: 'Whole records instead of summaries', default: false },
  { name: 'name', type: 'string', description: 'Only those of this action: name or package/name' },
  { name: 'since', type: 'integer', description: 'Only those that started at this epoch ms or later' },
  { name: 'upto', type: 'integer', description: 'Only those that started at this epoch ms or earlier' },
];

export const activationRoutes = (parts: ApiParts): Route[] => [
  {
    method: 'get',
    path: '/:namespace/activations{/}',
    summary: 'List activations',
    query: filters,
    handle: ctx => list(parts, ctx),
  },
  {
    method: 'get',
    path: '/:namespace/activations/:id{/}',
    summary: 'Get an activation',
    handle: async ctx => sendJsonText(ctx, 200, activationJson(await find(parts, ctx))),
  },
  {
    method: 'get',
    path: '/:namespace/activations/:id/result',
    summary: 'Get the result of an activation',
    handle: async ctx => sendJsonText(ctx, 200, responseJson(await find(parts, ctx))),
  },
  {
    method: 'get',
    path: '/:namespace/activations/:id/logs',
    summary: 'Get the logs of an activation',
    handle: async ctx => sendJson(ctx, 200, { logs: (await find(parts, ctx)).logs }),
  },
];
