import { type IncomingHttpHeaders, request } from 'node:http';

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they came, one after the other. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  /** The body parsed, undefined when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly json: any;
}

export interface HttpOptions {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  /** Sends the body in chunks, without a Content-Length. */
  readonly chunked?: boolean;
  /** The request's target, where it is not the path of the URL. */
  readonly target?: string;
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** One request, exactly as written: no headers of a client's own, no redirects followed, the path left as it is. */
export const http = (url: string, options: HttpOptions = {}): Promise<HttpReply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, chunked = false, target } = options;
    const [, host, port, path] = /^http:\/\/([^/:]+):(\d+)(\/.*)$/.exec(url) ?? [];
    const length = body === undefined || chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const call = request(
      { host, port, path: target ?? path, method, headers: { ...length, ...headers }, agent: false },
      response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString('utf8');
          const { statusCode = 0, headers: received, rawHeaders } = response;
          resolve({ status: statusCode, headers: received, rawHeaders, bytes, text, json: parse(text) });
        });
      },
    );
    call.on('error', reject);
    if (chunked) call.flushHeaders();
    call.end(body);
  });

export const basic = (auth: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(auth).toString('base64')}`,
});
