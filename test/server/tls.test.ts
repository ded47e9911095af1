import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { listenTls } from '../../src/server/tls.js';
import { selfSignedPair } from '../../src/server/tls-certificate.js';

test('an HTTP/1.1 connection is kept for the next request, and closed when none comes', async () => {
  const pair = await selfSignedPair(undefined, '127.0.0.1', Date.now());
  const server = await listenTls((_, res) => void res.end('x'), '127.0.0.1', 0, pair, 300);
  const socket = connect({ port: server.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  const closed = once(socket, 'close');
  for (let n = 0; n < 2; n++) {
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*keep-alive/i);
  }
  await closed;
  await server.stop();
});
