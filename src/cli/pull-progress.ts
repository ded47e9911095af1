import type { PullProgress } from '../pool/drivers/image-progress.js';

/** Where lines go; `tty`: the same line may be written over and over. */
export interface ProgressOutput {
  readonly tty: boolean;
  write(text: string): void;
}

/** A terminal's line is renewed as often as this, a file gets a line this often. In ms. */
const ON_TERMINAL = 100;
const IN_FILE = 10_000;

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0);

/** One line about a pull, without a line end. */
export const describePull = ({ image, state, current, total, layers, took, reason }: PullProgress): string => {
  if (state === 'failed') return `${image} could not be pulled: ${reason}`;
  if (state === 'done') return `${image} is here (${(took / 1000).toFixed(1)} s)`;
  if (total === 0) return `pulling ${image} …`;
  const percent = Math.floor((current / total) * 100);
  return `pulling ${image}: ${megabytes(current)} of ${megabytes(total)} MB (${percent} %), ${layers.done} of ${layers.known} layers unpacked`;
};

/** Writes the progress of pulls: on a terminal in one line that changes, elsewhere a line now and then. */
export const progressWriter = (output: ProgressOutput): ((progress: PullProgress) => void) => {
  const last = new Map<string, number>();
  return progress => {
    const { image, state, since, took } = progress;
    const now = since + took;
    const before = last.get(image);
    const ended = state !== 'pulling';
    if (!ended && before !== undefined && now - before < (output.tty ? ON_TERMINAL : IN_FILE)) return;
    if (ended) last.delete(image);
    else last.set(image, now);
    const line = describePull(progress);
    // The cursor goes back to the line's begin, so that whatever comes next takes its place.
    if (output.tty) output.write(`\u001b[K${line}${ended ? '\n' : '\r'}`);
    else output.write(`${line}\n`);
  };
};

/** Standard error. */
export const errorOutput = (): ProgressOutput => ({
  tty: process.stderr.isTTY === true,
  write: text => void process.stderr.write(text),
});
