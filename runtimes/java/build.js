'use strict';
/**
 * Builds Java actions: a jar with its classes, a source file, or an archive of sources, classes and jars. `main` is
 * `Class`, or `Class#method`; `main` alone means `Main#main`.
 */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const GSON = path.join(__dirname, 'lib', 'gson.jar');
const LAUNCHER = path.join(__dirname, 'Launcher.java');

function entryPoint(entry) {
  const [className, method] = entry === 'main' ? ['Main', 'main'] : entry.split('#');
  return { className, method: method || 'main' };
}

function filesBelow(folder, suffix) {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(suffix))
    .map(entry => path.join(entry.parentPath ?? entry.path, entry.name));
}

/** A jar is a zip whose directory names its manifest. */
const keepsArchive = data => data.includes('META-INF/MANIFEST.MF') && data[0] === 0x50;

/** `javac` beside the `java` that was found. */
const compilerOf = java => (java === undefined ? 'javac' : path.join(path.dirname(fs.realpathSync(java)), 'javac'));

/** The launcher's classes: compiled once where there is a cache, or when the image was made. */
async function launcherClasses({ cache, folder, tool, env, compile, major }) {
  const ready = path.join(__dirname, 'classes');
  if (fs.existsSync(path.join(ready, 'Launcher.class'))) return ready;
  const mark = createHash('sha256').update(fs.readFileSync(LAUNCHER)).update(`${major}`).digest('hex').slice(0, 16);
  const kept = path.join(cache ?? folder, `java-launcher-${mark}`);
  if (fs.existsSync(path.join(kept, 'Launcher.class'))) return kept;
  fs.mkdirSync(kept, { recursive: true });
  const made = fs.mkdtempSync(path.join(cache ?? folder, 'launcher-'));
  await compile(compilerOf(tool), ['-encoding', 'UTF-8', '-nowarn', '-cp', GSON, '-d', made, LAUNCHER], {
    cwd: made,
    env,
  });
  for (const file of fs.readdirSync(made)) fs.renameSync(path.join(made, file), path.join(kept, file));
  fs.rmSync(made, { recursive: true, force: true });
  return kept;
}

/** The JVM's major version, from the file every JDK has beside its programs: asking java itself takes a tenth of a second. */
function majorVersion(java) {
  try {
    const release = fs.readFileSync(path.join(path.dirname(fs.realpathSync(java)), '..', 'release'), 'utf8');
    const version = /JAVA_VERSION="([\d.]+)/.exec(release)[1];
    return version.startsWith('1.') ? Number(version.split('.')[1]) : Number.parseInt(version, 10);
  } catch {
    return 17;
  }
}

async function build(job) {
  const { source, entry, out, tool, memory, env, compile, refusal } = job;
  const { className, method } = entryPoint(entry);
  if (!/^[\p{L}_$][\p{L}\p{N}_$.]*$/u.test(className) || !/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(method)) {
    throw refusal('Name of main function is not valid.');
  }
  const java = tool ?? 'java';
  const major = majorVersion(java);
  const launcher = await launcherClasses({ ...job, major });
  const exec = path.join(source, 'exec');
  if (fs.existsSync(exec)) fs.renameSync(exec, path.join(source, `${className.split('.').pop()}.java`));
  fs.cpSync(source, out, { recursive: true });
  const jars = filesBelow(out, '.jar');
  const sources = filesBelow(out, '.java');
  if (sources.length > 0) {
    const list = path.join(job.folder, 'sources');
    fs.writeFileSync(list, sources.map(file => `"${file.replaceAll('\\', '\\\\')}"\n`).join(''));
    const classPath = [GSON, out, ...jars].join(path.delimiter);
    const quick = ['-J-XX:TieredStopAtLevel=1', '-J-XX:+UseSerialGC', '-J-XX:MaxRAMPercentage=60', '-proc:none'];
    await compile(compilerOf(tool), [...quick, '-encoding', 'UTF-8', '-cp', classPath, '-d', out, `@${list}`], {
      cwd: out,
      env,
    });
  }
  const relative = file => `./${path.relative(out, file)}`;
  const modules =
    major >= 9 ? ['--add-opens=java.base/java.util=ALL-UNNAMED', '--add-opens=java.base/java.lang=ALL-UNNAMED'] : [];
  const heap = memory === undefined ? [] : [`-Xmx${Math.max(32, Math.floor(memory * 0.6))}m`];
  return [
    java,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-Dfile.encoding=UTF-8',
    ...heap,
    ...modules,
    '-cp',
    [launcher, GSON].join(path.delimiter),
    'Launcher',
    `${className}#${method}`,
    './',
    ...jars.map(relative),
  ];
}

module.exports = { recipe: 'java-1', archiveName: 'jar', keepsArchive, build };
