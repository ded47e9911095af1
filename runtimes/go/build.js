'use strict';
/** Builds Go actions: a source file or an archive of them, with the launcher beside it unless it has a `func main`. */
const fs = require('node:fs');
const path = require('node:path');

const LAUNCHER = path.join(__dirname, 'launcher.go.txt');

/** `main` names a function; Go exports it under a capital letter. OpenWhisk's compiler makes the others small. */
function functionName(entry, text) {
  const exact = entry.charAt(0).toUpperCase() + entry.slice(1);
  const small = entry.charAt(0).toUpperCase() + entry.slice(1).toLowerCase();
  const has = name => new RegExp(`^func\\s+${name}\\s*\\(`, 'm').test(text);
  return !has(exact) && has(small) ? small : exact;
}

async function build({ source, entry, out, tool = 'go', env, compile, refusal }) {
  if (!/^[A-Za-z_]\w*$/.test(entry)) throw refusal('Name of main function is not valid.');
  const exec = path.join(source, 'exec');
  if (fs.existsSync(exec)) fs.renameSync(exec, path.join(source, 'exec__.go'));
  const nested = path.join(source, 'main');
  const inMain = fs.existsSync(nested) && fs.statSync(nested).isDirectory();
  const folder = inMain ? nested : source;
  const text = fs
    .readdirSync(folder)
    .filter(name => name.endsWith('.go'))
    .map(name => fs.readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
  if (text === '') throw refusal('There is no Go source to compile.');
  if (!/^\s*func\s+main\s*\(\s*\)/m.test(text)) {
    const launcher = fs.readFileSync(LAUNCHER, 'utf8').replaceAll('ActionMain', functionName(entry, text));
    fs.writeFileSync(path.join(folder, 'main__.go'), launcher);
  }
  const goEnv = {
    ...env,
    GO111MODULE: 'on',
    GOTOOLCHAIN: 'local',
    GOFLAGS: env.GOFLAGS ?? '',
    CGO_ENABLED: env.CGO_ENABLED ?? '0',
  };
  if (!fs.existsSync(path.join(source, 'go.mod')))
    fs.writeFileSync(path.join(source, 'go.mod'), 'module exec\n\ngo 1.20\n');
  await compile(
    tool,
    ['build', '-trimpath', '-ldflags', '-s -w', '-o', path.join(out, 'exec'), inMain ? './main' : '.'],
    {
      cwd: source,
      env: goEnv,
    },
  );
  return ['./exec'];
}

module.exports = { recipe: 'go-1', build };
