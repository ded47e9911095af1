import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingProgram } from '../contract/runtime-proxy.js';
import { languages } from '../runtimes/languages.js';
import { describeDocker } from '../support/docker.js';
import { imageName, requireImage } from '../support/images.js';
import { restClient } from '../support/rest.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Compilers and first images take their time on a busy machine. */
const SLOW = 180_000;

/** Every language through the whole server, with the memory and the time that an action has by default. */
const suite = (driver: 'docker' | 'process'): void => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ driver });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  for (const language of languages) {
    const { kind, kit: code, main, name } = language;
    const isImage = kind === 'skeleton';
    if (driver === 'process' && isImage) continue;
    it(
      kind,
      async context => {
        if (driver === 'docker') await requireImage(kind);
        const missing = driver === 'process' ? await missingProgram(kind) : undefined;
        if (missing !== undefined) return context.skip(missing);
        const rest = restClient(server.url, server.auth);
        const exec = isImage ? { kind: 'blackbox', image: await imageName(kind), code } : { kind, code, main };
        const made = await rest.put(`_/actions/${name}`, { exec });
        expect(made.status, made.text).toBe(200);
        for (const value of ['first ☃', 'second']) {
          const { json } = await rest.post(`_/actions/${name}?blocking=true`, { op: 'echo', value });
          expect(json.response, JSON.stringify(json)).toMatchObject({ status: 'success', result: { value } });
        }
      },
      SLOW,
    );
  }
};

describe('every language as a process', () => suite('process'));
describeDocker('every language in Docker', () => suite('docker'));
