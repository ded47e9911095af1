/**
 * Makes a call that ends when its signal does. Rejects after `ms`, saying that `who` did not answer. The limit is off once
 * the call has answered: what it answered with may be a stream.
 */
export const withTimeLimit = async <T>(
  ms: number,
  who: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController();
  const late = new Error(`${who} did not answer within ${ms / 1000} s`);
  const timer = setTimeout(() => controller.abort(late), ms);
  try {
    return await call(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? late : error;
  } finally {
    clearTimeout(timer);
  }
};
