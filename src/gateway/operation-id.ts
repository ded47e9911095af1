const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();

/**
 * `get` and `/path/with/sub_paths` → `getPathWithSub_paths`: each word of the path camel-cased, `-` and `_` kept, whatever
 * else divides words (OPENWHISK.md 6.3).
 */
export const operationId = (operation: string, path: string): string =>
  operation.toLowerCase() +
  path
    .replace(/[^0-9a-z_-]/gi, ' ')
    .replace(/\w\S*/g, capitalized)
    .replace(/\s/g, '');
