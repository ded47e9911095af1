import type { Clock } from '../clock.js';
import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import { SqliteActivations } from './activations.js';
import { backup } from './backup.js';
import { Batches } from './batches.js';
import { Changes } from './changes.js';
import { type OpenDatabase, openDatabase } from './database.js';
import { sqliteDocuments } from './documents.js';
import { SqliteEntities } from './entities.js';
import { SqliteJournal } from './journal.js';
import { type Marks, noMarks, openMarks } from './marks.js';
import { DEFAULT_RETENTION, Keeper, type Retention } from './retention.js';
import type { Store } from './store.js';
import { SqliteSubjects } from './subjects.js';

export interface StoreOptions {
  /** Undefined: everything is in memory. */
  readonly dir?: string;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * `normal` (default): what is committed survives the process, however it ends; a power failure may cost the last moments.
   * `full`: survives that too, at the cost of a sync each commit.
   */
  readonly durability?: 'normal' | 'full';
  readonly retention?: Retention;
  /** True for the server: holds the directory alone and does the housekeeping. Commands leave it out. */
  readonly exclusive?: boolean;
  /** Begin with an empty database. A damaged one is kept aside, any other removed. Needs `exclusive`. */
  readonly clean?: boolean;
}

/** Opens a store, making directory and file when missing. Throws `UsageError`. The caller closes it. */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const { dir, clock, durability = 'normal', exclusive = false, clean = false } = options;
  const open = openDatabase({ dir, durability, exclusive, clean: clean && exclusive, now: clock.now() });
  let marks: Marks | undefined;
  try {
    marks = dir !== undefined && exclusive ? openMarks(dir, durability === 'full') : noMarks;
    return assemble(options, open, marks);
  } catch (error) {
    marks?.close();
    open.db.close();
    open.lock?.release();
    throw error;
  }
};

const assemble = (options: StoreOptions, { db, lock }: OpenDatabase, marks: Marks): Store => {
  const { dir, clock, log, exclusive = false, retention = DEFAULT_RETENTION } = options;
  const changes = new Changes(db, clock);
  const batches = new Batches(db, changes, clock, log);
  const journal = new SqliteJournal(db, batches, clock, marks);
  const activations = new SqliteActivations(db, changes, batches, log, journal.close);
  batches.join([journal, activations.writer]);
  const alone = dir === undefined || exclusive;
  const keeper = alone ? new Keeper(db, activations.index, activations.writer, retention, clock, log) : undefined;
  let closing: Promise<void> | undefined;
  const close = async () => {
    keeper?.close();
    await batches.flush().catch(error => {
      log.error(`${batches.size} rows could not be written before the end: ${errorText(error)}`);
    });
    batches.close();
    db.close();
    marks.close();
    lock?.release();
  };
  return {
    entities: new SqliteEntities(db, changes),
    activations,
    subjects: new SqliteSubjects(db, changes),
    journal,
    documents: sqliteDocuments(db),
    health: () => ({ writable: batches.healthy, waiting: batches.size }),
    async backup(file, progress) {
      await batches.flush();
      await backup(db, file, alone, progress);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
};
