import { closeSync, constants, fdatasync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, UsageError } from '../errors.js';

const ID_BYTES = 16;
/** Slots made beforehand, so that marking needs no disk space until more runs than these are under way at once. */
const SLOTS = 4096;

/**
 * Which activations have started: a file of 16-byte slots, one for each that is under way. One small write a start, without
 * a transaction; it outlives the process at once. An id left in a free slot does no harm: its journal entry is gone.
 */
export interface Marks {
  /** Returns the slot to free when the entry is gone. */
  mark(id: Buffer): number;
  free(slot: number): void;
  /** Ids in the file, left by an earlier process. */
  left(): Set<string>;
  close(): void;
}

/** For a store in memory, which no process outlives. */
export const noMarks: Marks = { mark: () => 0, free() {}, left: () => new Set(), close() {} };

const openFile = (file: string): number => {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const size = fstatSync(fd).size;
    const missing = SLOTS * ID_BYTES - size;
    if (missing > 0) writeSync(fd, Buffer.alloc(missing), 0, missing, size);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

/** Syncs the file off the loop, one sync for all writes since the last began. Closes it when none is under way. */
const createSyncer = (fd: number) => {
  let running = false;
  let wanted = false;
  let closed = false;
  const sync = () => {
    running = true;
    wanted = false;
    fdatasync(fd, () => {
      running = false;
      if (closed) closeSync(fd);
      else if (wanted) sync();
    });
  };
  return {
    want() {
      wanted = true;
      if (!running) sync();
    },
    close() {
      closed = true;
      if (!running) closeSync(fd);
    },
  };
};

/** `sync`: some milliseconds later marks outlive a power failure, too. Throws `UsageError` when the file cannot be used. */
export const openMarks = (dir: string, sync: boolean): Marks => {
  const file = join(dir, 'started');
  let fd: number;
  try {
    fd = openFile(file);
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be used: ${errorText(error)}`);
  }
  const syncer = createSyncer(fd);
  const free: number[] = [];
  let slots = 0;
  return {
    mark(id) {
      const slot = free.pop() ?? slots;
      try {
        writeSync(fd, id, 0, ID_BYTES, slot * ID_BYTES);
        if (sync) syncer.want();
      } catch (error) {
        if (slot < slots) free.push(slot);
        throw error;
      }
      if (slot === slots) slots++;
      return slot;
    },
    free: slot => void free.push(slot),
    left() {
      const bytes = Buffer.alloc(fstatSync(fd).size);
      readSync(fd, bytes, 0, bytes.length, 0);
      const ids = new Set<string>();
      for (let at = 0; at + ID_BYTES <= bytes.length; at += ID_BYTES) ids.add(bytes.toString('hex', at, at + ID_BYTES));
      return ids;
    },
    close: () => syncer.close(),
  };
};
