import { errorText, UsageError } from '../errors.js';
import { put, remove } from './apply.js';
import { idOf, type Project } from './entity.js';
import type { OpenWhisk } from './openwhisk.js';
import { describe, planChanges } from './plan.js';
import { createRedact } from './secrets.js';
import { readProject } from './snapshot.js';
import { PromotionState } from './state.js';

export interface PromoteOptions {
  readonly target: OpenWhisk;
  /** What the target is to hold. */
  readonly project: Project;
  readonly dryRun: boolean;
  /** Where what was there before is kept, to go on and to undo. */
  readonly stateFile: string;
  readonly tell: (line: string) => void;
  /** Never told, whoever says them. */
  readonly keys: readonly string[];
}

const targetName = (whisk: OpenWhisk): string => `${whisk.origin}, namespace ${whisk.namespace}`;

const count = (n: number, what: string): string => `${n} ${what}`;

/**
 * Shows what is different and, unless it is a dry run, makes the target hold the project. What is only there is left alone.
 * Throws `UsageError` at the first refusal; called again, it goes on from there. Resolves to how many changes were made.
 */
export const promote = async (options: PromoteOptions): Promise<number> => {
  const { target, project, dryRun, stateFile, tell } = options;
  const { project: found, warnings } = await readProject(target);
  const redact = createRedact([project, found], options.keys);
  const { changes, unchanged, others } = planChanges(project, found);
  for (const warning of warnings) tell(redact(`! ${warning}`));
  for (const change of changes) tell(describe(change));
  const left = others.length > 0 ? `, ${count(others.length, 'only there, left alone')}` : '';
  tell(`${targetName(target)}: ${count(changes.length, 'to change')}, ${count(unchanged, 'equal')}${left}`);
  if (dryRun || changes.length === 0) {
    if (!dryRun) finishUnfinished(stateFile, targetName(target));
    return 0;
  }
  const state = PromotionState.begin(stateFile, targetName(target));
  if (state.resumed) tell('going on with a promotion that was cut off');
  let done = 0;
  for (const { entity, before } of changes) {
    state.record(entity, before);
    try {
      await put(target, entity, before);
      done++;
    } catch (error) {
      const rest = `${done} of ${changes.length} done; the same command goes on, --undo takes them back`;
      throw new UsageError(`${idOf(entity)} was refused: ${redact(errorText(error))}. ${rest}.`);
    }
  }
  state.finish();
  tell(`${count(done, 'changed')}; --undo takes it back (${stateFile})`);
  return done;
};

/** A run that was cut off after its last change left nothing to do. */
const finishUnfinished = (file: string, target: string): void => {
  try {
    const state = PromotionState.load(file, target);
    if (state.resumed) state.finish();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
};

/** Puts back what the last promotion found, newest first. Called again, it goes on. Resolves to how much that was. */
export const undo = async ({
  target,
  stateFile,
  tell,
  keys,
  dryRun,
}: Omit<PromoteOptions, 'project'>): Promise<number> => {
  const state = PromotionState.load(stateFile, targetName(target));
  const { project: found } = await readProject(target);
  const steps = state.undoing;
  const redact = createRedact([found, steps.flatMap(step => step.before ?? [])], keys);
  const now = new Map(found.map(entity => [idOf(entity), entity]));
  for (const { entity, before } of steps) {
    const id = `${entity.type} ${entity.name}`;
    tell(before ? `~ ${id}: as it was` : `- ${id}`);
    if (dryRun) continue;
    try {
      if (before) await put(target, before, now.get(id));
      else await remove(target, entity, now.get(id));
    } catch (error) {
      throw new UsageError(`${id} was refused: ${redact(errorText(error))}. The same command goes on.`);
    }
    state.undone(entity);
  }
  if (!dryRun && steps.length === 0) tell('nothing to undo');
  return steps.length;
};
