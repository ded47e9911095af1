import { runConductor } from './conductor.js';
import { compositeOf } from './family.js';
import type { Invoke } from './invocation.js';
import type { InvocationContext } from './invocation-context.js';
import { isConductor } from './resolve.js';
import { runSequence } from './sequence.js';

export const createInvoke = (parts: Omit<InvocationContext, 'run'>): Invoke => {
  const run: Invoke = invocation => {
    const { exec } = invocation.action.doc;
    if ('components' in exec)
      return runSequence(context, compositeOf(invocation, parts.sequenceLength), exec.components);
    if (isConductor(invocation.action)) return runConductor(context, compositeOf(invocation, parts.sequenceLength));
    return parts.primitives.run(invocation);
  };
  const context: InvocationContext = { ...parts, run };
  return run;
};
