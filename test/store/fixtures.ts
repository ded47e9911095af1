import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printed } from '../../src/entities/parameters.js';
import type { ActionDoc, Activation, Annotation, PackageDoc } from '../../src/entities/types.js';
import { silentLogger } from '../../src/log.js';
import { openStore, type StoreOptions } from '../../src/store/sqlite.js';
import type { Store } from '../../src/store/store.js';
import { FakeClock } from '../support/fake-clock.js';

/** An activation id that is the same for the same number. */
export const idOf = (n: number): string => createHash('md5').update(String(n)).digest('hex');

/** How an activation came to be named: alone, in a package, through a binding, or a trigger's. */
export type Origin = 'plain' | 'packaged' | 'bound' | 'trigger';

const annotationsOf = (name: string, origin: Origin): Annotation[] => {
  if (origin === 'trigger') return [];
  const path = origin === 'plain' ? `guest/${name}` : `whisk.system/utils/${name}`;
  const binding = origin === 'bound' ? [{ key: 'binding', value: 'guest/mine' }] : [];
  return [{ key: 'path', value: path }, { key: 'kind', value: 'nodejs:20' }, ...binding];
};

export const activation = (n: number, more: Partial<Activation> = {}, origin: Origin = 'plain'): Activation => {
  const start = more.start ?? 1_700_000_000_000 + n;
  return {
    activationId: idOf(n),
    namespace: 'guest',
    name: 'hello',
    version: '0.0.1',
    subject: 'guest',
    start,
    ...(origin === 'trigger' ? {} : { end: start + 5, duration: 5 }),
    statusCode: 0,
    result: `{"n":${n}}`,
    logs: [`line ${n}`],
    annotations: printed(annotationsOf(more.name ?? 'hello', origin)),
    ...more,
  };
};

export const action = (path: string, updated: number, more: Partial<ActionDoc> = {}): ActionDoc => ({
  type: 'action',
  namespace: path.slice(0, path.lastIndexOf('/')),
  name: path.slice(path.lastIndexOf('/') + 1),
  version: '0.0.1',
  publish: false,
  annotations: [],
  updated,
  parameters: [],
  limits: { timeout: 60000, memory: 256, logs: 10, concurrency: 1 },
  exec: { kind: 'nodejs:20', binary: false },
  ...more,
});

export const pkg = (path: string, updated: number, more: Partial<PackageDoc> = {}): PackageDoc => ({
  type: 'package',
  namespace: path.slice(0, path.indexOf('/')),
  name: path.slice(path.indexOf('/') + 1),
  version: '0.0.1',
  publish: false,
  annotations: [],
  updated,
  parameters: [],
  ...more,
});

/** A directory of the test's own. */
export interface TestDir extends Disposable {
  readonly path: string;
}

export const testDir = (): TestDir => {
  const path = mkdtempSync(join(tmpdir(), 'miniwhisk-store-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};

/** Opens as the server does, with a clock that stands still and no output, unless said otherwise. */
export const open = (dir: string | undefined, more: Partial<StoreOptions> = {}): Promise<Store> =>
  openStore({
    ...(dir !== undefined && { dir }),
    clock: new FakeClock(),
    log: silentLogger(),
    exclusive: true,
    ...more,
  });
