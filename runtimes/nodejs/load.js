'use strict';
/** Turns an /init message's code into the function to call. Loaded at the first /init only. */
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');

/** What the parser says of code that is an ES module; anything else is a mistake in a script. */
const ESM_SIGNS = [
  'Cannot use import statement outside a module',
  "Unexpected token 'export'",
  "Cannot use 'import.meta' outside a module",
  'await is only valid in async functions and the top level bodies of modules',
];

let folder;
/** A folder of this process's own under the temporary one, removed when the process ends. */
function ownFolder() {
  if (folder === undefined) {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(require('node:os').tmpdir(), 'action-')));
    process.once('exit', () => {
      try {
        process.chdir(path.dirname(folder));
        fs.rmSync(folder, { recursive: true, force: true });
      } catch {
        // A file still open on Windows; nobody is left to be told.
      }
    });
  }
  return folder;
}

function follow(start, names) {
  let value = start;
  for (const name of names) {
    if (value === null || value === undefined) return undefined;
    value = value[name];
  }
  return value;
}

/** The function at `names` in a module, or in its default export (CommonJS seen through `import`). */
function entryPoint(module, names, entry) {
  const found = [follow(module, names), follow(module?.default, names), names[0] === 'main' && module?.default].find(
    value => typeof value === 'function',
  );
  if (found === undefined) throw `Action entrypoint '${entry}' is not a function.`;
  return found;
}

const IDENTIFIER_PATH =
  /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*(\.[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*)*$/u;

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];

/** A function of CommonJS's names. What it imports with `import()` is found as this file would find it. */
function compileScript(vm, source) {
  const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  if (importModuleDynamically !== undefined) {
    return vm.compileFunction(source, PARAMETERS, { filename: 'action.js', lineOffset: -1, importModuleDynamically });
  }
  // biome-ignore lint/security/noGlobalEval: the code is to be run, and before 20.10 only evaluated code could import
  const evaluate = globalThis.eval;
  return evaluate(`(function (${PARAMETERS}) { ${source}\n})\n//# sourceURL=action.js`);
}

/** Source text: an ordinary script that declares the entry point or exports it, or an ES module. */
async function loadText(code, entry) {
  if (!IDENTIFIER_PATH.test(entry)) throw 'Name of main function is not valid.';
  const vm = require('node:vm');
  const names = entry.split('.');
  // The inner function lets the code declare names such as `require` or `__dirname` again, as OpenWhisk's proxy does.
  const text = code.startsWith('#!') ? `//${code}` : code;
  const wrapped =
    `return (function () {\n${text}\n;try { return ${entry}; }` +
    ' catch (e) { if (!(e instanceof ReferenceError || e instanceof TypeError)) throw e; } })();';
  let script;
  try {
    script = compileScript(vm, wrapped);
  } catch (error) {
    if (ESM_SIGNS.some(sign => error.message.includes(sign))) {
      const file = path.join(ownFolder(), 'action.mjs');
      fs.writeFileSync(file, code);
      linkModules(path.dirname(file));
      return entryPoint(await import(pathToFileURL(file).href), names, entry);
    }
    // The code alone gives the better message where its end is missing.
    vm.compileFunction(text, [], { filename: 'action.js' });
    throw error;
  }
  const module = {
    exports: {},
    filename: path.resolve('action.js'),
    id: 'action',
    loaded: false,
    children: [],
    paths: [],
  };
  const required = createRequire(__filename);
  const local = script.call(
    globalThis,
    module.exports,
    required,
    module,
    module.filename,
    path.dirname(module.filename),
  );
  module.loaded = true;
  return typeof local === 'function' ? local : entryPoint(module.exports, names, entry);
}

/** ES modules find packages by folder only, so the packages that come with the proxy are linked beside the code. */
function linkModules(dir) {
  const packages = path.join(__dirname, 'node_modules');
  if (fs.existsSync(packages)) fs.symlinkSync(packages, path.join(dir, 'node_modules'), 'junction');
}

function isModule(file) {
  if (file.endsWith('.mjs')) return true;
  if (!file.endsWith('.js')) return false;
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')).type === 'module';
    } catch (error) {
      if (error.code !== 'ENOENT') return false;
    }
    if (dir === folder || dir === path.dirname(dir)) return false;
  }
}

/** An archive: `main` is `function`, or `file.function`; the file otherwise is what package.json says, or index.js. */
async function loadArchive(code, entry) {
  const dir = ownFolder();
  require('./archive.js').unpack(Buffer.from(code, 'base64'), dir);
  process.chdir(dir);
  const dot = entry.indexOf('.');
  const names = entry.slice(dot + 1).split('.');
  if (dot === 0 || names.includes('')) throw 'Name of main function is not valid.';
  const required = createRequire(path.join(dir, 'action.js'));
  const roots = dot > 0 ? [path.join(dir, entry.slice(0, dot))] : [dir];
  if (dot < 0 && !fs.existsSync('package.json') && !fs.existsSync('index.js')) {
    if (!fs.existsSync('index.mjs')) {
      throw 'Zipped actions must contain either package.json or index.js at the root.';
    }
  }
  const file = resolveFirst(required, [
    ...roots,
    ...roots.map(root => (root === dir ? path.join(dir, 'index.mjs') : `${root}.mjs`)),
  ]);
  if (isModule(file)) return entryPoint(await import(pathToFileURL(file).href), names, entry);
  let module;
  try {
    module = required(file);
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    module = await import(pathToFileURL(file).href);
  }
  return entryPoint(module, names, entry);
}

function resolveFirst(required, candidates) {
  let first;
  for (const candidate of candidates) {
    try {
      return required.resolve(candidate);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

/** Resolves to the entry point, or rejects with an Error or a sentence for the user. */
function load(code, entry, binary) {
  return binary ? loadArchive(code, entry) : loadText(code, entry);
}

/** Loads some code for nothing, so that all of this is compiled when the first real one comes. */
function rehearse() {
  loadText('const main = () => ({});', 'main').catch(() => undefined);
}

/** An Error's fields are not enumerable, so JSON would lose them; nested errors alike. Cycles become `[Circular]`. */
function plainError(value, seen = new Set()) {
  if (typeof value === 'function') return `[Function: ${value.name || 'anonymous'}]`;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (seen.has(value)) return '[Circular]';
  if (typeof value.toJSON === 'function') return value.toJSON();
  seen.add(value);
  const plain = Array.isArray(value) ? [] : {};
  for (const key of Object.keys(value)) {
    if (typeof value[key] !== 'function')
      plain[key] = Buffer.isBuffer(value[key]) ? '[object Buffer]' : plainError(value[key], seen);
  }
  if (value instanceof Error) {
    for (const key of ['name', 'stack', 'message', 'code', 'cause']) {
      if (value[key] !== undefined && !(key in plain)) plain[key] = plainError(value[key], seen);
    }
  }
  seen.delete(value);
  return plain;
}

module.exports = { load, rehearse, plainError };
