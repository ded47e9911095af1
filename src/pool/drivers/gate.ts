/** Lets at most `width()` tasks run at once, asked whenever one could begin; the others wait in order. */
export const createGate = (width: () => number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let running = 0;
  const waiting: (() => void)[] = [];
  const admit = (): void => {
    while (waiting.length > 0 && running < width()) {
      running++;
      waiting.shift()?.();
    }
  };
  return async task => {
    await new Promise<void>(resolve => {
      waiting.push(resolve);
      admit();
    });
    try {
      return await task();
    } finally {
      running--;
      admit();
    }
  };
};
