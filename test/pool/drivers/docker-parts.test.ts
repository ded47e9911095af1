import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputStream } from '../../../src/pool/driver.js';
import { engineAddress } from '../../../src/pool/drivers/docker-host.js';
import { FrameReader } from '../../../src/pool/drivers/docker-output.js';
import { createGate } from '../../../src/pool/drivers/gate.js';
import { withTag } from '../../../src/pool/drivers/image-pull.js';
import { eachJson } from '../../../src/pool/drivers/json-lines.js';

describe('FrameReader', () => {
  const frame = ([stream, text]: readonly [OutputStream, string]): Buffer => {
    const payload = Buffer.from(text);
    const header = Buffer.alloc(8);
    header[0] = stream === 'stdout' ? 1 : 2;
    header.writeUInt32BE(payload.length, 4);
    return Buffer.concat([header, payload]);
  };

  it('gives each stream its bytes in order, however the frames were chunked', () => {
    const piece = fc.tuple(fc.constantFrom<OutputStream>('stdout', 'stderr'), fc.string({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(30), { maxLength: 100 }), (frames, sizes) => {
        const whole = Buffer.concat(frames.map(frame));
        const got: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] };
        const reader = new FrameReader((stream, bytes) => got[stream].push(bytes));
        let at = 0;
        for (const size of [...sizes, whole.length]) {
          reader.feed(whole.subarray(at, at + size));
          at += size;
        }
        for (const stream of ['stdout', 'stderr'] as const) {
          const expected = frames.flatMap(([s, text]) => (s === stream ? [text] : [])).join('');
          expect(Buffer.concat(got[stream]).toString()).toBe(expected);
        }
      }),
    );
  });
});

describe('engineAddress', () => {
  it.each([
    ['unix:///run/x.sock', { socketPath: '/run/x.sock' }],
    ['npipe:////./pipe/docker_engine', { socketPath: '//./pipe/docker_engine' }],
    ['tcp://10.0.0.5:2375', { host: '10.0.0.5', port: 2375, protocol: 'http' }],
    ['tcp://engine.example', { host: 'engine.example', port: 2375, protocol: 'http' }],
    ['tcp://[::1]:1234', { host: '::1', port: 1234, protocol: 'http' }],
    ['tcp://engine.example:2376', { host: 'engine.example', port: 2376, protocol: 'https' }],
    ['https://engine.example', { host: 'engine.example', port: 2376, protocol: 'https' }],
  ])('reads %s', (host, address) => expect(engineAddress(host)).toEqual(address));

  it.each(['ssh://me@host', 'tcp://', 'host:2375', 'unix://', 'tcp://a:b'])('refuses %s', host => {
    expect(() => engineAddress(host)).toThrow(`Bad Docker host '${host}': expected unix:///path/to/docker.sock`);
  });

  it('falls back to a usual socket', () => {
    for (const host of [undefined, '']) expect(engineAddress(host)).toHaveProperty('socketPath');
  });
});

describe('withTag', () => {
  it.each([
    ['thing', 'thing:latest'],
    ['team/thing:1', 'team/thing:1'],
    ['host:5000/thing', 'host:5000/thing:latest'],
    ['host:5000/team/thing:1.2', 'host:5000/team/thing:1.2'],
    ['thing@sha256:abc', 'thing@sha256:abc'],
  ])('%s', (image, tagged) => expect(withTag(image)).toBe(tagged));
});

describe('createGate', () => {
  it('never lets in more than its width, keeps the order, and goes on after failures', async () => {
    const gate = createGate(() => 2);
    const order: number[] = [];
    const ends: (() => void)[] = [];
    let inside = 0;
    let most = 0;
    const tasks = [0, 1, 2, 3, 4].map(n =>
      gate(async () => {
        order.push(n);
        most = Math.max(most, ++inside);
        await new Promise<void>(resolve => ends.push(resolve));
        inside--;
        if (n === 1) throw new Error('one');
        return n;
      }).catch((error: Error) => error.message),
    );
    for (let i = 0; i < 5; i++) {
      while (ends.length <= i) await Promise.resolve();
      ends[i]?.();
    }
    expect(await Promise.all(tasks)).toEqual([0, 'one', 2, 3, 4]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
  });

  it('lets more in as soon as it is wider, and waits when it is narrower', async () => {
    let width = 1;
    const gate = createGate(() => width);
    const ends: (() => void)[] = [];
    const tasks = [0, 1, 2, 3, 4, 5].map(() => gate(() => new Promise<void>(resolve => ends.push(resolve))));
    const settled = (): Promise<void> => new Promise(setImmediate);
    await settled();
    expect(ends).toHaveLength(1);
    width = 3;
    ends[0]?.();
    await settled();
    expect(ends).toHaveLength(4);
    width = 1;
    ends[1]?.();
    ends[2]?.();
    await settled();
    expect(ends).toHaveLength(4);
    ends[3]?.();
    await settled();
    expect(ends).toHaveLength(5);
    ends[4]?.();
    await settled();
    ends[5]?.();
    await Promise.all(tasks);
  });
});

describe('eachJson', () => {
  it('reads objects however they were chunked, the last without a line end', async () => {
    const stream = new PassThrough();
    const seen: unknown[] = [];
    const done = eachJson(stream, value => seen.push(value));
    for (const byte of Buffer.from('{"a":"é"}\n\n{"b":2}\r\n{"c":3}')) stream.write(Buffer.from([byte]));
    stream.end();
    await done;
    expect(seen).toEqual([{ a: 'é' }, { b: 2 }, { c: 3 }]);
  });

  it('rejects when the stream breaks or holds something else', async () => {
    const broken = new PassThrough();
    const reading = eachJson(broken, () => {});
    broken.destroy(new Error('gone'));
    await expect(reading).rejects.toThrow('gone');
    const wrong = new PassThrough();
    const parsing = eachJson(wrong, () => {});
    wrong.end('nonsense\n');
    await expect(parsing).rejects.toThrow(SyntaxError);
  });
});
