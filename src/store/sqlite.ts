import type { Clock } from '../clock.js';
import { errorText } from '../errors.js';
import type { Logger } from '../log.js';
import { SqliteActivations } from './activations.js';
import { backup } from './backup.js';
import { Batches } from './batches.js';
import { Changes } from './changes.js';
import { openDatabase } from './database.js';
import { sqliteDocuments } from './documents.js';
import { SqliteEntities } from './entities.js';
import { SqliteJournal } from './journal.js';
import { noMarks, openMarks } from './marks.js';
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
  const { dir, clock, log, durability = 'normal', exclusive = false, clean = false } = options;
  const { db, lock } = openDatabase({ dir, durability, exclusive, clean: clean && exclusive, now: clock.now() });
  const marks = dir !== undefined && exclusive ? openMarks(dir, durability === 'full') : noMarks;
  const changes = new Changes(db, clock);
  const batches = new Batches(db, changes, clock, log);
  const journal = new SqliteJournal(db, batches, clock, marks);
  const activations = new SqliteActivations(db, changes, batches, log, journal.close);
  batches.join([journal, activations.writer]);
  const keeper =
    dir === undefined || exclusive
      ? new Keeper(db, activations.index, activations.writer, options.retention ?? DEFAULT_RETENTION, clock, log)
      : undefined;
  return {
    entities: new SqliteEntities(db, changes),
    activations,
    subjects: new SqliteSubjects(db, changes),
    journal,
    documents: sqliteDocuments(db),
    health: () => ({ writable: batches.healthy, waiting: batches.size }),
    async backup(file, progress) {
      await batches.flush();
      await backup(db, file, progress);
    },
    async close() {
      keeper?.close();
      await batches.flush().catch(error => {
        log.error(`${batches.size} activations could not be written before the end: ${errorText(error)}`);
      });
      batches.close();
      db.close();
      marks.close();
      lock?.release();
    },
  };
};
