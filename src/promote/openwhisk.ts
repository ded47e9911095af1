import { UsageError } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { originOf, silence } from './origin.js';

/** An answer that is no success. `message` is the server's own. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Access {
  /** `http://host:port`, or a host alone for HTTPS, as `wsk` takes it. */
  readonly apihost: string;
  /** `uuid:key`. */
  readonly auth: string;
  /** The flags that name these two, for what is said when they will not do [--apihost, --auth]. */
  readonly flags?: { readonly apihost: string; readonly auth: string };
}

const PAGE = 200;
/** Waits before a call that failed on the way, or was throttled, is made again, in ms. */
const RETRIES = [250, 1_000, 4_000];
const TIMEOUT = 60_000;

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const isBusy = (error: unknown): boolean => error instanceof RefusedError && [429, 502, 503].includes(error.status);
const mayRetry = (error: unknown): boolean => !(error instanceof RefusedError) || isBusy(error);

const messageOf = (status: number, body: Json | undefined): string => {
  const error = isObject(body) ? body['error'] : undefined;
  return typeof error === 'string' ? error : `status ${status}`;
};

/** The public REST API of an OpenWhisk, with one key. */
export class OpenWhisk {
  private constructor(
    readonly origin: string,
    private readonly auth: string,
    /** The key's namespace. */
    readonly namespace: string,
  ) {}

  /** Throws `UsageError`, each in its own words, when nobody answers there, when it is no OpenWhisk, and for a bad key. */
  static async open({ apihost, auth, flags = { apihost: '--apihost', auth: '--auth' } }: Access): Promise<OpenWhisk> {
    const origin = originOf(apihost, flags.apihost);
    const client = new OpenWhisk(origin, auth, '_');
    let names: Json;
    try {
      // Silence is not waited out here: most often it is a wrong address, or a server that was not started.
      names = await client.call('GET', '/api/v1/namespaces', undefined, isBusy);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw silence(origin, error, flags.apihost);
      if (error.status !== 401 && error.status !== 403)
        throw new UsageError(`${origin} answers, but not as an OpenWhisk does: ${error.message}.`);
      throw new UsageError(
        `${origin} does not take the key (${error.message}). Give one of a namespace there with ${flags.auth}.`,
      );
    }
    if (!Array.isArray(names)) throw new UsageError(`${origin} answers, but not as an OpenWhisk does.`);
    const [namespace] = names;
    if (typeof namespace !== 'string') throw new UsageError(`The key has no namespace at ${origin}.`);
    return new OpenWhisk(origin, auth, namespace);
  }

  get uuid(): string {
    return this.auth.split(':')[0] ?? '';
  }

  /** For feeds, which call back with it. Never to be printed. */
  get authKey(): string {
    return this.auth;
  }

  /** `packages/name` is in the key's namespace, `/other/packages/name` is not. */
  get(path: string): Promise<JsonObject> {
    return this.call('GET', this.path(path)) as Promise<JsonObject>;
  }

  /** Undefined when it is not there. */
  async find(path: string): Promise<JsonObject | undefined> {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return undefined;
      throw error;
    }
  }

  put(path: string, body: JsonObject): Promise<Json> {
    return this.call('PUT', `${this.path(path)}?overwrite=true`, body);
  }

  post(path: string, body: JsonObject): Promise<Json> {
    return this.call('POST', this.path(path), body);
  }

  async delete(path: string): Promise<void> {
    await this.call('DELETE', this.path(path)).catch(error => {
      if (!(error instanceof RefusedError && error.status === 404)) throw error;
    });
  }

  async list(collection: string): Promise<JsonObject[]> {
    const rows: JsonObject[] = [];
    for (;;) {
      const page = (await this.call(
        'GET',
        `${this.path(collection)}?limit=${PAGE}&skip=${rows.length}`,
      )) as JsonObject[];
      rows.push(...page);
      if (page.length < PAGE) return rows;
    }
  }

  /** Blocking; resolves to the result. `action` is `/ns/[pkg/]name`. Not tried again: it may have run. */
  async invoke(action: string, parameters: JsonObject): Promise<JsonObject> {
    const [, namespace = '_', ...rest] = action.split('/');
    const path = `/api/v1/namespaces/${[namespace, 'actions', ...rest].map(encodeURIComponent).join('/')}`;
    const result = await this.once('POST', `${path}?blocking=true&result=true`, parameters);
    return isObject(result) ? result : {};
  }

  /** The API gateway's management actions: `getApi`, `createApi`, `deleteApi`. */
  manage(method: string, action: string, query: Readonly<Record<string, string>>, body?: JsonObject): Promise<Json> {
    const search = new URLSearchParams({ accesstoken: 'DUMMY TOKEN', spaceguid: this.uuid, ...query });
    return this.call(method, `/api/v1/web/whisk.system/apimgmt/${action}.http?${search}`, body);
  }

  private path(path: string): string {
    const [names = '', query] = path.split('?');
    const [first = '', ...rest] = names.split('/');
    const words = first === '' ? rest : ['_', first, ...rest];
    return `/api/v1/namespaces/${words.map(encodeURIComponent).join('/')}${query === undefined ? '' : `?${query}`}`;
  }

  private async call(method: string, path: string, body?: JsonObject, again = mayRetry): Promise<Json> {
    for (const wait of RETRIES) {
      try {
        return await this.once(method, path, body);
      } catch (error) {
        if (!again(error)) throw error;
        await pause(wait);
      }
    }
    return this.once(method, path, body);
  }

  private async once(method: string, path: string, body?: JsonObject): Promise<Json> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(this.auth).toString('base64')}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(TIMEOUT),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    let value: Json | undefined;
    try {
      value = JSON.parse(text) as Json;
    } catch {}
    if (!response.ok) throw new RefusedError(response.status, messageOf(response.status, value));
    return value ?? null;
  }
}
