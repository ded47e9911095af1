// `npm run bench -- [case …]`: sets the checkout up if need be, then runs the benchmarks that are named, or all.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.js';

setUp();
const { rolldown } = await import('rolldown');
// Bundled to two folders below the root, as its sources are: what they find by import.meta.url stays found.
const dir = join(root, 'dist', 'bench');
const bundle = await rolldown({
  cwd: root,
  input: { main: join('test', 'bench', 'main.ts'), proxy: join('test', 'bench', 'proxy.ts') },
  platform: 'node',
  external: /^[^./]/,
});
await bundle.write({ dir, format: 'esm', cleanDir: true, chunkFileNames: '[name].js' });
const { status } = spawnSync(process.execPath, [join(dir, 'main.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
