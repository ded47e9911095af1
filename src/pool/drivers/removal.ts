const FIRST_WAIT = 500;

/** Does not keep the process alive. */
export const delay = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms).unref());

interface Removal {
  readonly remove: () => Promise<void>;
  /** Whether `remove` failed because there is nothing to remove any more. */
  readonly isGone: (error: unknown) => boolean;
  /** False once the driver is closing: then the next failure is the last. */
  readonly persist: () => boolean;
  /** Between two tries, in ms: it doubles up to that. */
  readonly longestWait: number;
}

/** Tries until it is gone. Rejects only once `persist` says so. */
export const removePersistently = async ({ remove, isGone, persist, longestWait }: Removal): Promise<void> => {
  for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, longestWait)) {
    try {
      return await remove();
    } catch (error) {
      if (isGone(error)) return;
      if (!persist()) throw error;
      await delay(wait);
    }
  }
};
