import { isObject, type Json, type JsonObject } from '../json.js';

export type EntityType = 'package' | 'action' | 'trigger' | 'rule' | 'api';

/**
 * One thing of a namespace, as it is written and compared: versions, times and what the server adds itself are not part of
 * it, and the namespace it is in is called `_`. `body` is what a PUT takes, and besides: `status` of a rule, `feed`
 * (`{action, parameters}`) of a trigger, `document` (its only member) of an API.
 */
export interface Entity {
  readonly type: EntityType;
  /** `name`, or `package/name` for an action; an API's base path. */
  readonly name: string;
  readonly body: JsonObject;
}

/** Everything of one namespace, in the order in which it can be made. */
export type Project = readonly Entity[];

export const idOf = ({ type, name }: Entity): string => `${type} ${name}`;

/** JSON with members in order: equal values have equal text. */
export const canonical = (value: Json | undefined): string =>
  JSON.stringify(value, (_key, part: Json) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  ) ?? '';

/** A value with each string in it passed through `change`. */
export const mapStrings = (value: Json, change: (text: string) => Json): Json => {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map(part => mapStrings(part, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapStrings(part, change)]));
};

const RANK: Readonly<Record<EntityType, number>> = { package: 0, action: 2, trigger: 4, rule: 5, api: 6 };

const componentsOf = ({ body }: Entity): readonly string[] => {
  const { exec } = body;
  return isObject(exec) && Array.isArray(exec['components']) ? (exec['components'] as string[]) : [];
};

const rank = (entity: Entity): number => {
  if (entity.type === 'package' && isObject(entity.body['binding'])) return 1;
  return RANK[entity.type] + (componentsOf(entity).length > 0 ? 1 : 0);
};

/** Packages, bindings, actions, sequences after what they are made of, triggers, rules, APIs. */
export const inOrder = (entities: readonly Entity[]): Project => {
  const sorted = [...entities].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const sequences = new Map(sorted.filter(one => componentsOf(one).length > 0).map(one => [`/_/${one.name}`, one]));
  const placed = new Set<Entity>();
  const order: Entity[] = [];
  const place = (entity: Entity): void => {
    if (placed.has(entity)) return;
    placed.add(entity);
    for (const component of componentsOf(entity)) {
      const part = sequences.get(component);
      if (part) place(part);
    }
    order.push(entity);
  };
  for (const entity of sorted) place(entity);
  return order;
};

/** Members of two bodies that differ. Members that the wanted one does not have are no difference. */
export const differing = (wanted: JsonObject, found: JsonObject): string[] =>
  Object.keys(wanted).filter(key => canonical(wanted[key]) !== canonical(found[key]));
