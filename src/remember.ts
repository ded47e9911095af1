/** Texts whose answers are kept, and the characters each may have. */
const MOST = 64;
const LONGEST = 2048;

/**
 * A pure function of a text, with its latest answers kept: on a server most calls look like one of the few before. Answers
 * are shared: what changes one changes it for all.
 */
export const remember = <A>(fn: (text: string) => A): ((text: string) => A) => {
  const known = new Map<string, A>();
  // Met again at once, a text need not be hashed.
  let lastText: string | undefined;
  let lastAnswer: A;
  return text => {
    if (text === lastText) return lastAnswer;
    if (text.length > LONGEST) return fn(text);
    let answer = known.get(text);
    if (answer === undefined && !known.has(text)) {
      answer = fn(text);
      if (known.size >= MOST) known.clear();
      known.set(text, answer);
    }
    lastText = text;
    lastAnswer = answer as A;
    return lastAnswer;
  };
};
