import { globTest, isPattern } from './glob.js';

/** One route: where it lies, and what lies there. */
export interface Route<T> {
  /** Segments of the template; `{name}` stands for any segment, also as a part of one. */
  readonly segments: readonly string[];
  readonly value: T;
}

interface Pattern<T> {
  readonly template: string;
  readonly test: (segment: string) => boolean;
  readonly node: Node<T>;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  readonly patterns: Pattern<T>[];
  /** What ends here; of several the one added last counts. */
  readonly values: T[];
}

const createNode = <T>(): Node<T> => ({ literals: new Map(), patterns: [], values: [] });

const childOf = <T>(node: Node<T>, segment: string, create: boolean): Node<T> | undefined => {
  if (isPattern(segment)) {
    const known = node.patterns.find(p => p.template === segment);
    if (known || !create) return known?.node;
    const pattern = { template: segment, test: globTest(segment), node: createNode<T>() };
    node.patterns.push(pattern);
    return pattern.node;
  }
  const known = node.literals.get(segment);
  if (known || !create) return known;
  const child = createNode<T>();
  node.literals.set(segment, child);
  return child;
};

const isEmpty = <T>(node: Node<T>): boolean =>
  node.literals.size === 0 && node.patterns.length === 0 && node.values.length === 0;

/** A route that fits, and how many segments of the request it took. */
export interface Match<T> {
  readonly value: T;
  readonly depth: number;
}

/**
 * Routes as a tree of segments, so that finding one costs by the length of the path and not by the number of routes. The
 * longest route that begins a path wins; of two equally long ones a literal segment wins over a parameter.
 */
export const createTrie = <T>() => {
  const root = createNode<T>();

  const deepest = (node: Node<T>, path: readonly string[], depth: number): Match<T> | undefined => {
    const own = node.values.at(-1);
    let best: Match<T> | undefined = own === undefined ? undefined : { value: own, depth };
    const segment = path[depth];
    if (segment === undefined) return best;
    const consider = (child: Node<T> | undefined): void => {
      const found = child && deepest(child, path, depth + 1);
      if (found && found.depth > (best?.depth ?? -1)) best = found;
    };
    consider(node.literals.get(segment));
    for (const { test, node: child } of node.patterns) {
      if (best?.depth === path.length) break;
      if (test(segment)) consider(child);
    }
    return best;
  };

  const removeFrom = (node: Node<T>, { segments, value }: Route<T>, depth: number): void => {
    const segment = segments[depth];
    if (segment === undefined) {
      const index = node.values.indexOf(value);
      if (index >= 0) node.values.splice(index, 1);
      return;
    }
    const child = childOf(node, segment, false);
    if (!child) return;
    removeFrom(child, { segments, value }, depth + 1);
    if (!isEmpty(child)) return;
    const index = node.patterns.findIndex(p => p.node === child);
    if (index >= 0) node.patterns.splice(index, 1);
    else node.literals.delete(segment);
  };

  return {
    add({ segments, value }: Route<T>): void {
      let node = root;
      for (const segment of segments) node = childOf(node, segment, true) as Node<T>;
      node.values.push(value);
    },
    remove: (route: Route<T>): void => removeFrom(root, route, 0),
    find: (path: readonly string[]): Match<T> | undefined => deepest(root, path, 0),
  };
};

export type Trie<T> = ReturnType<typeof createTrie<T>>;
