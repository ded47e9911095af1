/** Lets at most `width` tasks run at once; the others wait in order. */
export const createGate = (width: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let free = width;
  const waiting: (() => void)[] = [];
  return async task => {
    if (free > 0) free--;
    else await new Promise<void>(resolve => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The place is handed on, not given back, when somebody waits.
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
};
