import { isObject, type Json, type JsonObject } from '../json.js';
import { canonical, type Entity, mapStrings } from './entity.js';
import type { OpenWhisk } from './openwhisk.js';
import { inNamespace, localized } from './snapshot.js';

const feedOf = (
  entity: Entity | undefined,
): { readonly action: string; readonly parameters: JsonObject } | undefined => {
  const feed = entity?.body['feed'];
  if (!isObject(feed)) return undefined;
  return { action: String(feed['action']), parameters: isObject(feed['parameters']) ? feed['parameters'] : {} };
};

const tellFeed = async (
  whisk: OpenWhisk,
  name: string,
  feed: ReturnType<typeof feedOf>,
  event: string,
): Promise<void> => {
  if (feed === undefined) return;
  const triggerName = `/${whisk.namespace}/${name}`;
  const call = { lifecycleEvent: event, triggerName, authKey: whisk.authKey };
  await whisk.invoke(inNamespace(feed.action, whisk.namespace), {
    ...(event === 'CREATE' ? feed.parameters : {}),
    ...call,
  });
};

const named = (body: JsonObject, namespace: string): JsonObject =>
  Object.fromEntries(
    Object.entries(body).map(([member, value]): [string, Json] => {
      if (member === 'exec' && isObject(value) && value['components'] !== undefined)
        return [
          member,
          { ...value, components: mapStrings(value['components'], text => inNamespace(text, namespace)) },
        ];
      if (member === 'binding' && isObject(value))
        return [member, { ...value, namespace: value['namespace'] === '_' ? namespace : (value['namespace'] ?? '') }];
      if ((member === 'trigger' || member === 'action') && typeof value === 'string')
        return [member, inNamespace(value, namespace)];
      return [member, value];
    }),
  );

const putTrigger = async (whisk: OpenWhisk, entity: Entity, before: Entity | undefined): Promise<void> => {
  const { feed: _feed, annotations, ...body } = entity.body;
  const [wanted, had] = [feedOf(entity), feedOf(before)];
  const list = Array.isArray(annotations) ? annotations : [];
  const feed = wanted ? [{ key: 'feed', value: inNamespace(wanted.action, whisk.namespace) }] : [];
  if (canonical(entity.body['feed']) !== canonical(before?.body['feed']))
    await tellFeed(whisk, entity.name, had, 'DELETE');
  await whisk.put(`triggers/${entity.name}`, { ...body, annotations: [...list, ...feed] });
  if (canonical(entity.body['feed']) === canonical(before?.body['feed'])) return;
  try {
    await tellFeed(whisk, entity.name, wanted, 'CREATE');
  } catch (error) {
    // As wsk has it: no trigger stays that its feed knows nothing of.
    if (!before) await whisk.delete(`triggers/${entity.name}`);
    throw error;
  }
};

const putRule = async (whisk: OpenWhisk, { name, body }: Entity): Promise<void> => {
  const { status, ...rule } = named(body, whisk.namespace);
  await whisk.put(`rules/${name}`, rule);
  const now = await whisk.get(`rules/${name}`);
  if (now['status'] !== status) await whisk.post(`rules/${name}`, { status: status ?? 'active' });
};

/** The whole document replaces what is at its base path. */
const putApi = async (whisk: OpenWhisk, { name, body }: Entity, before: Entity | undefined): Promise<void> => {
  const document = localized(body['document'] as JsonObject, whisk);
  if (before) await whisk.manage('DELETE', 'deleteApi', { basepath: name });
  const apidoc = { namespace: whisk.namespace, swagger: JSON.stringify(document) };
  await whisk.manage('POST', 'createApi', { responsetype: 'json' }, { apidoc });
};

const COLLECTIONS = { package: 'packages', action: 'actions', trigger: 'triggers', rule: 'rules' } as const;

/** Makes it what it is to be, whatever it was. Rejects with what the server said. */
export const put = async (whisk: OpenWhisk, entity: Entity, before: Entity | undefined): Promise<void> => {
  if (entity.type === 'trigger') return putTrigger(whisk, entity, before);
  if (entity.type === 'rule') return putRule(whisk, entity);
  if (entity.type === 'api') return putApi(whisk, entity, before);
  await whisk.put(`${COLLECTIONS[entity.type]}/${entity.name}`, named(entity.body, whisk.namespace));
};

/** Takes it away; harmless when it is not there. */
export const remove = async (
  whisk: OpenWhisk,
  entity: Pick<Entity, 'type' | 'name'>,
  now: Entity | undefined,
): Promise<void> => {
  if (entity.type === 'api') {
    if (now) await whisk.manage('DELETE', 'deleteApi', { basepath: entity.name });
    return;
  }
  if (entity.type === 'trigger') await tellFeed(whisk, entity.name, feedOf(now), 'DELETE');
  await whisk.delete(`${COLLECTIONS[entity.type]}/${entity.name}`);
};
