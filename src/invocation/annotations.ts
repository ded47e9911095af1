import type { ActionLimits, Annotation, PrintedAnnotations } from '../entities/types.js';
import type { Json } from '../json.js';
import type { ResolvedAction } from './resolve.js';

/** An annotation and its JSON text. */
export interface Piece {
  readonly annotation: Annotation;
  readonly text: string;
}

export const piece = (key: string, value: Json): Piece => ({
  annotation: { key, value },
  text: `{"key":"${key}","value":${typeof value === 'number' ? value : JSON.stringify(value)}}`,
});

/** The four fields clients compare; `instances` stays out of annotations. */
export const limitsPiece = ({ timeout, memory, logs, concurrency }: ActionLimits): Piece =>
  piece('limits', { timeout, memory, logs, concurrency });

export const joined = (pieces: readonly Piece[]): PrintedAnnotations => {
  const list: Annotation[] = [];
  let text = '';
  for (const one of pieces) {
    list.push(one.annotation);
    text += `${text === '' ? '[' : ','}${one.text}`;
  }
  return { list, text: `${text}]` };
};

/** What all records of an action have. */
interface Constants {
  readonly path: Piece;
  readonly kind: Piece;
  readonly limits: Piece;
}

const constants = new WeakMap<ResolvedAction, Constants>();

/** Printed once for an action, as long as it does not change. */
export const constantsOf = (action: ResolvedAction): Constants => {
  let known = constants.get(action);
  if (!known) {
    const { exec, limits } = action.doc;
    known = { path: piece('path', action.path), kind: piece('kind', exec.kind), limits: limitsPiece(limits) };
    constants.set(action, known);
  }
  return known;
};
