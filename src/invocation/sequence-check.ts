import { parseReference, pathOf, rootOf } from '../entities/names.js';
import { HttpError } from '../errors.js';
import { sequence as text } from '../messages.js';
import type { ResolvedAction, Resolver } from './resolve.js';

/**
 * Checks a sequence that is about to be stored at `path`: not empty, its components there, not containing itself, and at
 * most `max` atomic actions after nested sequences are inlined. Throws 400; 409 when a component is no action.
 */
export const checkSequence = (resolve: Resolver, path: string, components: readonly string[], max: number): void => {
  if (components.length === 0) throw new HttpError(400, text.empty);
  let atomic = 0;

  const find = (component: string): ResolvedAction => {
    try {
      return resolve(pathOf(parseReference(component, rootOf(path))));
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) throw new HttpError(400, text.componentMissing);
      throw error;
    }
  };

  const walk = (list: readonly string[]): void => {
    if (list.length > max) throw new HttpError(400, text.tooLong);
    for (const component of list) {
      if (component.slice(1) === path) throw new HttpError(400, text.cyclic);
      const found = find(component);
      if (found.path === path) throw new HttpError(400, text.cyclic);
      if ('components' in found.doc.exec) walk(found.doc.exec.components);
      else if (++atomic > max) throw new HttpError(400, text.tooLong);
    }
  };
  walk(components);
};
