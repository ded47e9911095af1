import { createHash } from 'node:crypto';
import { isObject } from '../json.js';
import type { DocumentStore } from '../store/store.js';

const COLLECTION = 'api-subscription';

interface Subscription {
  readonly client: string;
  /** Hex of the secret's SHA-256; the secret itself is not kept. */
  readonly secret?: string;
}

/** The hash a secret is kept as. It is of random keys, not of passwords, so one round is enough. */
const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');

const documentId = (api: string, client: string): string => `${api}/${client}`;

/** Who may call APIs that ask for a key. Look-ups are by hash map, so their time tells nothing of a key. */
export const createSubscriptions = (documents: DocumentStore) => {
  const byApi = new Map<string, Map<string, Subscription>>();

  const take = (api: string, subscription: Subscription): void => {
    const clients = byApi.get(api) ?? new Map<string, Subscription>();
    byApi.set(api, clients);
    clients.set(subscription.client, subscription);
  };

  for (const { value } of documents.list(COLLECTION)) {
    if (!isObject(value)) continue;
    const { api, client, secret } = value;
    take(String(api), { client: String(client), ...(typeof secret === 'string' && { secret }) });
  }

  const remove = (api: string, client: string): boolean => {
    const known = byApi.get(api)?.delete(client) ?? false;
    if (known) documents.delete(COLLECTION, documentId(api, client));
    return known;
  };

  return {
    /** Adds or replaces. Throws `StoreUnavailable`. */
    add(api: string, client: string, secret?: string): void {
      const subscription = { client, ...(secret !== undefined && { secret: hash(secret) }) };
      documents.put(COLLECTION, documentId(api, client), { api, ...subscription });
      take(api, subscription);
    },
    /** Client ids. */
    list: (api: string): string[] => [...(byApi.get(api)?.keys() ?? [])],
    /** False when there is none. Throws `StoreUnavailable`. */
    remove,
    /** Removes all of an API that is gone. */
    removeAll(api: string): void {
      for (const client of byApi.get(api)?.keys() ?? []) remove(api, client);
      byApi.delete(api);
    },
    /** Whether a key, or an id with its secret, was given for the API. */
    allows(api: string, client: string, secret?: string): boolean {
      const known = byApi.get(api)?.get(client);
      return known !== undefined && known.secret === (secret === undefined ? undefined : hash(secret));
    },
  };
};

export type Subscriptions = ReturnType<typeof createSubscriptions>;
