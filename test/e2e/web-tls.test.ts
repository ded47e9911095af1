import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { type RunningServer, startServer } from '../../src/server/start.js';
import { type KeyPair, selfSignedPair } from '../../src/server/tls-certificate.js';
import { dockerExpected } from '../support/docker.js';
import { basic } from '../support/http.js';
import { requireImage } from '../support/images.js';
import { eventually, restClient } from '../support/rest.js';
import { localManifest } from '../support/server.js';
import { ECHO } from '../support/web.js';

const run = promisify(execFile);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mw-tls-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const start = (options: object): Promise<RunningServer> =>
  startServer({
    port: 0,
    tlsPort: 0,
    dataDir: join(dir, 'data'),
    driver: 'process',
    manifest: localManifest,
    logLevel: 'silent',
    prewarm: false,
    ...options,
  });

/** The certificate a new connection gets. */
const certificateAt = (url: string, servername = 'localhost'): Promise<X509Certificate> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = tlsConnect({ host: hostname, port: Number(port), servername, rejectUnauthorized: false }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw));
      socket.destroy();
    });
    socket.on('error', reject);
  });

/** Docker's are skipped where no engine answers, and never in CI. */
const drivers = dockerExpected ? ['process', 'docker'] : ['process'];

const webEcho = async (server: RunningServer): Promise<string> => {
  await restClient(server.url, server.auth).action('echo', ECHO, { annotations: [{ key: 'web-export', value: true }] });
  return `${server.tlsUrl}/api/v1/web/guest/default/echo.json`;
};

describe('--tls', () => {
  test.each(drivers)(
    'curl over HTTP/2 and HTTP/1.1 with the self-signed certificate, REST and web actions; HTTP is open too (%s)',
    async driver => {
      if (driver === 'docker') await requireImage('nodejs:20');
      await using server = await start({ tls: true, driver });
      const url = await webEcho(server);
      const curl = async (...args: string[]): Promise<string> => (await run('curl', ['-sk', ...args])).stdout;
      const http2 = await curl('--http2', '-w', '\n%{http_version} %{http_code}', `${url}?a=1`);
      expect(http2).toMatch(/"a": "1"[\s\S]*\n2 200$/);
      expect(JSON.parse(http2.slice(0, http2.lastIndexOf('\n'))).body.__ow_headers).toMatchObject({
        host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      });
      expect(await curl('--http1.1', '-w', '\n%{http_version} %{http_code}', url)).toMatch(/\n1\.1 200$/);
      const invoked = await curl(
        '--http2',
        '-u',
        server.auth,
        '-X',
        'POST',
        '-H',
        'Content-Type: application/json',
        '-d',
        '{"x":1}',
        `${server.tlsUrl}/api/v1/namespaces/_/actions/echo?blocking=true&result=true`,
      );
      expect(JSON.parse(invoked)).toEqual({ body: { x: 1 } });
      expect(await curl(`${server.url}/ping`)).toBe('pong');
      const verified = await run('curl', [
        '-s',
        '--cacert',
        join(dir, 'data/tls-self-signed.pem'),
        '--resolve',
        `guest.localhost:${new URL(server.tlsUrl ?? '').port}:127.0.0.1`,
        `https://guest.localhost:${new URL(server.tlsUrl ?? '').port}/default/echo.text`,
      ]);
      expect(verified.stdout).toContain('__ow_method');
    },
  );

  test('the certificate is kept for its owner alone, and names the machine and vanity hosts', async () => {
    const first = await start({ tls: true });
    const certificate = await certificateAt(first.tlsUrl ?? '');
    await first.stop();
    const file = join(dir, 'data/tls-self-signed.pem');
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    for (const host of ['localhost', 'guest.localhost']) expect(certificate.checkHost(host)).toBeDefined();
    for (const ip of ['127.0.0.1', '::1']) expect(certificate.checkIP(ip)).toBeDefined();
    await using second = await start({ tls: true });
    expect((await certificateAt(second.tlsUrl ?? '')).fingerprint256).toBe(certificate.fingerprint256);
  });

  test('a large body both ways over one HTTP/2 connection, many requests at once', async () => {
    await using server = await start({ tls: true });
    const url = new URL(await webEcho(server));
    const session = connect(url.origin, { rejectUnauthorized: false });
    const body = JSON.stringify({ big: 'x'.repeat(400_000) });
    const replies = await Promise.all(Array.from({ length: 8 }, () => call(session, url.pathname, body)));
    for (const reply of replies) expect(JSON.parse(reply).body.big).toHaveLength(400_000);
    session.close();
  });

  test('a stop ends idle HTTP/2 connections and answers what is under way', async () => {
    const server = await start({ tls: true, grace: 20 });
    const rest = restClient(server.url, server.auth);
    await rest.action('later', 'const main = () => new Promise(d => setTimeout(d, 300, { body: "done" }))', {
      annotations: [{ key: 'web-export', value: true }],
    });
    const session = connect(server.tlsUrl ?? '', { rejectUnauthorized: false });
    const closed = new Promise<void>(resolve => session.once('close', () => resolve()));
    expect(await call(session, '/api/v1/web/guest/default/later')).toBe('done');
    const pending = call(session, '/api/v1/web/guest/default/later');
    await eventually(async () => ((await rest.get('/activation/count')).json === 1 ? true : undefined));
    await server.stop();
    expect(await pending).toBe('done');
    await closed;
  });
});

/** One request over a session; resolves to the body, rejects unless it is 200. */
const call = (session: ClientHttp2Session, path: string, body?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const stream = session.request({
      ':path': path,
      ':method': body === undefined ? 'GET' : 'POST',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    });
    const chunks: Buffer[] = [];
    stream.on('response', headers => {
      if (headers[':status'] !== 200) reject(new Error(`status ${headers[':status']}`));
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve(Buffer.concat(chunks).toString()));
    stream.on('error', reject);
    stream.end(body);
  });

const newConnection = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const client = request(url, { rejectUnauthorized: false, agent: false }, response => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
    });
    client.on('error', reject);
    client.end();
  });

describe('--tls-cert and --tls-key', () => {
  const fingerprint = (pair: KeyPair): string => new X509Certificate(pair.cert).fingerprint256;
  const files = () => ({ tlsCert: join(dir, 'cert.pem'), tlsKey: join(dir, 'key.pem') });

  /** Replaced by renaming, as certificate tools do. */
  const put = async (file: string, content: string): Promise<void> => {
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  };
  const write = async (pair: Partial<KeyPair>): Promise<void> => {
    if (pair.cert !== undefined) await put(files().tlsCert, pair.cert);
    if (pair.key !== undefined) await put(files().tlsKey, pair.key);
  };
  const pairs = () => Promise.all([1, 2, 3].map(() => selfSignedPair(undefined, 'localhost', Date.now())));

  test('a swap under load: new connections get the new certificate, no request is dropped', async () => {
    const [old, changed] = await pairs();
    await write(old ?? {});
    await using server = await start({ ...files() });
    const url = server.tlsUrl ?? '';
    expect((await certificateAt(url)).fingerprint256).toBe(fingerprint(old as KeyPair));

    const session = connect(url, { rejectUnauthorized: false });
    const failures: unknown[] = [];
    let answered = 0;
    let going = true;
    const load = async (one: () => Promise<string>): Promise<void> => {
      while (going) {
        try {
          expect(await one()).toMatch(/^(200|pong)$/);
          answered++;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const workers = [
      load(() => call(session, '/ping')),
      load(() => newConnection(`${url}/ping`)),
      load(() => newConnection(`${url}/ping`)),
    ];
    await write(changed ?? {});
    const seen = await eventually(async () => {
      const { fingerprint256 } = await certificateAt(url);
      return fingerprint256 === fingerprint(changed as KeyPair) ? fingerprint256 : undefined;
    });
    const before = answered;
    await eventually(() => (answered > before + 20 ? true : undefined));
    going = false;
    await Promise.all(workers);
    session.close();
    expect(seen).toBe(fingerprint(changed as KeyPair));
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(20);
  });

  test('half a swap changes nothing until the other half is there', async () => {
    const [old, changed, next] = await pairs();
    await write(old ?? {});
    await using server = await start({ ...files() });
    const url = server.tlsUrl ?? '';
    await write({ cert: changed?.cert ?? '' });
    // The next whole pair is taken: by then the half one was looked at and left.
    await write({ cert: next?.cert ?? '' });
    expect((await certificateAt(url)).fingerprint256).toBe(fingerprint(old as KeyPair));
    await write({ key: next?.key ?? '' });
    await eventually(async () =>
      (await certificateAt(url)).fingerprint256 === fingerprint(next as KeyPair) ? true : undefined,
    );
  });

  test('what cannot be used is refused at start, in one line', async () => {
    const [one, two] = await pairs();
    await write({ cert: one?.cert ?? '', key: two?.key ?? '' });
    await expect(start({ ...files() })).rejects.toThrow(/cannot be used with the key/);
    await expect(start({ tlsCert: files().tlsCert })).rejects.toThrow(UsageError);
    await expect(start({ ...files(), tlsKey: join(dir, 'none.pem') })).rejects.toThrow(/--tls-key cannot be read/);
    expect(await readFile(files().tlsCert, 'utf8')).toBe(one?.cert);
  });
});

test('a client that reads nothing cannot keep the server from stopping', async () => {
  const server = await start({ tls: true, grace: 0.2 });
  const session = connect(server.tlsUrl ?? '', { rejectUnauthorized: false });
  session.on('error', () => {});
  const status = await new Promise(resolve => {
    const stream = session.request({ ':path': '/api/v1/namespaces', ...basic(server.auth) });
    stream.on('error', () => {});
    stream.on('response', headers => resolve(headers[':status']));
  });
  expect(status).toBe(200);
  await server.stop();
  session.destroy();
});
