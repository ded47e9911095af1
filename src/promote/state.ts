import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText, UsageError } from '../errors.js';
import { type Entity, idOf } from './entity.js';

/** What one promotion found before it changed it, secrets included. Kept in a file that only its owner can read. */
interface Saved {
  readonly target: string;
  /** Set once everything was done; until then the next run goes on. */
  complete: boolean;
  /** In the order of the changes. `before` is null where nothing was. */
  readonly steps: { readonly entity: { type: Entity['type']; name: string }; readonly before: Entity | null }[];
}

/** The state file of promotions to one target. */
export class PromotionState {
  private constructor(
    private readonly file: string,
    private readonly saved: Saved,
  ) {}

  /** Goes on with an unfinished promotion to `target`, or begins one. Throws `UsageError` when the file is another's. */
  static begin(file: string, target: string): PromotionState {
    const before = read(file);
    if (before && before.target !== target)
      throw new UsageError(`'${file}' is about ${before.target}. Name another file with --state.`);
    if (before && !before.complete) return new PromotionState(file, before);
    return new PromotionState(file, { target, complete: false, steps: [] });
  }

  /** Throws `UsageError` when nothing was saved for `target`. */
  static load(file: string, target: string): PromotionState {
    const saved = read(file);
    if (saved?.target !== target) throw new UsageError(`'${file}' holds nothing to undo at ${target}.`);
    return new PromotionState(file, saved);
  }

  /** Whether an earlier run was cut off. */
  get resumed(): boolean {
    return this.saved.steps.length > 0 && !this.saved.complete;
  }

  /** Newest first. */
  get undoing(): Saved['steps'] {
    return [...this.saved.steps].reverse();
  }

  /** To be called, and to return, before the change is made. What an earlier run of the same promotion found stays. */
  record(entity: Entity, before: Entity | undefined): void {
    if (this.saved.steps.some(step => step.entity.type === entity.type && step.entity.name === entity.name)) return;
    this.saved.steps.push({ entity: { type: entity.type, name: entity.name }, before: before ?? null });
    this.write();
  }

  undone(entity: Pick<Entity, 'type' | 'name'>): void {
    const at = this.saved.steps.findIndex(step => idOf({ ...step.entity, body: {} }) === idOf({ ...entity, body: {} }));
    if (at >= 0) this.saved.steps.splice(at, 1);
    this.write();
  }

  finish(): void {
    this.saved.complete = true;
    this.write();
  }

  private write(): void {
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(`${this.file}.new`, JSON.stringify(this.saved), { mode: 0o600, flush: true });
    renameSync(`${this.file}.new`, this.file);
  }
}

const read = (file: string): Saved | undefined => {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Saved;
  } catch (error) {
    throw new UsageError(`'${file}' cannot be read: ${errorText(error)}`);
  }
};
