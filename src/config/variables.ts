import { nearest } from '../nearest.js';
import { environmentName, options, VARIABLE_PREFIX } from './options.js';

const known = Object.keys(options).map(environmentName);
const withoutPrefix = (variable: string): string => variable.slice(VARIABLE_PREFIX.length);

/** A variable with the name of an option that is none, and the one that is most likely meant; undefined for all others. */
export const misspelt = (variable: string): { readonly meant: string | undefined } | undefined => {
  if (!variable.startsWith(VARIABLE_PREFIX) || known.includes(variable)) return undefined;
  const meant = nearest(withoutPrefix(variable), known.map(withoutPrefix));
  return { meant: meant === undefined ? undefined : VARIABLE_PREFIX + meant };
};
