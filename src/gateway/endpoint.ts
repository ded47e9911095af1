import { gateway as text } from '../messages.js';
import { ManagementError } from './management-error.js';

/** One operation as `wsk api create /base /path verb action` describes it (OPENWHISK.md 6.1). */
export interface Endpoint {
  readonly path: string;
  readonly method: string;
  readonly pathParameters?: readonly object[];
  readonly action: {
    /** `name`, `pkg/name` or `/ns/pkg/name`. */
    readonly name: string;
    readonly namespace: string;
    readonly backendUrl: string;
    readonly secureKey?: string;
  };
}

const BACKEND = /^(\w+):\/\/([:/\w.[\]-]+)\/api\/v\d\/web\/[^/]+\/[^/]+\/.+\.\w+$/;

/** `pkg` and `name` of an action's name, whatever its form. The package is empty for an action in none. */
export const splitActionName = (name: string): { readonly package: string; readonly action: string } => {
  const parts = name.replace(/^\//, '').split('/');
  const [action = '', packageName = ''] = parts.reverse();
  return { package: name.startsWith('/') && parts.length === 2 ? '' : packageName, action };
};

/** The URL of the endpoint's web action with the wanted extension. Throws `ManagementError`. */
export const webActionUrl = ({ action }: Endpoint, responseType: string): string => {
  const backend = BACKEND.exec(action.backendUrl);
  if (!backend) throw new ManagementError(text.badBackendUrl(action.backendUrl));
  const name = splitActionName(action.name);
  return `${backend[1]}://${backend[2]}/api/v1/web/${action.namespace}/${name.package || 'default'}/${name.action}.${responseType}`;
};
