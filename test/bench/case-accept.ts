import { type Case, NOOP } from './case.js';
import { clients, drive } from './load.js';
import { until, withServer } from './server.js';

const MS = 4000;

/** Non-blocking calls as fast as they are accepted; then every id must have its record. */
export const accept: Case = {
  about: 'non-blocking calls accepted a second, 16 clients, and their records',
  drivers: ['process'],
  run: driver =>
    withServer(
      { driver, flags: ['--no-prewarm', '--max-queue', '1000000', '--limit-concurrent-invocations', '1000000'] },
      async server => {
        const name = await server.action(NOOP);
        await server.invoke(name);
        const call = server.call(name, false);
        const targets = clients(server.target, 16);
        await drive({ targets, next: () => call, ms: 1000, expect: 202 });
        const ids: string[] = [];
        const start = performance.now();
        const result = await drive({
          targets,
          next: () => call,
          ms: MS,
          expect: 202,
          onReply: ({ body }) => void ids.push(/"activationId":"(\w{32})"/.exec(body.toString('latin1'))?.[1] ?? ''),
        });
        const last = ids.at(-1) ?? '';
        await until(
          async () => (await server.send('GET', `namespaces/_/activations/${last}`)).status === 200,
          120_000,
          50,
        );
        const completed = (performance.now() - start) / 1000;
        const missing = await drive({
          targets,
          next: (() => {
            let i = 0;
            return () => server.build('GET', `namespaces/_/activations/${ids[i++ % ids.length]}`);
          })(),
          count: ids.length,
        });
        const figure = result.throughput;
        const met = figure >= 4000 && missing.errors === 0 && result.errors === 0;
        return [
          {
            what: 'non-blocking calls accepted, 16 clients',
            driver,
            figure,
            unit: '/s',
            bar: 'at least 4,000/s, every id has its record',
            met,
            ...result,
            ids: ids.length,
            withoutRecord: missing.errors,
            completedPerSecond: ids.length / completed,
          },
        ];
      },
    ),
};
