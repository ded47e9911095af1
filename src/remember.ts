/**
 * A pure function of a text, with its last answer kept: on a server most calls look like the one before. The answer is
 * shared and must not be changed.
 */
export const remember = <A>(fn: (text: string) => A): ((text: string) => A) => {
  let last: { readonly text: string; readonly answer: A } | undefined;
  return text => {
    if (last?.text === text) return last.answer;
    const answer = fn(text);
    last = { text, answer };
    return answer;
  };
};
