import type { Clock } from '../clock.js';
import type { WebReply } from '../web/reply.js';

/** Memory that kept replies may take together. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What a reply takes beside its body and headers. */
const OVERHEAD = 512;

interface Entry {
  readonly reply: WebReply;
  readonly bytes: number;
  readonly stored: number;
  readonly expires: number;
}

const sizeOf = (key: string, reply: WebReply): number =>
  OVERHEAD +
  2 * key.length +
  Buffer.byteLength(reply.body ?? '') +
  reply.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);

/** A reply found, and its age in whole seconds. */
export interface Hit {
  readonly reply: WebReply;
  readonly age: number;
}

/** Replies by key until they expire; what was used longest ago goes first when `maxBytes` are full. */
export const createReplyCache = (clock: Clock, maxBytes = MAX_BYTES) => {
  const entries = new Map<string, Entry>();
  let total = 0;

  const drop = (key: string, entry: Entry): void => {
    entries.delete(key);
    total -= entry.bytes;
  };

  return {
    get(key: string): Hit | undefined {
      const entry = entries.get(key);
      if (!entry) return undefined;
      const now = clock.elapsed();
      if (entry.expires <= now) {
        drop(key, entry);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return { reply: entry.reply, age: Math.floor((now - entry.stored) / 1000) };
    },
    put(key: string, reply: WebReply, ttlMs: number): void {
      const old = entries.get(key);
      if (old) drop(key, old);
      const bytes = sizeOf(key, reply);
      if (bytes > maxBytes) return;
      const now = clock.elapsed();
      entries.set(key, { reply, bytes, stored: now, expires: now + ttlMs });
      total += bytes;
      for (const [oldest, entry] of entries) {
        if (total <= maxBytes) break;
        drop(oldest, entry);
      }
    },
    /** Drops everything whose key begins so. */
    forget(prefix: string): void {
      for (const [key, entry] of entries) if (key.startsWith(prefix)) drop(key, entry);
    },
  };
};

export type ReplyCache = ReturnType<typeof createReplyCache>;
