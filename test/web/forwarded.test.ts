import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { createForwarded } from '../../src/web/forwarded.js';

const request = (peer: string, headers: Record<string, string>, encrypted = false): IncomingMessage =>
  ({ socket: { remoteAddress: peer, encrypted }, headers }) as unknown as IncomingMessage;

const sent = {
  host: 'inner:3233',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'outer.example',
  'x-forwarded-for': '9.9.9.9, 8.8.8.8',
};

describe('X-Forwarded-*', () => {
  test.each([
    ['10.1.2.3', '10.0.0.0/8'],
    ['::ffff:10.1.2.3', '10.0.0.0/8, 192.168.0.1'],
    ['fd00::7', 'fd00::/16'],
    ['127.0.0.1', '::1 127.0.0.1'],
  ])('from %s is believed with --trust-proxy %s', (peer, trusted) => {
    expect(createForwarded(trusted).host(request(peer, sent))).toBe('outer.example');
    expect(createForwarded(trusted)(request(peer, sent))).toEqual({
      proto: 'https',
      host: 'outer.example',
      port: '443',
      address: '9.9.9.9',
      chain: `9.9.9.9, 8.8.8.8, ${peer.replace('::ffff:', '')}`,
    });
  });

  test.each([undefined, '10.0.0.1', '192.168.0.0/16'])('from 10.1.2.3 it is not with %s', trusted => {
    expect(createForwarded(trusted)(request('10.1.2.3', sent))).toEqual({
      proto: 'http',
      host: 'inner:3233',
      port: '3233',
      address: '10.1.2.3',
      chain: '10.1.2.3',
    });
  });

  test('HTTP/2’s authority, on TLS', () => {
    const forwarded = createForwarded(undefined)(request('1.2.3.4', { ':authority': 'a.localhost' }, true));
    expect(forwarded).toMatchObject({ proto: 'https', host: 'a.localhost', port: '443' });
  });

  test.each(['proxy.example', '10.0.0.0/40', '10.0.0.0/x', '1.2.3'])('%s is refused at start', list => {
    expect(() => createForwarded(list)).toThrow(UsageError);
  });
});
