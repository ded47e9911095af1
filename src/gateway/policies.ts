import type { Json } from '../json.js';
import { type ApiDocument, arrayAt, at, objectAt, stringAt } from './document.js';

/** A header or query parameter that is set on the call to the web action. */
export interface Insert {
  readonly where: 'header' | 'query';
  readonly name: string;
  readonly value: string;
}

/** `set-variable` steps: `message.headers.X-Name` or `message.query.name` and the value. */
export const insertsOf = (steps: readonly Json[]): Insert[] =>
  steps
    .flatMap(step => arrayAt(step, 'set-variable', 'actions'))
    .flatMap((action): Insert[] => {
      const [, where, name] = /^[^.]+\.(headers|query)\.(.+)$/.exec(stringAt(action, 'set') ?? '') ?? [];
      const value = at(action, 'value');
      if (where === undefined || name === undefined || value === undefined || typeof value === 'object') return [];
      return [{ where: where === 'headers' ? 'header' : 'query', name, value: String(value) }];
    });

/** What a caller must show. `oauth2` needs an identity provider, which this gateway does not ask. */
export type Security =
  | { readonly type: 'apiKey'; readonly where: 'header' | 'query'; readonly name: string }
  | { readonly type: 'clientSecret'; readonly idName: string; readonly secretName: string }
  | { readonly type: 'oauth2' };

const DEFAULT_KEY_HEADER = 'x-api-key';

/** From `securityDefinitions`: two of them are an id and its secret, as OpenWhisk's gateway has it. */
export const securityOf = (document: ApiDocument): Security[] => {
  const definitions = Object.entries(objectAt(document, 'securityDefinitions') ?? {});
  if (definitions.length === 2 && definitions.every(([, d]) => at(d, 'type') === 'apiKey')) {
    return [
      {
        type: 'clientSecret',
        idName: stringAt(document, 'securityDefinitions', 'client_id', 'name') ?? 'X-Client-ID',
        secretName: stringAt(document, 'securityDefinitions', 'client_secret', 'name') ?? 'X-Client-Secret',
      },
    ];
  }
  return definitions.flatMap(([, definition]): Security[] => {
    const type = at(definition, 'type');
    if (type === 'oauth2') return [{ type }];
    if (type !== 'apiKey') return [];
    const where = at(definition, 'in') === 'query' ? 'query' : 'header';
    return [{ type, where, name: stringAt(definition, 'name') ?? DEFAULT_KEY_HEADER }];
  });
};

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

const positive = (value: Json | undefined): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined;

/** `[{unit, units, rate}]` → ms between two calls; calls are spaced, not let through in bursts. */
export const rateSpacingOf = (document: ApiDocument): number | undefined => {
  const [rule] = arrayAt(document, 'x-gateway-rate-limit').concat(arrayAt(document, 'x-ibm-rate-limit'));
  const rate = positive(at(rule, 'rate'));
  if (rate === undefined) return undefined;
  const interval = (SECONDS[stringAt(rule, 'unit') ?? 'minute'] ?? 60) * (positive(at(rule, 'units')) ?? 1);
  return Math.floor((interval / rate) * 1000);
};

/** How long replies of an operation are kept, and which request headers tell them apart (lower case). */
export interface CacheRule {
  readonly ttlMs: number;
  readonly vary: readonly string[];
}

/** `x-miniwhisk-cache: {ttl, vary}`, ttl in seconds, vary a list or a comma list. */
export const cacheRuleOf = (value: Json | undefined): CacheRule | undefined => {
  const ttl = positive(at(value, 'ttl'));
  if (ttl === undefined) return undefined;
  const vary = at(value, 'vary');
  const names = typeof vary === 'string' ? vary.split(',') : Array.isArray(vary) ? vary.map(String) : [];
  return { ttlMs: ttl * 1000, vary: names.map(name => name.trim().toLowerCase()).filter(name => name !== '') };
};
