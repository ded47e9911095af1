import { afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { activationCases } from './store-activations.js';
import { entityCases } from './store-entities.js';
import { journalCases } from './store-journal.js';
import { subjectCases } from './store-subjects.js';

/** One way to keep a store, as the suite needs it. */
export interface StoreUnderTest {
  /** Opens an empty store. */
  readonly open: () => Promise<OpenedStore>;
}

export interface OpenedStore {
  readonly store: Store;
  /** Closes it and opens it again with what it held; undefined for a store that forgets. */
  readonly reopen: (() => Promise<Store>) | undefined;
  /** Closes it and removes everything. */
  readonly dispose: () => Promise<void>;
}

/** The store of the test that runs. */
export interface Current {
  readonly store: Store;
  /** Begins with an empty store: for property tests, between runs. */
  renew(): Promise<void>;
  /** Closes and opens the store again; does nothing for a store that forgets. */
  reopen(): Promise<void>;
}

/** Every implementation of `Store` must pass this. */
export const storeContract = (subject: StoreUnderTest): void => {
  let opened: OpenedStore;
  let store: Store;
  const renew = async () => {
    opened = await subject.open();
    store = opened.store;
  };
  beforeEach(renew);
  afterEach(() => opened.dispose());

  const current: Current = {
    get store() {
      return store;
    },
    async renew() {
      await opened.dispose();
      await renew();
    },
    async reopen() {
      if (opened.reopen) store = await opened.reopen();
    },
  };
  describe('entities', () => entityCases(current));
  describe('activations', () => activationCases(current));
  describe('subjects and limits', () => subjectCases(current));
  describe('journal and documents', () => journalCases(current));
};
