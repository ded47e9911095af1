import { gateway as text } from '../messages.js';
import type { QueryPair } from '../web/query.js';
import type { WebReply } from '../web/reply.js';
import type { Api } from './compile.js';
import type { Security } from './policies.js';
import { gatewayError } from './reply.js';
import type { Subscriptions } from './subscriptions.js';

/** Who called, as far as the API asks: a key, or the refusal. */
export type Verdict = { readonly key: string | undefined } | { readonly refusal: WebReply };

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: () => readonly QueryPair[];
}

const refuse = (message: string): Verdict => ({ refusal: gatewayError(401, message) });

const checkOne = (api: Api, rule: Security, given: Credentials, subscriptions: Subscriptions): Verdict => {
  switch (rule.type) {
    case 'apiKey': {
      const key =
        rule.where === 'header'
          ? given.headers[rule.name.toLowerCase()]
          : given.query().find(([name]) => name === rule.name)?.[1];
      return key && subscriptions.allows(api.id, key) ? { key } : refuse(text.unauthorized);
    }
    case 'clientSecret': {
      const id = given.headers[rule.idName.toLowerCase()];
      if (!id) return refuse(text.headerRequired(rule.idName));
      const secret = given.headers[rule.secretName.toLowerCase()];
      if (!secret) return refuse(text.headerRequired(rule.secretName));
      return subscriptions.allows(api.id, id, secret) ? { key: id } : refuse(text.secretMismatch);
    }
    case 'oauth2':
      return { refusal: gatewayError(501, text.noOauth) };
  }
};

/** Checks everything the API asks its callers for. */
export const checkSecurity = (api: Api, given: Credentials, subscriptions: Subscriptions): Verdict => {
  let key: string | undefined;
  for (const rule of api.security) {
    const verdict = checkOne(api, rule, given, subscriptions);
    if ('refusal' in verdict) return verdict;
    key ??= verdict.key;
  }
  return { key };
};
