import { constants, existsSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { dockerCertificates, dockerConfigFolder, processEnvironment } from '../config/load.js';
import type { Config } from '../config/options.js';
import { errorText } from '../errors.js';
import type { ImageReport } from '../pool/drivers/images.js';
import { ProcessDriver } from '../pool/drivers/process.js';
import type { Missing } from '../pool/drivers/process-tools.js';
import type { Runtime, Runtimes } from '../runtimes/manifest.js';

/** What is found of one thing. `trouble`: a server could not start, or run nothing. `text` says what to do about it. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'trouble';
  readonly text: string;
}

/** How a kind runs: in a container, as a process, by which program. */
export interface KindCheck {
  readonly kind: string;
  readonly image: string;
  readonly docker: Pick<ImageReport, 'here' | 'local' | 'size' | 'note'>;
  readonly process:
    | { readonly usable: true; readonly program: string; readonly version: string; readonly note?: string }
    | { readonly usable: false; readonly reason: string };
}

const MINIMUM = [20, 19] as const;

export const checkNode = (): Check => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
  const text = `Node.js ${process.versions.node}, ${process.platform}/${process.arch}`;
  return { name: 'node', state: enough ? 'ok' : 'trouble', text: enough ? text : `${text}: 20.19 or later is needed` };
};

/** What keeps files from being made in the folder; undefined when nothing does. */
const obstacle = async (folder: string): Promise<string | undefined> => {
  if (!(await stat(folder)).isDirectory()) return `${folder} is no folder. Name another with --data-dir.`;
  return access(folder, constants.W_OK).then(
    () => undefined,
    () => `${folder} cannot be written. Change its rights, or name another with --data-dir.`,
  );
};

const nearest = (path: string): string => (existsSync(path) || dirname(path) === path ? path : nearest(dirname(path)));

export const checkDataDir = async (config: Config): Promise<Check> => {
  const name = 'data dir';
  if (config.memory) return { name, state: 'ok', text: 'none: everything is kept in memory' };
  const { dataDir } = config;
  const there = nearest(dataDir);
  const trouble = await obstacle(there);
  if (trouble !== undefined) return { name, state: 'trouble', text: trouble };
  return { name, state: 'ok', text: there === dataDir ? dataDir : `${dataDir}, made at the first start` };
};

const tryPort = (host: string, port: number): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });

const servesOpenWhisk = async (host: string, port: number): Promise<boolean> => {
  const address = host.includes(':') ? `[${host}]` : host;
  try {
    const reply = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2000) });
    return (await reply.text()).includes('"api_paths"');
  } catch {
    return false;
  }
};

export const checkPort = async ({ host, port }: Config): Promise<Check> => {
  const name = 'port';
  if (port === 0) return { name, state: 'ok', text: 'any free one' };
  const error = await tryPort(host, port);
  if (error === undefined) return { name, state: 'ok', text: `${port} on ${host} is free` };
  if (error.code !== 'EADDRINUSE') {
    return {
      name,
      state: 'trouble',
      text: `${port} on ${host} cannot be opened (${error.code}). Choose with --port and --host.`,
    };
  }
  if (await servesOpenWhisk(host, port)) {
    return { name, state: 'note', text: `${port} on ${host}: a server of OpenWhisk's API answers there already` };
  }
  return {
    name,
    state: 'trouble',
    text: `${port} on ${host} is in use. Stop what listens there, or choose another with --port.`,
  };
};

/** The wsk program is not needed, but what most users come with. */
export const checkWsk = async (): Promise<Check> => {
  const file = process.platform === 'win32' ? 'wsk.exe' : 'wsk';
  for (const folder of (processEnvironment()['PATH'] ?? '').split(delimiter)) {
    const path = join(folder || '.', file);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return { name: 'wsk', state: 'ok', text: path };
  }
  return {
    name: 'wsk',
    state: 'note',
    text: 'not on the PATH; https://github.com/apache/openwhisk-cli/releases has it',
  };
};

/** The engine, and what it has of the images; none when it does not answer. */
export const checkDocker = async (
  config: Config,
  images: readonly string[],
): Promise<{ readonly check: Check; readonly reports: readonly ImageReport[] }> => {
  const name = 'docker';
  const { ImageStore } = await import('../pool/drivers/image-store.js');
  const certificatePath = dockerCertificates();
  const credentials = dockerConfigFolder();
  const store = new ImageStore({ host: config.dockerHost, certificatePath, policy: 'never', credentials });
  try {
    const { version, osType, architecture, rootless } = await store.info();
    const text = `engine ${version} at ${store.address}, ${osType}/${architecture}${rootless ? ', rootless' : ''}`;
    return { check: { name, state: 'ok', text }, reports: await store.images.report(images) };
  } catch (error) {
    const needed = config.driver === 'docker';
    const instead = needed ? '' : ' Functions run as plain processes, not isolated.';
    return { check: { name, state: needed ? 'trouble' : 'note', text: `${errorText(error)}${instead}` }, reports: [] };
  } finally {
    store.close();
  }
};

/** What helps where a kind does not run as a process: an engine that runs already needs no start, but may be left unused. */
const remedyOf = ({ missing, remedy }: Missing, config: Config, docker: Check): string => {
  if (docker.state !== 'ok') return `${missing} ${remedy}`;
  return config.driver === 'process' ? `${missing} A Docker engine runs here: --driver auto uses it.` : missing;
};

/** How each kind runs, beside what `checkDocker` has found. */
export const checkKinds = async (
  runtimes: Runtimes,
  config: Config,
  docker: Check,
  reports: readonly ImageReport[],
): Promise<KindCheck[]> => {
  const driver = new ProcessDriver({ directory: '', environment: processEnvironment() });
  const byImage = new Map(reports.map(report => [report.image, report]));
  return Promise.all(
    runtimes.kinds().map(async (kind): Promise<KindCheck> => {
      const { image } = runtimes.kind(kind) as Runtime;
      const { here = false, local, size, note } = byImage.get(image) ?? {};
      const tool = await driver.tool(kind);
      return {
        kind,
        image,
        docker: {
          here,
          ...(local !== undefined && { local }),
          ...(size !== undefined && { size }),
          ...(note !== undefined && { note }),
        },
        process:
          'missing' in tool
            ? { usable: false, reason: remedyOf(tool, config, docker) }
            : {
                usable: true,
                program: tool.prefix.join(' '),
                version: tool.found,
                ...(tool.note !== undefined && { note: tool.note }),
              },
      };
    }),
  );
};

/** Whether any kind could run with the drivers that are wanted; a pull may still bring an image. */
export const checkDrivers = (config: Config, docker: Check, kinds: readonly KindCheck[]): Check => {
  const name = 'functions';
  const isolated = config.driver !== 'process' && docker.state === 'ok';
  const inDocker = isolated ? kinds.filter(kind => kind.docker.here).length : 0;
  const asProcess = config.driver === 'docker' ? 0 : kinds.filter(kind => kind.process.usable).length;
  const pulled = isolated && config.pull !== 'never';
  const text = [
    ...(isolated
      ? [`${inDocker} of ${kinds.length} kinds have their image here${pulled ? ', others are pulled when needed' : ''}`]
      : []),
    ...(config.driver === 'docker' ? [] : [`${asProcess} run as processes`]),
  ].join('; ');
  const some = inDocker > 0 || asProcess > 0 || pulled;
  return { name, state: some ? 'ok' : 'trouble', text: some ? text : `no kind can run: ${text}` };
};
