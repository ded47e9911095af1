import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ExitInfo } from '../../../src/pool/driver.js';
import { DockerContainer } from '../../../src/pool/drivers/docker-container.js';
import type { Engine } from '../../../src/pool/drivers/docker-engine.js';

const BYE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 4, ...Buffer.from('bye\n')]);

/** A container whose engine has nothing more to say, as it is while its driver still makes it. */
const container = (removed: string[] = []): { it: DockerContainer; output: PassThrough } => {
  const output = new PassThrough();
  const engine = { remove: async (id: string) => void removed.push(id) } as unknown as Engine;
  return { it: new DockerContainer('id', engine, output, { removed: () => {}, persist: () => true }), output };
};

describe('a container that ends while it is being made', () => {
  it('is handed over with its output, and the news of its end comes after that', async () => {
    const made = container();
    const news: (string | ExitInfo)[] = [];
    void made.it.exited.then(exit => news.push(exit));
    made.output.end(BYE);
    void made.it.died(9);
    // However long the driver still takes, e.g. to ask for its address.
    await new Promise(setImmediate);
    made.it.handOver();
    made.it.onOutput((stream, piece) => news.push(`${stream}: ${piece}`));
    await made.it.exited;
    expect(news).toEqual(['stdout: bye\n', { code: 9, outOfMemory: false }]);
  });

  it('that nobody listens to is known to have ended at once', async () => {
    const made = container();
    void made.it.died(9);
    made.it.handOver();
    expect(await made.it.exited).toEqual({ code: 9, outOfMemory: false });
  });

  it('is removed, though it is never handed over', async () => {
    const removed: string[] = [];
    const made = container(removed);
    void made.it.died(9);
    await made.it.remove();
    expect(removed).toEqual(['id']);
    expect(await made.it.exited).toEqual({ code: 9, outOfMemory: false });
  });
});
