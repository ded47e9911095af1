// Writes dist/bundle: the command line with the JavaScript it uses, in a few files. Loading the same code as some 700 single
// files takes twice as long, and that is most of the time until the server is ready.
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './setup.js';

/** Stay packages: native ones, and those that only some starts use. */
const EXTERNAL =
  /^(@kubernetes\/client-node|better-sqlite3|dockerode|pino-pretty|selfsigned|swagger-ui-dist|tar-stream|undici|yaml)(\/|$)/;

const bundle = await rolldown({
  cwd: root,
  input: { main: join('dist', 'cli', 'main.js') },
  platform: 'node',
  external: EXTERNAL,
  onLog: (level, log, next) => {
    // depd builds its wrappers by eval, of text of its own.
    if (log.code !== 'EVAL') next(level, log);
  },
});
await bundle.write({ dir: join('dist', 'bundle'), format: 'esm', sourcemap: true, cleanDir: true });
