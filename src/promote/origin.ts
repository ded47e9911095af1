import { errorText, UsageError } from '../errors.js';
import { isObject } from '../json.js';

const PATIENCE = 10_000;

/** `http://host:port`, or a host alone for HTTPS, as `wsk` takes it. Throws `UsageError`; `flag` named it. */
export const originOf = (apihost: string, flag: string): string => {
  const origin = (apihost.includes('://') ? apihost : `https://${apihost}`).replace(/\/+$/, '');
  if (URL.canParse(origin)) return origin;
  throw new UsageError(`Bad value for ${flag}: expected an address, got '${apihost}'.`);
};

const causeOf = (error: unknown): string => {
  const cause = (error as { cause?: NodeJS.ErrnoException }).cause ?? error;
  // Of a name with several addresses only the code is told.
  return errorText(cause) || String((cause as NodeJS.ErrnoException).code);
};

/** What to say where nobody answers. On this machine a server can be started. */
export const silence = (origin: string, error: unknown, flag: string): UsageError => {
  const { hostname, port } = new URL(origin);
  const here = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  const start = `Start a server with 'miniwhisk start${port && ` --port ${port}`}'`;
  const remedy = here ? start : 'Look whether it runs';
  return new UsageError(`Nobody answers at ${origin} (${causeOf(error)}). ${remedy}, or name another with ${flag}.`);
};

/**
 * Which run of which server answers there: undefined when it is no miniwhisk. It is asked without a key, so that none is
 * sent to another server. Throws `UsageError` when nobody answers.
 */
export const serverId = async (origin: string, flag: string): Promise<string | undefined> => {
  const response = await fetch(`${origin}/miniwhisk/v1/server`, { signal: AbortSignal.timeout(PATIENCE) }).catch(
    error => {
      throw silence(origin, error, flag);
    },
  );
  const body: unknown = await response.json().catch(() => undefined);
  return isObject(body) && typeof body['id'] === 'string' ? body['id'] : undefined;
};
