import type { Identity } from '../invocation/identity.js';
import type { Apis } from './apis.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Whether the caller may manage a tenant's APIs. A key's uuid is its owner's alone, as clients take their own for tenant;
 * any other name belongs to whoever used it first.
 */
export const mayManage = (apis: Apis, tenant: string, caller: Identity): boolean => {
  if (tenant === caller.uuid) return true;
  if (UUID.test(tenant) || !/^[\w.-]{1,128}$/.test(tenant)) return false;
  const owner = apis.ownerOf(tenant);
  return owner === undefined || owner === caller.namespace;
};

/** The URL below which an API is served. */
export const managedUrl = (origin: string, tenant: string, basePath: string): string =>
  `${origin}/api/${tenant}${basePath === '/' ? '' : basePath}`;
