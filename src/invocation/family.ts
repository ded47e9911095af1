import type { Composite, Invocation } from './invocation.js';

/**
 * As many steps as a sequence of conductors has that all use what they may: n of them, each with n components and 2n + 1
 * runs. A sequence counts its actions and a conductor its own, but neither sees the other's (SequenceActions.scala,
 * PrimitiveActions.scala), so that the two could name each other for ever.
 */
const mostSteps = (n: number): number => n * (3 * n + 2);

/** The outermost composite founds the family, its steps inherit it (`stepOf`). `length`: of a sequence, at most. */
export const compositeOf = (invocation: Invocation, length: number): Composite => {
  // What is nested stays the object that it is: its bounds are kept by it.
  if (invocation.family) return invocation as Composite;
  return { ...invocation, family: { left: mostSteps(length) } };
};
