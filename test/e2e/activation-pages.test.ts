import { expect, it } from 'vitest';
import { query as text } from '../../src/messages.js';
import { activation, open, testDir } from '../store/fixtures.js';
import { restClient } from '../support/rest.js';
import { startTestServer } from '../support/server.js';

it('whole records too large for one answer: 413, and fewer of them are answered', async () => {
  using dir = testDir();
  const store = await open(dir.path);
  const logs = [`${'x'.repeat(10_000_000)}`];
  for (let n = 0; n < 8; n++) store.activations.put(activation(n, { logs }));
  await store.close();
  await using server = await startTestServer({ dataDir: dir.path });
  const rest = restClient(server.url, server.auth);
  const refused = await rest.get('_/activations?docs=true&limit=200');
  expect([refused.status, refused.json.error]).toEqual([413, text.pageTooLarge(77, 64)]);
  expect((await rest.get('_/activations?docs=true&limit=6')).json).toHaveLength(6);
  expect((await rest.get('_/activations?docs=true&limit=200&skip=2')).json).toHaveLength(6);
  expect((await rest.get('_/activations?limit=200')).json).toHaveLength(8);
});
