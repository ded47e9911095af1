import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { attach, type OutputSocket } from '../../../src/pool/drivers/kubernetes-attach.js';
import { eventually } from '../../support/rest.js';

const POD = { namespace: 'ns', name: 'a-pod', container: 'action' };

/** An API server, as far as attaching goes: each test says what its other end does. */
describe('attach', () => {
  let server: Server;
  let engine: WebSocketServer;
  let kube: KubeConfig;
  let asked: { readonly url: string; readonly protocols: string };
  let said: [string, string][];
  let closes: string[];
  const sockets: OutputSocket[] = [];

  beforeEach(async () => {
    said = [];
    closes = [];
    server = createServer();
    engine = new WebSocketServer({ noServer: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    kube = new KubeConfig();
    kube.loadFromClusterAndUser(
      { name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'u', token: 'secret' },
    );
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    for (const client of engine.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });

  const serve = (behave: (socket: WebSocket) => void): void => {
    server.on('upgrade', (request, socket, head) => {
      asked = { url: request.url ?? '', protocols: request.headers['sec-websocket-protocol'] ?? '' };
      engine.handleUpgrade(request, socket, head, behave);
    });
  };
  const open = async (): Promise<OutputSocket> => {
    const mine = closes;
    const socket = await attach(kube, POD, {
      data: (stream, chunk) => said.push([stream, chunk.toString()]),
      closed: () => mine.push('closed'),
    });
    sockets.push(socket);
    return socket;
  };
  const message = (channel: number, text = ''): Buffer => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);

  it('asks for both streams, and for the protocol that the node itself answers', async () => {
    serve(socket => socket.send(message(1)));
    await open();
    expect(asked).toEqual({
      url: '/api/v1/namespaces/ns/pods/a-pod/attach?container=action&stdout=true&stderr=true',
      protocols: 'v4.channel.k8s.io',
    });
  });

  it('keeps the streams apart, and drops what belongs to neither', async () => {
    let say: (data: Buffer) => void = () => {};
    serve(socket => {
      say = data => socket.send(data);
      socket.send(message(1));
    });
    const socket = await open();
    for (const one of [message(1, 'out'), Buffer.alloc(0), message(3, '{"status":"Success"}'), message(9, 'x')])
      say(one);
    say(message(2, 'err'));
    socket.resume();
    await eventually(() => (said.length === 2 ? true : undefined));
    expect(said).toEqual([
      ['stdout', 'out'],
      ['stderr', 'err'],
    ]);
  });

  it('says once that the connection has ended, also when it ends at once', async () => {
    serve(socket => socket.terminate());
    await open();
    await eventually(() => (closes.length === 1 ? true : undefined));
    server.removeAllListeners('upgrade');
    serve(socket => socket.send(message(1)));
    const socket = await open();
    socket.close();
    await eventually(() => (closes.length === 2 ? true : undefined));
  });

  it('does without the first message when none comes', async () => {
    serve(() => {});
    await open();
    expect(closes).toEqual([]);
  });

  it('rejects with what the API answered', async () => {
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
    await expect(open()).rejects.toThrow('the API answered 403');
  });

  it('rejects when nothing listens', async () => {
    await new Promise(resolve => server.close(resolve));
    await expect(open()).rejects.toThrow(/ECONNREFUSED/);
  });
});
