import type { Clock } from '../clock.js';
import { annotationValue } from '../entities/parameters.js';
import type { Activation } from '../entities/types.js';
import { isObject, type Json } from '../json.js';
import type { Logger } from '../log.js';
import { logs as text } from '../messages.js';
import { statusText } from './record.js';

/** Failures told of in one second; of more, only how many. */
const A_SECOND = 20;
const SECOND = 1000;
/** Characters of an error, and lines of output, that are shown. The record has the rest. */
const MOST_TEXT = 500;
const LAST_LINES = 20;

const LEVELS = ['debug', 'info', 'warn', 'warn'] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a function prints must not steer the terminal.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const plain = (text: string): string => text.replace(CONTROLS, '?');

const errorOf = ({ result }: Activation): string => {
  if (result === undefined) return '';
  const value = JSON.parse(result) as Json;
  const error = isObject(value) ? value['error'] : value;
  const shown = typeof error === 'string' ? error : JSON.stringify(error ?? value);
  return shown.length > MOST_TEXT ? `${shown.slice(0, MOST_TEXT)}…` : shown;
};

/** What it printed, without the times, which are all but the same, and without the platform's own line. */
const outputOf = ({ annotations, logs }: Activation): readonly string[] => {
  // What an enclosing sequence has for logs are the components' ids; those have told of themselves.
  if (annotationValue(annotations.list, 'kind') === 'sequence') return [];
  const lines = logs.map(line => line.slice(line.indexOf(' ') + 1)).filter(line => !line.endsWith(text.developerError));
  return lines.length > LAST_LINES
    ? [`… ${lines.length - LAST_LINES} lines before`, ...lines.slice(-LAST_LINES)]
    : lines;
};

const describe = (activation: Activation, words: boolean): string => {
  const { annotations, name, statusCode, duration = 0, activationId } = activation;
  const path = annotationValue(annotations.list, 'path') ?? name;
  const head = `${path}: ${statusText(statusCode)} after ${duration} ms (activation ${activationId})`;
  if (statusCode === 0 || !words) return head;
  const output = outputOf(activation);
  const error = errorOf(activation);
  // With the output there is the rest of it.
  const shown = output.length > 0 ? error.split('\n', 1)[0] : error;
  return plain([`${head}: ${shown}`, ...output].join('\n    '));
};

/**
 * Tells the server's log what became of each activation: the developer's and the platform's errors as warnings; application
 * errors, which many mean, as information; all the others for debugging. With `words` also the error and the end of the
 * output, so that nobody has to ask for a record to see why a call failed: only for who asks for it, as a function's words may
 * have its parameters and code in them.
 */
export const createReport = (log: Logger, clock: Clock, words: boolean): ((activation: Activation) => void) => {
  let told = 0;
  let untold = 0;

  const tellAgain = (): void => {
    if (untold > 0) log.warn(`${untold} more activations failed in that second.`);
    told = 0;
    untold = 0;
  };

  return activation => {
    const level = LEVELS[activation.statusCode];
    if (!log.isLevelEnabled(level)) return;
    if (activation.statusCode > 0) {
      if (told === 0) clock.after(SECOND, tellAgain);
      if (told >= A_SECOND) {
        untold++;
        return;
      }
      told++;
    }
    log[level](describe(activation, words));
  };
};
