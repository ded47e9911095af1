import type { Json } from '../json.js';

/**
 * JSON as OpenWhisk prints it for people: objects a member a line, two spaces a level, arrays on one line. An empty object
 * takes three lines.
 */
export const prettyJson = (value: Json, indent = ''): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(item => prettyJson(item, indent)).join(', ')}]`;
  const inner = `${indent}  `;
  const members = Object.entries(value).map(
    ([key, member]) => `${inner}${JSON.stringify(key)}: ${prettyJson(member, inner)}`,
  );
  return `{\n${members.join(',\n')}\n${indent}}`;
};
