const PARAMETER = /\{[^{}]*\}/;

/** Whether a template's segment has a parameter in it. */
export const isPattern = (segment: string): boolean => PARAMETER.test(segment);

/**
 * Whether a segment fits a template's, `item-{n}.json`: each parameter stands for at least one character. Its time grows with
 * the segment, whatever the template: as a regular expression, eight parameters in a row took minutes over a hundred
 * characters.
 */
export const globTest = (template: string): ((segment: string) => boolean) => {
  const literals = template.split(PARAMETER);
  const first = literals.shift() ?? '';
  const last = literals.pop();
  if (last === undefined) return segment => segment === first;
  return segment => {
    if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
    let at = first.length;
    for (const literal of literals) {
      // The leftmost place leaves the most room for what follows.
      const found = segment.indexOf(literal, at + 1);
      if (found < 0) return false;
      at = found + literal.length;
    }
    return at < segment.length - last.length;
  };
};
