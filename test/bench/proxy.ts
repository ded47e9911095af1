import { once } from 'node:events';
import Koa from 'koa';
import { Client } from 'undici';

/**
 * The least that a server of koa and undici can do: it hands each request on to one container and its answer back, both read
 * as JSON, and does nothing else. `node proxy.js TARGET` prints its port, and ends with its standard input.
 */
const target = JSON.parse(process.argv[2] ?? '') as { host: string; port: number } | { socketPath: string };
const client =
  'socketPath' in target
    ? new Client('http://localhost', { socketPath: target.socketPath, pipelining: 1 })
    : new Client(`http://${target.host}:${target.port}`, { pipelining: 1 });

const call = (body: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const headers = ['content-type', 'application/json', 'accept', 'application/json'];
    client.dispatch(
      { path: '/run', method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve(Buffer.concat(chunks)),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });

const app = new Koa();
app.use(async ctx => {
  const chunks: Buffer[] = [];
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const answer: unknown = JSON.parse((await call(JSON.stringify({ value }))).toString('utf8'));
  ctx.type = 'application/json';
  ctx.body = JSON.stringify({ response: { result: answer } });
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
