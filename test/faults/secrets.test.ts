import { expect, it } from 'vitest';
import { launchServer } from '../support/launch.js';
import { restClient } from '../support/rest.js';

it('keys, parameters, payloads and code never reach the log', { timeout: 60_000 }, async () => {
  const args = ['--memory', '--driver', 'process', '--no-prewarm', '--log-format', 'json', '--log-level', 'trace'];
  const server = await launchServer(args);
  const rest = restClient(server.url, server.auth);
  const code = 'const main = args => { if (args.fail) throw new Error("CODESECRET"); return args; }';
  const body = {
    exec: { kind: 'nodejs:20', code },
    parameters: [
      { key: 'plain', value: 'PARAMSECRET' },
      { key: 'ENV', value: 'INITSECRET', init: true },
    ],
    annotations: [
      { key: 'web-export', value: true },
      { key: 'require-whisk-auth', value: 'ANNOTATIONSECRET' },
    ],
  };
  expect((await rest.put('_/actions/secret', body)).status).toBe(200);
  expect((await rest.post('_/actions/secret?blocking=true', { given: 'PAYLOADSECRET' })).status).toBe(200);
  await rest.post('_/actions/secret?blocking=true', { fail: true, given: 'PAYLOADSECRET' });
  await rest.post('_/actions/secret', { given: 'PAYLOADSECRET' });
  await rest.post('_/actions/secret', '{"given":"PAYLOADSECRET"');
  await rest.put('_/actions/broken', { exec: { kind: 'nodejs:20', code: 'CODESECRET(' } });
  await rest.post('_/actions/broken?blocking=true', { given: 'PAYLOADSECRET' });
  await rest.put('_/triggers/t', { parameters: [{ key: 'x', value: 'PARAMSECRET' }] });
  await rest.post('_/triggers/t', { given: 'PAYLOADSECRET' });
  await rest.get('/api/v1/web/guest/default/secret.json?q=PAYLOADSECRET', {
    headers: { 'x-require-whisk-auth': 'ANNOTATIONSECRET' },
  });
  await rest.get('_/actions', { auth: 'nobody:WRONGSECRET' });
  await rest.get('_/actions/missing?x=PAYLOADSECRET');
  const { stderr, stdout } = await server.kill('SIGTERM');
  const [uuid, key] = server.auth.split(':') as [string, string];
  expect(stderr).not.toMatch(/SECRET/);
  for (const secret of [key, Buffer.from(server.auth).toString('base64')]) expect(stderr).not.toContain(secret);
  // The line to copy at the start is meant to be seen by who started the server.
  expect(stdout).toContain(uuid);
});
