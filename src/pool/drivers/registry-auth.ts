import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type JsonObject } from '../../json.js';

/** What the engine passes on to a registry (`X-Registry-Auth`). */
export type RegistryAuth =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string };

/** The name under which the docker program keeps the credentials of Docker Hub. */
const HUB = 'https://index.docker.io/v1/';
const HUB_NAMES = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const HELPER_TIMEOUT = 30_000;
/** In place of a user's name a helper says that its secret is an identity token. */
const TOKEN_USER = '<token>';

/** `host:5000/team/thing:1` → `host:5000`; an image of Docker Hub has no host, or Docker's. */
export const registryOf = (image: string): string => {
  const first = image.split('/')[0] as string;
  const isHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return isHost && !HUB_NAMES.has(first) ? first : 'docker.io';
};

/** `docker.io/library/thing:1` → `library/thing:1`, `thing` → `library/thing`. For images of Docker Hub. */
export const hubPath = (image: string): string => {
  const first = image.split('/')[0] as string;
  const path = HUB_NAMES.has(first) ? image.slice(first.length + 1) : image;
  return path.includes('/') ? path : `library/${path}`;
};

const hostOf = (address: string): string => (address.replace(/^https?:\/\//, '').split('/')[0] ?? '').toLowerCase();
const objectIn = (value: unknown, key: string): JsonObject => {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
};
const textIn = (value: JsonObject, key: string): string => (typeof value[key] === 'string' ? value[key] : '');

const withName = (username: string, password: string, serveraddress: string): RegistryAuth =>
  username === TOKEN_USER ? { identitytoken: password, serveraddress } : { username, password, serveraddress };

/** Asks `docker-credential-⟨helper⟩`, which answers `{Username, Secret}` or fails when it knows nothing of the server. */
const askHelper = (helper: string, server: string): Promise<RegistryAuth | undefined> =>
  new Promise(resolve => {
    const child = spawn(`docker-credential-${helper}`, ['get'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: HELPER_TIMEOUT,
      windowsHide: true,
    });
    let output = '';
    child.stdout.on('data', chunk => {
      output += chunk;
    });
    child.stdin.on('error', () => {});
    child.on('error', () => resolve(undefined));
    child.on('close', code => {
      if (code !== 0) return resolve(undefined);
      try {
        const answer = JSON.parse(output) as JsonObject;
        resolve(withName(textIn(answer, 'Username'), textIn(answer, 'Secret'), server));
      } catch {
        resolve(undefined);
      }
    });
    child.stdin.end(`${server}\n`);
  });

const fromEntry = (entry: JsonObject, serveraddress: string): RegistryAuth | undefined => {
  const identitytoken = textIn(entry, 'identitytoken');
  if (identitytoken !== '') return { identitytoken, serveraddress };
  const decoded = Buffer.from(textIn(entry, 'auth'), 'base64').toString();
  const colon = decoded.indexOf(':');
  const username = colon === -1 ? textIn(entry, 'username') : decoded.slice(0, colon);
  const password = colon === -1 ? textIn(entry, 'password') : decoded.slice(colon + 1).replace(/\0+$/, '');
  return username === '' ? undefined : { username, password, serveraddress };
};

const readSettings = async (folder: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  } catch {
    return undefined;
  }
};

/**
 * The user's credentials for a registry, found as the docker program finds them in `⟨folder⟩/config.json`: the registry's own
 * helper, the general one, then what stands in the file. Undefined without any; never throws. Read anew each time, because
 * `docker login` may have run meanwhile.
 */
export const registryAuth = async (registry: string, folder: string): Promise<RegistryAuth | undefined> => {
  const settings = await readSettings(folder);
  if (settings === undefined) return undefined;
  const server = registry === 'docker.io' ? HUB : registry;
  const host = hostOf(server);
  const auths = objectIn(settings, 'auths');
  const key = server in auths ? server : Object.keys(auths).find(name => hostOf(name) === host);
  const helpers = objectIn(settings, 'credHelpers');
  const helperKey = Object.keys(helpers).find(name => name === server || hostOf(name) === host);
  const helper = helperKey === undefined ? textIn(settings as JsonObject, 'credsStore') : textIn(helpers, helperKey);
  const fromHelper = helper === '' ? undefined : await askHelper(helper, key ?? server);
  return fromHelper ?? (key === undefined ? undefined : fromEntry(objectIn(auths, key), server));
};
