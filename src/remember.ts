/** Texts whose answers are kept, and the characters each may have. */
const MOST = 64;
const LONGEST = 2048;

/**
 * A pure function of a text, with its latest answers kept: on a server most calls look like one of the few before. Answers
 * are shared and must not be changed.
 */
export const remember = <A>(fn: (text: string) => A): ((text: string) => A) => {
  const known = new Map<string, A>();
  // Met again at once, a text need not be hashed.
  let last: { readonly text: string; readonly answer: A } | undefined;
  return text => {
    if (last?.text === text) return last.answer;
    if (text.length > LONGEST) return fn(text);
    if (!known.has(text)) {
      const answer = fn(text);
      if (known.size >= MOST) known.clear();
      known.set(text, answer);
    }
    last = { text, answer: known.get(text) as A };
    return last.answer;
  };
};
