// Writes dist/bundle: the command line with the JavaScript it uses, in a few files. Loading the same code as some 700 single
// files takes twice as long, and that is most of the time until the server is ready.
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './setup.js';

/** Stay packages: native ones, and those that only some starts use. */
const EXTERNAL =
  /^(@kubernetes\/client-node|better-sqlite3|dockerode|selfsigned|swagger-ui-dist|tar-stream|ws|yaml)(\/|$)/;

/** Data as text: parsing JSON takes a fraction of the time of compiling it as a program. */
const json = {
  name: 'json-as-text',
  transform: {
    filter: { id: /\.json$/ },
    handler: code => ({
      code: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(code)))});`,
      moduleType: 'js',
      map: { mappings: '' },
    }),
  },
};

const bundle = await rolldown({
  cwd: root,
  input: { main: join('dist', 'cli', 'main.js') },
  platform: 'node',
  plugins: [json],
  external: EXTERNAL,
  onLog: (level, log, next) => {
    // depd builds its wrappers by eval, of text of its own.
    if (log.code !== 'EVAL') next(level, log);
  },
});
await bundle.write({
  dir: join('dist', 'bundle'),
  format: 'esm',
  sourcemap: true,
  cleanDir: true,
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
});
