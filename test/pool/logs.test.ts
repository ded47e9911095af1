import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logs as text } from '../../src/messages.js';
import type { OutputListener, OutputStream } from '../../src/pool/driver.js';
import { LineCutter, SENTINEL } from '../../src/pool/log-lines.js';
import { formatLogLine, LogCollector } from '../../src/pool/logs.js';
import { FakeClock } from '../support/fake-clock.js';

const MB = 1024 * 1024;
const END = `${SENTINEL}\n`;
const T = Date.UTC(2016, 10, 7, 21, 56, 18);
const AT = '2016-11-07T21:56:18.000000000Z';

const setup = (sentinels = true) => {
  let listener: OutputListener = () => {};
  const clock = new FakeClock();
  const collector = new LogCollector(
    {
      onOutput: l => {
        listener = l;
      },
    },
    { sentinels, clock },
  );
  const print = (stream: OutputStream, what: string | Buffer, time = T): void =>
    listener(stream, Buffer.isBuffer(what) ? what : Buffer.from(what), time);
  const end = (): void => {
    print('stdout', END);
    print('stderr', END);
  };
  return { collector, clock, print, end };
};

/** Whether a promise has settled after all microtasks. */
const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const open = Symbol('open');
  await Promise.resolve();
  return (await Promise.race([promise, Promise.resolve().then(() => open)])) !== open;
};

describe('formatLogLine', () => {
  it('pads the timestamp to 30 characters', () => {
    expect(formatLogLine(T, 'stdout', 'hello')).toBe(`${AT} stdout: hello`);
    expect(formatLogLine(T + 7, 'stderr', '')).toBe('2016-11-07T21:56:18.007000000Z stderr: ');
  });
});

describe('LineCutter', () => {
  const cutAll = (chunks: readonly Buffer[], limit: number): string[] => {
    const found: string[] = [];
    let room = limit;
    const cutter = new LineCutter({
      room: () => room,
      line: line => {
        const fits = line.length <= room;
        found.push(fits ? `line ${line.toString('latin1')}` : `cut ${line.toString('latin1', 0, room)}`);
        room = fits ? room - line.length : -1;
      },
      end: () => {
        found.push('end');
        room = limit;
      },
    });
    for (const chunk of chunks) cutter.feed(chunk);
    cutter.flush();
    return found;
  };

  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('\n', 'a', 'bcd', '\n\n', 'é', 'X', 'XXX', 'XXX_THE_END', '\r', '😀') },
    { weight: 2, arbitrary: fc.constantFrom(END, SENTINEL, `x${SENTINEL}\r\n`, `${SENTINEL}y`) },
    { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
  );
  const stream = fc.array(piece, { maxLength: 30 }).map(parts => Buffer.from(parts.join('')));
  const cuts = fc.array(fc.nat(60), { maxLength: 80 });

  const chop = (whole: Buffer, sizes: readonly number[]): Buffer[] => {
    const chunks: Buffer[] = [];
    let at = 0;
    for (const size of sizes) {
      chunks.push(whole.subarray(at, at + size));
      at += size;
    }
    return [...chunks, whole.subarray(at)];
  };

  it('finds the same lines and sentinels however the stream is chunked', () => {
    fc.assert(
      fc.property(stream, cuts, fc.constantFrom(5, 40, 100, 1_000_000), (whole, sizes, limit) => {
        expect(cutAll(chop(whole, sizes), limit)).toEqual(cutAll([whole], limit));
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds what splitting the whole text finds', () => {
    fc.assert(
      fc.property(stream, cuts, (whole, sizes) => {
        const parts = whole.toString('latin1').split(SENTINEL);
        const expected: string[] = [];
        parts.forEach((part, i) => {
          const own = i === 0 ? part : part.replace(/^(\r\n|\n|\r)/, '');
          const lines = own.split('\n');
          const rest = lines.pop() as string;
          expected.push(...lines.map(l => `line ${l}`));
          if (rest !== '') expected.push(`line ${rest}`);
          if (i < parts.length - 1) expected.push('end');
        });
        expect(cutAll(chop(whole, sizes), 1_000_000)).toEqual(expected);
      }),
      { numRuns: 2_000, examples: [[Buffer.from(`${SENTINEL}\r\r\n`), [38]]] },
    );
  });
});

describe('LogCollector', () => {
  it('answers at once when both sentinels are in', async () => {
    const { collector, clock, print, end } = setup();
    collector.begin(MB);
    print('stdout', 'one\ntwo\n');
    print('stderr', 'three\n');
    end();
    expect(await collector.collect({ strict: true })).toEqual({
      lines: [`${AT} stdout: one`, `${AT} stdout: two`, `${AT} stderr: three`],
      failed: false,
    });
    expect(clock.pending).toBe(0);
  });

  it('waits for the sentinel of the other stream', async () => {
    const { collector, clock, print } = setup();
    collector.begin(MB);
    print('stdout', `a\n${END}`);
    const collected = collector.collect({ strict: true });
    expect(await settled(collected)).toBe(false);
    print('stderr', `b\n${END}`);
    expect((await collected).lines).toEqual([`${AT} stdout: a`, `${AT} stderr: b`]);
    expect(clock.pending).toBe(0);
  });

  it('keeps the two streams in the order of their line ends', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    print('stdout', '1 ');
    print('stderr', '2\n');
    print('stdout', '3\n');
    print('stderr', '4\n');
    end();
    const { lines } = await collector.collect({ strict: true });
    expect(lines.map(l => l.slice(AT.length + 1))).toEqual(['stderr: 2', 'stdout: 1 3', 'stderr: 4']);
  });

  it('decodes characters split over chunks, strips a carriage return, keeps empty lines', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    const bytes = Buffer.from('zwölf 😀\r\n\n');
    for (const byte of bytes) print('stdout', Buffer.from([byte]));
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: zwölf 😀`, `${AT} stdout: `]);
  });

  it('gives what comes after the sentinel to the next activation', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    print('stdout', `mine\n${END}late\n`);
    print('stderr', END);
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: mine`]);
    collector.begin(MB);
    print('stdout', 'next\n');
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: late`, `${AT} stdout: next`]);
  });

  it('lets the next run begin while the last one is still being collected', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    print('stdout', `a\n${END}`);
    const first = collector.collect({ strict: true });
    collector.begin(MB);
    print('stdout', `b\n${END}`);
    const second = collector.collect({ strict: true });
    print('stderr', `${END}c\n${END}`);
    expect((await first).lines).toEqual([`${AT} stdout: a`]);
    expect((await second).lines).toEqual([`${AT} stdout: b`, `${AT} stderr: c`]);
    collector.begin(MB);
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([]);
  });

  it('does not wait for the sentinels of a run that was silent', async () => {
    const { collector, clock, print, end } = setup();
    for (let i = 0; i < 3; i++) {
      collector.begin(MB);
      expect(await settled(collector.collect({ strict: true, silent: true }))).toBe(true);
    }
    collector.begin(MB);
    print('stdout', 'mine\n');
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: mine`]);
    expect(collector.sentinelsOptional).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('keeps silent runs apart from one that still waits for its sentinels', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    const first = collector.collect({ strict: true });
    collector.begin(MB);
    expect(await collector.collect({ strict: true, silent: true })).toEqual({ lines: [], failed: false });
    print('stdout', 'first\n');
    end();
    expect((await first).lines).toEqual([`${AT} stdout: first`]);
    collector.begin(MB);
    print('stdout', 'third\n');
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: third`]);
    expect(collector.sentinelsOptional).toBe(true);
  });

  it('believes no container that says so wrongly a second time, and loses nothing it printed', async () => {
    const { collector, print } = setup();
    collector.begin(MB);
    print('stderr', 'half a line');
    const { lines } = await collector.collect({ strict: true, silent: true });
    expect(lines).toEqual([`${AT} stderr: half a line`]);
    expect(collector.sentinelsOptional).toBe(false);
  });

  it('forgets a sentinel the user printed', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    print('stdout', `fake\n${END}`);
    print('stderr', END);
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: fake`]);
    collector.begin(MB);
    print('stdout', 'mine\n');
    const collected = collector.collect({ strict: true });
    expect(await settled(collected)).toBe(false);
    end();
    expect((await collected).lines).toEqual([`${AT} stdout: mine`]);
  });

  it('keeps no more than two activations may when a function prints sentinels again and again', async () => {
    const limit = 1_000;
    const { collector, clock, print, end } = setup();
    collector.begin(limit);
    for (let i = 0; i < 1_000; i++) print('stdout', `${'x'.repeat(100)}\n`.repeat(20) + END);
    end();
    const full = (await collector.collect({ strict: true })).lines;
    for (let i = 0; i < 1_000; i++) print('stderr', `late ${'x'.repeat(100)}\n${END}`);
    collector.begin(limit);
    print('stdout', 'own\n');
    end();
    const next = await collector.collect({ strict: true });
    expect(next.failed).toBe(false);
    expect([full, next.lines].map(lines => lines.at(-1))).toEqual(
      Array(2).fill(`${AT} stderr: ${text.truncated(limit)}`),
    );
    expect(next.lines.length).toBeLessThan(2 * full.length + 2);
    collector.begin(limit);
    print('stdout', 'own\n');
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: own`]);
    expect(clock.pending).toBe(0);
  });

  it('leaves a sentinel out wherever the function prints it, and loses no line around it', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    print('stdout', `a\nb${END}c\nd${SENTINEL}e\n`);
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: a`, `${AT} stdout: b`]);
    collector.begin(MB);
    end();
    const { lines } = await collector.collect({ strict: true });
    expect(lines).toEqual(['c', 'd', 'e'].map(line => `${AT} stdout: ${line}`));
  });

  it('ends each of several runs at once though one of them prints sentinels', async () => {
    const { collector, clock, print, end } = setup();
    for (let i = 0; i < 3; i++) collector.begin(MB);
    for (let i = 1; i <= 5; i++) print('stdout', `${i}\n${END}`);
    const first = collector.collect({ strict: true });
    end();
    collector.begin(MB);
    print('stdout', 'late\n');
    for (let i = 0; i < 3; i++) end();
    const others = [1, 2, 3].map(() => collector.collect({ strict: true }));
    const found = (await Promise.all([first, ...others])).map(({ lines, failed }) => {
      expect(failed).toBe(false);
      return lines.map(line => line.slice(AT.length + 9));
    });
    expect(found).toEqual([['1'], ['2'], ['3'], ['4', '5', 'late']]);
    expect(clock.pending).toBe(0);
  });

  it('gives up after 2 s without output and says so', async () => {
    const { collector, clock, print, end } = setup();
    collector.begin(MB);
    const collected = collector.collect({ strict: true });
    clock.advance(1_500);
    print('stdout', 'slow');
    clock.advance(1_999);
    expect(await settled(collected)).toBe(false);
    clock.advance(1);
    expect(await collected).toEqual({ lines: [`${AT} stdout: slow`], failed: true });
    end();
    collector.begin(MB);
    print('stdout', 'own\n');
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: own`]);
    expect(clock.pending).toBe(0);
  });

  it('waits no longer than 2 s per MB of the limit, 10 s at least, for a stream that never ends', async () => {
    for (const [limit, seconds] of [
      [MB, 10],
      [8 * MB, 16],
    ] as const) {
      const { collector, clock, print } = setup();
      collector.begin(limit);
      const collected = collector.collect({ strict: true });
      for (let s = 1; s < seconds; s++) {
        clock.advance(1_000);
        print('stdout', 'more\n');
      }
      expect(await settled(collected)).toBe(false);
      clock.advance(1_000);
      expect(await collected).toMatchObject({ failed: true });
    }
  });

  it('takes what there is, soon and without a complaint, when no sentinel is due', async () => {
    const { collector, clock, print } = setup(false);
    expect(collector.separable).toBe(false);
    collector.begin(MB);
    print('stdout', 'a\nhalf');
    const collected = collector.collect({ strict: false });
    print('stderr', 'b\n');
    clock.advance(20);
    expect(await collected).toEqual({
      lines: [`${AT} stdout: a`, `${AT} stderr: b`, `${AT} stdout: half`],
      failed: false,
    });
    expect(clock.pending).toBe(0);
  });

  it('learns that a runtime prints sentinels', async () => {
    const { collector, end } = setup(false);
    collector.begin(MB);
    end();
    expect(await settled(collector.collect({ strict: false }))).toBe(true);
    expect(collector.separable).toBe(true);
  });

  it('keeps nothing with limit 0', async () => {
    const { collector, print, end, clock } = setup();
    for (let i = 0; i < 2; i++) {
      collector.begin(0);
      print('stdout', 'a\n');
      expect(await collector.collect({ strict: true })).toEqual({ lines: [], failed: false });
      end();
    }
    expect(clock.pending).toBe(0);
  });

  it('cuts at the limit, says so once as the last line, and starts anew with the next activation', async () => {
    const { collector, print, end } = setup();
    collector.begin(1101);
    for (let i = 0; i < 100; i++) print(i % 2 ? 'stdout' : 'stderr', `${'é'.repeat(100)}\n`);
    end();
    const { lines, failed } = await collector.collect({ strict: true });
    expect(failed).toBe(false);
    expect(lines).toHaveLength(6);
    expect(lines[4]).toMatch(/: é{50}$/);
    expect(lines.at(-1)).toBe(`${AT} stderr: ${text.truncated(1101)}`);
    collector.begin(1101);
    print('stdout', 'ok\n');
    end();
    expect((await collector.collect({ strict: true })).lines).toEqual([`${AT} stdout: ok`]);
  });

  it('keeps the beginning of one line that is longer than the limit', async () => {
    const { collector, print, end } = setup();
    collector.begin(1000);
    for (let i = 0; i < 50; i++) print('stdout', 'x'.repeat(100));
    end();
    const { lines } = await collector.collect({ strict: true });
    expect(lines).toEqual([`${AT} stdout: ${'x'.repeat(960)}`, `${AT} stderr: ${text.truncated(1000)}`]);
  });

  it('does not grow with what is printed', async () => {
    const { collector, print, end } = setup();
    collector.begin(MB);
    const chunk = Buffer.from('0123456789abcde\n'.repeat(4096));
    print('stdout', chunk);
    const before = process.memoryUsage();
    for (let i = 0; i < 16_384; i++) print('stdout', chunk);
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(64 * MB);
    end();
    const { lines } = await collector.collect({ strict: true });
    expect(lines.length).toBeLessThan(MB / 55 + 3);
    expect(lines.at(-1)).toContain(text.truncated(MB));
  });
});
