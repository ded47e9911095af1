import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { cases, contexts, type Language, type Mode } from '../contract/runtime.js';
import { type Launch, launchDocker, launchProcess, missingProgram } from '../contract/runtime-proxy.js';
import { docker, dockerExpected } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { languages } from './languages.js';
import { Matrix } from './matrix.js';

/** Compilers and first images take their time on a busy machine. */
const SLOW = 180_000;
const MODES: readonly Mode[] = ['process', 'docker'];

const matrix = new Matrix(cases, languages, MODES);
const cache = await mkdtemp(path.join(tmpdir(), 'contract-cache-'));

afterAll(async () => {
  await rm(cache, { recursive: true, force: true });
  if (dockerExpected) await docker('volume', 'rm', '--force', volume);
  console.log(`\n${matrix.text()}\n`);
});

const volume = `miniwhisk-contract-${process.pid}`;

const suite = (language: Language, mode: Mode, launch: Launch): void => {
  const made = contexts(language, mode, launch);
  afterAll(() => made.close());
  for (const one of cases) {
    const reason = one.only && one.only[0] !== mode ? one.only[1] : language.cannot[one.id];
    if (reason !== undefined) {
      matrix.set(one, language, mode, { state: 'cannot', reason });
      continue;
    }
    it(
      `${one.id}: ${one.title}`,
      async () => {
        matrix.set(one, language, mode, { state: 'failed' });
        await made.run(one);
        matrix.set(one, language, mode, { state: 'ok' });
      },
      SLOW,
    );
  }
};

for (const language of languages) {
  const noProcess = language.noProcess ?? (await missingProgram(language.kind));
  if (noProcess === undefined) {
    describe(`${language.kind} as a process`, () => suite(language, 'process', launchProcess(language.kind, cache)));
  } else {
    for (const one of cases) matrix.set(one, language, 'process', { state: 'cannot', reason: noProcess });
    if (!language.noProcess)
      describe.skip(`${language.kind} as a process: ${noProcess}`, () => it('needs its program', () => {}));
  }
  const inDocker = (): void => {
    it(`its image is built`, () => requireImage(language.kind), SLOW * 4);
    suite(language, 'docker', launchDocker(language.kind, language.cache ? volume : undefined));
  };
  if (dockerExpected) describe(`${language.kind} in Docker`, inDocker);
  else describe.skip(`${language.kind} in Docker (no Docker engine answers)`, inDocker);
}
