import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';
import { fuzz, schemathesis } from './schemathesis.js';

const CONFIG = `
[parameters]
"path.namespace" = "_"

[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "502"]
`;

const { FUZZ_CASES = '15', FUZZ_SEED = '1' } = process.env;

it('no request the served document allows, or forbids, is a server error', { timeout: 600_000 }, async ctx => {
  const program = await schemathesis();
  if (program === undefined) {
    const remedy = 'pip install -r test/fuzz/requirements.txt, in a virtual environment that SCHEMATHESIS names';
    if (process.env['CI'] === 'true') throw new Error(`CI needs schemathesis: ${remedy}`);
    ctx.skip(`no schemathesis here: ${remedy}`);
    return;
  }
  const dir = mkdtempSync(join(tmpdir(), 'mw-fuzz-'));
  try {
    const config = join(dir, 'schemathesis.toml');
    writeFileSync(config, CONFIG);
    await using server = await launchServer([
      '--memory',
      '--driver',
      'process',
      '--no-prewarm',
      '--log-format',
      'json',
    ]);
    const report = await fuzz(program, `${server.url}/api/v1/api-docs`, {
      auth: server.auth,
      config,
      seed: Number(FUZZ_SEED),
      cases: Number(FUZZ_CASES),
    });
    process.stdout.write(`schemathesis: ${report.cases} cases, seed ${FUZZ_SEED}\n`);
    expect(report.passed, report.text).toBe(true);
    expect(report.cases).toBeGreaterThan(500);
    expect((await restClient(server.url, server.auth).get('/ping')).text).toBe('pong');
    const { stderr, code } = await server.kill('SIGTERM');
    expect([code, stderr.split('\n').filter(line => line.includes('"level":50'))]).toEqual([0, []]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
