import { type Logger, pino } from 'pino';

export type { Logger };

export interface LogOptions {
  readonly format: 'pretty' | 'json';
  readonly level: 'silent' | 'warn' | 'info' | 'debug' | 'trace';
  readonly color: boolean;
}

/**
 * The process's logger. It writes to standard error, so that standard output stays for what a command answers.
 * Secrets must not be passed to it; `redact` is the second line of defence.
 */
export const createLogger = async (options: LogOptions): Promise<Logger> => {
  const base = {
    level: options.level,
    redact: { paths: ['*.authorization', '*.key', '*.authkey', '*.api_key', '*.code'], censor: '[hidden]' },
  };
  if (options.format === 'json') return pino(base, pino.destination(2));
  const { default: pretty } = await import('pino-pretty');
  return pino(
    base,
    pretty({
      destination: 2,
      sync: true,
      colorize: options.color,
      ignore: 'pid,hostname',
      translateTime: 'HH:MM:ss.l',
    }),
  );
};

/** For tests and for embedding without output. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
