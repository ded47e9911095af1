import { isObject, type JsonObject } from '../json.js';
import { canonical, differing, type Entity, idOf, type Project } from './entity.js';

/** One thing to do to a namespace. `before`: what is there now; absent when nothing is. */
export interface Change {
  readonly entity: Entity;
  readonly before?: Entity;
  /** Members that are to be different. */
  readonly members: readonly string[];
}

export interface Plan {
  readonly changes: readonly Change[];
  readonly unchanged: number;
  /** In the namespace, but not in the project: they are left alone. */
  readonly others: readonly Entity[];
}

/** Limits that the one side does not know are no difference: not every OpenWhisk has them all. */
const comparable = (wanted: JsonObject, found: JsonObject): JsonObject => {
  const { limits } = found;
  if (!isObject(limits) || !isObject(wanted['limits'])) return found;
  const known = Object.fromEntries(Object.keys(wanted['limits']).map(key => [key, limits[key] ?? null]));
  return { ...found, limits: known };
};

const wantedOf = (entity: Entity, found: Entity): JsonObject => {
  const limits = entity.body['limits'];
  const theirs = found.body['limits'];
  if (!isObject(limits) || !isObject(theirs)) return entity.body;
  return { ...entity.body, limits: Object.fromEntries(Object.entries(limits).filter(([key]) => key in theirs)) };
};

/** What makes a namespace that holds `found` hold all of `wanted`. */
export const planChanges = (wanted: Project, found: Project): Plan => {
  const there = new Map(found.map(entity => [idOf(entity), entity]));
  const changes: Change[] = [];
  for (const entity of wanted) {
    const before = there.get(idOf(entity));
    if (before === undefined) {
      changes.push({ entity, members: Object.keys(entity.body) });
      continue;
    }
    const body = wantedOf(entity, before);
    const members = differing(body, comparable(body, before.body));
    if (members.length > 0) changes.push({ entity, before, members });
  }
  const ids = new Set(wanted.map(idOf));
  const others = found.filter(entity => !ids.has(idOf(entity)));
  return { changes, unchanged: wanted.length - changes.length, others };
};

const keysThatDiffer = (wanted: unknown, found: unknown): string => {
  const byKey = (list: unknown): Map<string, string> =>
    new Map((Array.isArray(list) ? list : []).map(pair => [String(pair.key), canonical(pair)]));
  const [to, from] = [byKey(wanted), byKey(found)];
  return [...new Set([...to.keys(), ...from.keys()])]
    .filter(key => to.get(key) !== from.get(key))
    .map(key => (from.has(key) ? (to.has(key) ? `~${key}` : `-${key}`) : `+${key}`))
    .join(' ');
};

/** Lines that say what a change does: names, never values. */
export const describe = ({ entity, before, members }: Change): string => {
  const head = `${before ? '~' : '+'} ${idOf(entity)}`;
  if (!before) return head;
  const parts = members.map(member => {
    if (member !== 'parameters' && member !== 'annotations') return member;
    return `${member} (${keysThatDiffer(entity.body[member], before.body[member])})`;
  });
  return `${head}: ${parts.join(', ')}`;
};
