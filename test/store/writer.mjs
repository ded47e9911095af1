// A process that uses a store as the server does, to be killed or cut short by the tests: `writer.mjs <dir> <task>`.
// It runs what was built (dist/), because it needs a process of its own. What it has been promised it tells by IPC.
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../dist/clock.js';
import { printed } from '../../dist/entities/parameters.js';
import { silentLogger } from '../../dist/log.js';
import { openStore } from '../../dist/store/sqlite.js';

const [dir, task] = process.argv.slice(2);
const store = await openStore({ dir, clock: systemClock, log: silentLogger(), exclusive: true });
const newId = () => randomUUID().replaceAll('-', '');
const tell = message => new Promise(resolve => process.send(message, resolve));

const record = (activationId, result = '{}') => ({
  activationId,
  namespace: 'guest',
  name: 'hello',
  version: '0.0.1',
  subject: 'guest',
  start: Date.now(),
  end: Date.now(),
  duration: 0,
  statusCode: 0,
  result,
  logs: [],
  annotations: printed([{ key: 'path', value: 'guest/hello' }]),
});

/** Several callers that accept, start and record, and one that writes entities, until somebody ends the process. */
const work = async () => {
  const invoke = async () => {
    for (;;) {
      const [kept, dropped, open] = [newId(), newId(), newId()];
      await store.journal.accept([kept, dropped, open].map(id => ({ id, payload: JSON.stringify({ id }) })));
      await tell({ accepted: [kept, dropped, open] });
      store.journal.started(kept);
      store.journal.started(open);
      await tell({ started: [kept, open] });
      store.activations.put(record(kept));
      store.journal.done(dropped);
      await store.activations.flush();
      await tell({ recorded: kept, done: dropped });
    }
  };
  const edit = async () => {
    let rev;
    for (let n = 0; ; n++) {
      const doc = { type: 'trigger', namespace: 'guest', name: 't', version: `0.0.${n}`, updated: n };
      [rev] = store.entities.write([{ path: 'guest/t', rev, doc }]);
      await tell({ rev });
      await new Promise(setImmediate);
    }
  };
  await Promise.all([invoke(), invoke(), invoke(), invoke(), edit()]);
};

/** Puts what it is told to; reports what the store says of itself. */
const tasks = {
  put({ count, size }) {
    const ids = Array.from({ length: count }, newId);
    for (const id of ids) store.activations.put(record(id, JSON.stringify('x'.repeat(size))));
    return ids;
  },
  flush: () =>
    store.activations.flush().then(
      () => 'flushed',
      error => error.name,
    ),
  accept: () =>
    store.journal.accept([{ id: newId(), payload: '{}' }]).then(
      () => 'accepted',
      error => error.name,
    ),
  count: () => store.activations.count({ namespace: 'guest' }),
  health: () => store.health(),
};

if (task === 'work') await work();
else process.on('message', async ({ call, args }) => tell({ answer: await tasks[call](args) }));
await tell({ ready: true });
