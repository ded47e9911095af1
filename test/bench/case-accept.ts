import { type Case, NOOP } from './case.js';
import { clients, drive, type LoadResult, type Reply } from './load.js';
import { until, withServer } from './server.js';

const MS = 4000;
/** As in case-throughput.ts: it takes so many calls until the compilers are done. */
const WARM_UP = 20_000;

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
        /** Takes the ids in order, and waits until the last of them has its record. */
        const flood = async (amount: { count: number } | { ms: number }, ids: string[]): Promise<LoadResult> => {
          const onReply = ({ body }: Reply): void => {
            ids.push(/"activationId":"(\w{32})"/.exec(body.toString('latin1'))?.[1] ?? '');
          };
          const result = await drive({ targets, next: () => call, ...amount, expect: 202, onReply });
          const last = `namespaces/_/activations/${ids.at(-1)}`;
          await until(async () => (await server.send('GET', last)).status === 200, 120_000, 50);
          return result;
        };
        await flood({ count: WARM_UP }, []);
        const ids: string[] = [];
        const start = performance.now();
        const result = await flood({ ms: MS }, ids);
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
