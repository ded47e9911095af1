import { describe } from 'vitest';
import { storeContract } from '../contract/store.js';
import { open, testDir } from './fixtures.js';

describe.each(['normal', 'full'] as const)('a store in a file, durability %s', durability => {
  storeContract({
    async open() {
      const dir = testDir();
      let store = await open(dir.path, { durability });
      return {
        store,
        async reopen() {
          await store.close();
          store = await open(dir.path, { durability });
          return store;
        },
        async dispose() {
          await store.close();
          dir[Symbol.dispose]();
        },
      };
    },
  });
});

describe('a store in memory', () => {
  storeContract({
    async open() {
      const store = await open(undefined);
      return { store, reopen: undefined, dispose: () => store.close() };
    },
  });
});
