export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** spray-json's own limit on how deep JSON may nest. What is less deep can be printed without harm to the stack, too. */
export const MAX_NESTING = 1000;

/** True when the text nests deeper than `max`, strings skipped. Short texts cannot. */
export const nestsTooDeep = (text: string, max = MAX_NESTING): boolean => {
  if (text.length < 2 * max) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > max) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
};
