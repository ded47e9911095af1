'use strict';
/** Builds Rust actions: a `lib.rs` or an archive of a crate, called by a launcher that is compiled with it. */
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const LAUNCHER = path.join(__dirname, 'launcher.rs');
const ACTION_MANIFEST = `[package]
name = "actions"
version = "0.1.0"
edition = "2018"

[dependencies]
serde = "1.0"
serde_derive = "1.0"
serde_json = "1.0"
`;
const LAUNCHER_MANIFEST = `[package]
name = "action_loop"
version = "0.1.0"
edition = "2018"

[dependencies]
serde_json = "1.0"
actions = { path = "../source" }

[[bin]]
name = "BINARY"
path = "src/main.rs"

[profile.dev]
debug = false
opt-level = 1

[workspace]
`;

/** The crate's name in its manifest; the launcher calls it `actions`, whatever that is. */
function packageName(manifest) {
  const section = /^\[package\][^[]*/m.exec(manifest)?.[0] ?? '';
  return /^\s*name\s*=\s*"([^"]+)"/m.exec(section)?.[1];
}

/** Crates that lie on this machine are enough for most actions: the registry is asked only when one is missing. */
async function build({ source, folder, entry, out, tool = 'cargo', cache, env, compile, refusal }) {
  if (!/^[A-Za-z_]\w*$/.test(entry)) throw refusal('Name of main function is not valid.');
  const exec = path.join(source, 'exec');
  if (fs.existsSync(exec)) {
    fs.mkdirSync(path.join(source, 'src'), { recursive: true });
    fs.renameSync(exec, path.join(source, 'src', 'lib.rs'));
  }
  if (!fs.existsSync(path.join(source, 'src', 'lib.rs'))) throw refusal('The archive must contain src/lib.rs.');
  const manifestFile = path.join(source, 'Cargo.toml');
  if (!fs.existsSync(manifestFile)) fs.writeFileSync(manifestFile, ACTION_MANIFEST);
  const name = packageName(fs.readFileSync(manifestFile, 'utf8')) ?? 'actions';
  const loop = path.join(folder, 'loop');
  fs.mkdirSync(path.join(loop, 'src'), { recursive: true });
  // Two builds at once in the same target folder must not take each other's program.
  const binary = `action_${randomBytes(8).toString('hex')}`;
  const renamed = name === 'actions' ? '' : `, package = "${name}"`;
  fs.writeFileSync(
    path.join(loop, 'Cargo.toml'),
    LAUNCHER_MANIFEST.replace('{ path = "../source" }', `{ path = "../source"${renamed} }`).replace('BINARY', binary),
  );
  const launcher = fs.readFileSync(LAUNCHER, 'utf8').replaceAll('action_main', entry);
  fs.writeFileSync(path.join(loop, 'src', 'main.rs'), launcher);
  // One target folder for all actions: what they depend on is compiled once.
  const target =
    env.CARGO_TARGET_DIR ?? (cache === undefined ? path.join(folder, 'target') : path.join(cache, 'rust-target'));
  const args = ['build', '--quiet', '--target-dir', target];
  const options = { cwd: loop, env: { ...env, CARGO_TERM_COLOR: 'never', CARGO_INCREMENTAL: '0' } };
  try {
    await compile(tool, [...args, '--offline'], options);
  } catch (error) {
    // Only a crate that is not on this machine is a reason to ask the registry.
    if (!/--offline|offline mode|no matching package|failed to (select|download|get)/.test(error.userText)) throw error;
    await compile(tool, args, options);
  }
  fs.copyFileSync(path.join(target, 'debug', binary), path.join(out, 'exec'));
  for (const place of ['debug', 'debug/deps']) {
    for (const file of fs.readdirSync(path.join(target, place))) {
      if (file.startsWith(binary)) fs.rmSync(path.join(target, place, file), { force: true });
    }
  }
  return ['./exec'];
}

module.exports = { recipe: 'rust-1', build };
