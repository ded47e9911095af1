/** How many letters are to be added, left out, exchanged, or swapped with their neighbour, to make one word of the other. */
const distance = (a: string, b: string): number => {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  const at = (numbers: readonly number[], j: number): number => numbers[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        at(row, j) + 1,
        at(next, j - 1) + 1,
        at(row, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = row;
    row = next;
  }
  return at(row, b.length);
};

/** Which of the known words a misspelt one most likely is: a third of its letters may be wrong, three at most. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const most = Math.min(3, Math.floor(word.length / 3));
  const [best] = known
    .map(name => ({ name, wrong: distance(word, name) }))
    .filter(({ wrong }) => wrong <= most)
    .sort((a, b) => a.wrong - b.wrong);
  return best?.name;
};
