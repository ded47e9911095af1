import Koa from 'koa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../src/log.js';
import { defaultText } from '../../src/messages.js';
import { type Listening, listen } from '../../src/server/listen.js';
import { errorReplies } from '../../src/server/middleware/errors.js';
import { transactions } from '../../src/server/middleware/transaction.js';
import { webActions } from '../../src/web/middleware.js';
import { http } from '../support/http.js';

let server: Listening;
beforeAll(async () => {
  const app = new Koa();
  app.silent = true;
  app.use(transactions);
  app.use(errorReplies(silentLogger()));
  const broken = async (): Promise<never> => {
    throw new Error('a secret of the platform');
  };
  app.use(webActions(broken, () => undefined));
  server = await listen(app.callback(), '127.0.0.1', 0);
});
afterAll(() => server.stop());

test('4.5 a failure of the platform itself: 500 that tells nothing', async () => {
  const reply = await http(`http://127.0.0.1:${server.port}/api/v1/web/guest/default/any`);
  expect([reply.status, reply.json]).toEqual([500, { error: defaultText[500], code: reply.headers['x-request-id'] }]);
});
