import { describe, expect, test } from 'vitest';
import { web as text } from '../../src/messages.js';
import { dockerExpected } from '../support/docker.js';
import { requireImage } from '../support/images.js';
import { webServer } from '../support/web.js';

const SLOW = 'const main = () => new Promise(done => setTimeout(done, 62000, { body: "late" }))';

describe('4.5 an action that takes longer than a web request waits', () => {
  const drivers = dockerExpected ? (['process', 'docker'] as const) : (['process'] as const);
  test.concurrent.each(drivers)(
    '202 with the id after 60 s, %s driver; the record comes',
    { timeout: 100_000 },
    async driver => {
      if (driver === 'docker') await requireImage('nodejs:20');
      await using server = await webServer({ driver });
      await server.web('slow', SLOW, {}, [], { timeout: 90_000 });
      const reply = await server.call('guest/default/slow');
      expect([reply.status, reply.json.error]).toEqual([202, text.notReady]);
      expect(reply.headers['access-control-allow-origin']).toBe('*');
      const id = String(reply.headers['x-openwhisk-activation-id']);
      expect(await server.record(id)).toMatchObject({ activationId: id, response: { result: { body: 'late' } } });
    },
  );
});
