import { isObject, type Json, type JsonObject } from '../json.js';
import { type Entity, mapStrings, type Project } from './entity.js';

/** Names of parameters whose values are taken for secrets, wherever they are nested. */
const SECRET =
  /secret|passw|passwd|token|credential|api[-_]?key|auth|private|(^|[-_.])key$|[a-z]Key$|dsn|connection[-_]?string/i;
/** The key that callers of a web action must send is an annotation. */
const SECRET_ANNOTATION = 'require-whisk-auth';
const REFERENCE = /^\$\{([A-Z0-9_]+)\}$/;
/** Shorter ones are not looked for in texts: they would be found everywhere. */
const LEAST = 4;
const LONG = 12;

/** Values by the name of the variable that stands for them. */
export type Values = Readonly<Record<string, Json>>;

export interface Referenced {
  /** With `${NAME}` in place of each value that was taken out. */
  readonly project: Project;
  readonly secrets: Values;
  /** No secrets, but texts that tools would take for references. */
  readonly literals: Values;
}

const variableName = (...words: readonly string[]): string =>
  words
    .join('_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase()
    .replace(/^_+/, '')
    .replace(/^\d/, '_$&');

type Take = (value: Json, words: readonly string[], secret: boolean) => Json;

const within = (value: Json, words: readonly string[], secret: boolean, take: Take): Json => {
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [
        key,
        within(part, [...words, key], secret || SECRET.test(key), take),
      ]),
    );
  if (Array.isArray(value)) return value.map((part, n) => within(part, [...words, String(n)], secret, take));
  return take(value, words, secret);
};

/** Takes secrets out of a project; `named` are further parameters that hold some. */
export const takeSecrets = (project: Project, named: readonly string[] = []): Referenced => {
  const secrets: Record<string, Json> = {};
  const literals: Record<string, Json> = {};
  const put = (into: Record<string, Json>, value: Json, words: readonly string[]): string => {
    const base = variableName(...words);
    let name = base;
    for (let n = 2; name in secrets || name in literals; n++) name = `${base}_${n}`;
    into[name] = value;
    return `\${${name}}`;
  };
  const take: Take = (value, words, secret) => {
    if (secret && (typeof value === 'string' ? value !== '' : typeof value === 'number'))
      return put(secrets, value, words);
    return typeof value === 'string' && value.includes('$') ? put(literals, value, words) : value;
  };
  const pairsOf = (list: Json | undefined, owner: string, isSecret: (key: string) => boolean): Json[] =>
    (Array.isArray(list) ? (list as { key: string; value: Json }[]) : []).map(pair => ({
      ...pair,
      value: within(pair.value, [owner, pair.key], isSecret(pair.key), take),
    }));
  const ofParameter = (key: string): boolean => named.includes(key) || SECRET.test(key);
  const change = ({ type, name, body }: Entity): Entity => {
    const owner = type === 'action' ? name : `${type}_${name}`;
    const next: JsonObject = { ...body };
    if (body['parameters'] !== undefined) next['parameters'] = pairsOf(body['parameters'], owner, ofParameter);
    if (body['annotations'] !== undefined)
      next['annotations'] = pairsOf(body['annotations'], owner, key => key === SECRET_ANNOTATION);
    const { feed } = body;
    if (isObject(feed))
      next['feed'] = { ...feed, parameters: within(feed['parameters'] ?? {}, [owner, 'feed'], false, take) };
    return { type, name, body: next };
  };
  return { project: project.map(change), secrets, literals };
};

/** Puts values in place of their references. Names that have none are in `missing`, in order. */
export const putSecrets = (
  project: Project,
  lookUp: (name: string) => Json | undefined,
): { readonly project: Project; readonly missing: readonly string[] } => {
  const missing = new Set<string>();
  const put = (text: string): Json => {
    const [, name] = REFERENCE.exec(text) ?? [];
    if (name === undefined) return text;
    const value = lookUp(name);
    if (value === undefined) missing.add(name);
    return value ?? text;
  };
  const filled = project.map(({ type, name, body }) => {
    const next: JsonObject = { ...body };
    for (const member of ['parameters', 'annotations', 'feed'])
      if (body[member] !== undefined) next[member] = mapStrings(body[member], put);
    return { type, name, body: next };
  });
  return { project: filled, missing: [...missing] };
};

/**
 * Replaces what must not be shown in texts that come from elsewhere, such as a server's words on what it refused: keys,
 * secrets, and any longer text of a parameter, for who knows what it is.
 */
export const createRedact = (projects: readonly Project[], keys: readonly string[]): ((text: string) => string) => {
  const hidden = new Set(keys.flatMap(key => [key, ...key.split(':')]));
  for (const project of projects) {
    for (const secret of Object.values(takeSecrets(project).secrets)) hidden.add(String(secret));
    for (const { body } of project)
      mapStrings([body['parameters'] ?? null, body['annotations'] ?? null, body['feed'] ?? null], text => {
        if (text.length >= LONG) hidden.add(text);
        return text;
      });
  }
  const longest = [...hidden].filter(text => text.length >= LEAST).sort((a, b) => b.length - a.length);
  return text => longest.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
};
