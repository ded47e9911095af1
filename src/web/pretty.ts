import type { Json } from '../json.js';

/**
 * White space that is put between members at most: a megabyte of flat objects gets two to four. It grows with the depth as
 * well as with the members, so that less than a megabyte, nested 990 deep, would become 200.
 */
const MAX_SPACE = 8 * 1024 * 1024;

class TooWide extends Error {}

const print = (value: Json): string => {
  let space = 0;
  // One text that grows: a text for each value would copy the innermost once for every level around it.
  let out = '';
  const write = (item: Json, indent: string): void => {
    if (typeof item !== 'object' || item === null) {
      out += JSON.stringify(item);
      return;
    }
    if (Array.isArray(item)) {
      out += '[';
      item.forEach((element, i) => {
        if (i > 0) out += ', ';
        write(element, indent);
      });
      out += ']';
      return;
    }
    const inner = `${indent}  `;
    const members = Object.entries(item);
    space += (members.length + 1) * inner.length;
    if (space > MAX_SPACE) throw new TooWide();
    out += '{\n';
    members.forEach(([key, member], i) => {
      out += `${i > 0 ? ',\n' : ''}${inner}${JSON.stringify(key)}: `;
      write(member, inner);
    });
    out += `\n${indent}}`;
  };
  write(value, '');
  return out;
};

/**
 * JSON as OpenWhisk prints it for people: objects a member a line, two spaces a level, arrays on one line. An empty object
 * takes three lines. What would mostly be white space comes as it is, on one line.
 */
export const prettyJson = (value: Json): string => {
  try {
    return print(value);
  } catch (error) {
    if (error instanceof TooWide) return JSON.stringify(value);
    throw error;
  }
};
