import { createRequire } from 'node:module';
import type { Client as UndiciClient, Pool as UndiciPool } from 'undici';

/**
 * undici's two dispatchers alone. Its entrance also loads fetch, WebSocket, caches and mocks: 9 MB and a fifth of a second
 * at every start, for nothing that is used here. undici has no `exports` map: these paths are open to its users.
 */
const require = createRequire(import.meta.url);

export const Client = require('undici/lib/dispatcher/client.js') as typeof UndiciClient;
export const Pool = require('undici/lib/dispatcher/pool.js') as typeof UndiciPool;
