'use strict';
/** Perl needs no compiler: the code is checked, and the launcher is told where it lies and which function to call. */
const fs = require('node:fs');
const path = require('node:path');

async function build({ source, entry, out, env, compile, refusal }) {
  if (!/^\w+$/.test(entry)) throw refusal('The name of the main function is not valid.');
  // One file is uploaded as `exec`; in an archive the code is main.pl.
  const single = path.join(source, 'exec');
  const file = fs.existsSync(single) ? single : path.join(source, 'main.pl');
  if (!fs.existsSync(file)) throw refusal('There is no file main.pl in the archive.');
  await compile('perl', ['-c', '-I.', file], { cwd: source, env });
  const code = path.basename(file);
  fs.copyFileSync(file, path.join(out, code));
  return ['perl', '-I.', path.join(__dirname, 'launcher.pl'), `./${code}`, entry];
}

module.exports = { recipe: 'perl-1', build };
