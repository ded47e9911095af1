import { describe, expect, it } from 'vitest';
import { describeDocker } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { torture } from './torture.js';

/** `npm run torture` sets these; CI takes the defaults. */
const { TORTURE_ROUNDS, TORTURE_SEED, TORTURE_DRIVER } = process.env;
const rounds = Number(TORTURE_ROUNDS ?? 20);
const seed = Number(TORTURE_SEED ?? 1);
const byHand = TORTURE_ROUNDS !== undefined;

/** CI has a minute and a half for both drivers: there are fewer calls and containers then, not fewer kills. */
const LOAD = { docker: { calls: 12, memory: 512 }, process: { calls: 20, memory: 1024 } };

const suite = (driver: 'docker' | 'process'): void => {
  it(`${rounds} kills, everything accepted has exactly one record`, {
    timeout: 120_000 + rounds * 30_000,
  }, async () => {
    if (driver === 'docker') await requireImage('nodejs:20');
    const tell = byHand ? (line: string) => process.stdout.write(`${driver} ${line}\n`) : undefined;
    const load = byHand ? {} : LOAD[driver];
    const { ends, accepted, ...report } = await torture({ driver, rounds, seed, ...load, ...(tell && { tell }) });
    process.stdout.write(
      `${driver}: ${rounds} rounds, seed ${seed}: ${JSON.stringify({ accepted, ...report, ends })}\n`,
    );
    expect(report).toEqual({ lost: [], doubled: [], wrong: [], orphans: [], open: 0 });
    expect(accepted).toBeGreaterThan(rounds);
  });
};

const wanted = (driver: string): boolean => TORTURE_DRIVER === undefined || TORTURE_DRIVER === driver;

if (wanted('process')) describe('killed again and again, as processes', () => suite('process'));
if (wanted('docker')) describeDocker('killed again and again, in Docker', () => suite('docker'));
