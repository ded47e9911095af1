export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed, undefined when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly json: any;
}

export interface RequestOptions {
  /** `uuid:key`; null sends none. Default: the client's. */
  readonly auth?: string | null;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export type Rest = ReturnType<typeof restClient>;

/** Raw HTTP against one server; paths that do not begin with `/api` or `/` are below `/api/v1/namespaces`. */
export const restClient = (url: string, auth: string) => {
  const request = async (method: string, path: string, options: RequestOptions = {}): Promise<Reply> => {
    const credentials = options.auth === undefined ? auth : options.auth;
    const { body } = options;
    const headers: Record<string, string> = {
      ...(credentials !== null && { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    };
    const response = await fetch(path.startsWith('/') ? `${url}${path}` : `${url}/api/v1/namespaces/${path}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {}
    return { status: response.status, headers: response.headers, text, json };
  };
  return {
    request,
    get: (path: string, options?: RequestOptions) => request('GET', path, options),
    put: (path: string, body: unknown, options?: RequestOptions) => request('PUT', path, { body, ...options }),
    post: (path: string, body?: unknown, options?: RequestOptions) => request('POST', path, { body, ...options }),
    delete: (path: string, options?: RequestOptions) => request('DELETE', path, options),
    /** The namespace of the client's key. */
    async namespace(): Promise<string> {
      return (await request('GET', '/api/v1/namespaces')).json[0];
    },
    /** Creates or replaces a nodejs action; throws when it is refused. */
    async action(name: string, code: string, extra: object = {}): Promise<void> {
      const reply = await request('PUT', `_/actions/${name}?overwrite=true`, {
        body: { exec: { kind: 'nodejs:20', code }, ...extra },
      });
      if (reply.status !== 200) throw new Error(`PUT ${name}: ${reply.status} ${reply.text}`);
    },
  };
};

/** Polls until `check` gives something; throws with its last failure after `ms`. */
export const eventually = async <T>(check: () => Promise<T | undefined> | T | undefined, ms = 10_000): Promise<T> => {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${check}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
};
