import { isEntityName } from '../entities/names.js';

/** How a web action's result becomes an HTTP response. */
export type Extension = 'http' | 'json' | 'html' | 'svg' | 'text';

const EXTENSIONS: readonly Extension[] = ['http', 'json', 'html', 'svg', 'text'];

/** What the URL of a web action names (OPENWHISK.md 4.1). */
export interface WebAddress {
  readonly namespace: string;
  /** `ns/[pkg/]action`. */
  readonly path: string;
  readonly extension: Extension;
  /** What follows the action's segment, percent escapes as sent: empty, or beginning with a slash. */
  readonly rest: string;
}

/** Where web actions live on the server. */
export const WEB_PREFIX = '/api/v1/web/';

/** The package segment of actions that are in no package. */
const NO_PACKAGE = 'default';

const nameOf = (segment: string): string | undefined => {
  if (!segment.includes('%')) return isEntityName(segment) ? segment : undefined;
  try {
    const name = decodeURIComponent(segment);
    return isEntityName(name) ? name : undefined;
  } catch {
    return undefined;
  }
};

/** `page.html` → `page` and `html`. An unknown extension is part of the name. */
const splitExtension = (name: string): [string, Extension] => {
  const extension = EXTENSIONS.find(e => name.endsWith(`.${e}`));
  return extension ? [name.slice(0, -extension.length - 1), extension] : [name, 'http'];
};

/** Reads `ns/pkg/action[.ext][/rest]`, the path below `/api/v1/web/`. Undefined when it cannot name a web action. */
export const parseAddress = (path: string): WebAddress | undefined => {
  const first = path.indexOf('/');
  const second = first < 0 ? -1 : path.indexOf('/', first + 1);
  if (second < 0) return undefined;
  const third = path.indexOf('/', second + 1);
  const namespace = nameOf(path.slice(0, first));
  const packageName = nameOf(path.slice(first + 1, second));
  const segment = nameOf(third < 0 ? path.slice(second + 1) : path.slice(second + 1, third));
  if (namespace === undefined || packageName === undefined || segment === undefined) return undefined;
  const [action, extension] = splitExtension(segment);
  return {
    namespace,
    path: packageName === NO_PACKAGE ? `${namespace}/${action}` : `${namespace}/${packageName}/${action}`,
    extension,
    rest: third < 0 ? '' : path.slice(third),
  };
};
