import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { dockerCertificates, dockerConfigFolder } from '../config/load.js';
import type { Config, OptionName } from '../config/options.js';
import { isImageReference } from '../entities/exec.js';
import { errorText, UsageError } from '../errors.js';
import type { ImageStore } from '../pool/drivers/image-store.js';
import type { ImageReport } from '../pool/drivers/images.js';
import { withKinds } from '../runtimes/custom-kinds.js';
import { loadManifest, type Runtime, type Runtimes } from '../runtimes/manifest.js';
import { type Flags, print } from './data.js';
import { configOf, withOptions } from './options.js';
import { errorOutput, progressWriter } from './pull-progress.js';

const OPTIONS: readonly OptionName[] = ['manifest', 'kind', 'dockerHost', 'registryMirror', 'pull'];

/** An image and the kinds that it is for; none for one that was named by itself. */
interface Wanted {
  readonly image: string;
  readonly kinds: readonly string[];
}

const runtimesOf = (config: Config): Runtimes => withKinds(loadManifest(config.manifest), config.kind ?? []);

const byImage = (runtimes: Runtimes, kinds: readonly string[]): Wanted[] => {
  const found = new Map<string, string[]>();
  for (const kind of kinds) {
    const { image } = runtimes.kind(kind) as Runtime;
    found.set(image, [...(found.get(image) ?? []), kind]);
  }
  return [...found].map(([image, of]) => ({ image, kinds: of }));
};

/**
 * What the words mean: kinds (`nodejs:20`), families (`nodejs`: all its kinds), images by name. Without a word the default
 * kind of each family, with `all` every kind and blackbox image. Throws `UsageError`.
 */
const choose = (runtimes: Runtimes, words: readonly string[], all: boolean): Wanted[] => {
  const kinds = runtimes.kinds();
  if (all) {
    return [...byImage(runtimes, kinds), ...runtimes.blackboxes.map(image => ({ image, kinds: ['blackbox'] }))];
  }
  if (words.length === 0)
    return byImage(
      runtimes,
      kinds.filter(kind => runtimes.kind(kind)?.default),
    );
  const chosen = words.flatMap((word): Wanted[] => {
    const named = kinds.filter(kind => kind === runtimes.resolveDefault(word) || runtimes.kind(kind)?.family === word);
    if (named.length > 0) return byImage(runtimes, named);
    if (/[/@]/.test(word) && isImageReference(word)) return [{ image: word, kinds: [] }];
    throw new UsageError(
      `There is no kind or family '${word}'. There are: ${kinds.join(', ')}. An image is team/name:tag.`,
    );
  });
  return [...new Map(chosen.map(one => [one.image, one])).values()];
};

/** Opens the engine's images, does the work, closes them. Throws `UsageError` when no engine answers. */
const withStore = async <T>(argv: Flags, work: (store: ImageStore, config: Config) => Promise<T>): Promise<T> => {
  const config = configOf(argv);
  // The client's modules are loaded only where they are used.
  const { ImageStore } = await import('../pool/drivers/image-store.js');
  const store = new ImageStore({
    host: config.dockerHost,
    certificatePath: dockerCertificates(),
    policy: config.pull,
    mirror: config.registryMirror,
    credentials: dockerConfigFolder(),
    ...(argv['quiet'] !== true && { onProgress: progressWriter(errorOutput()) }),
  });
  try {
    await store.info().catch(error => {
      throw new UsageError(errorText(error));
    });
    return await work(store, config);
  } finally {
    store.close();
  }
};

const show = (value: unknown): void => print(JSON.stringify(value, undefined, 2));
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const wordsOf = (argv: Flags): string[] => ((argv['what'] ?? []) as unknown[]).map(String);

const list = (argv: Flags): Promise<void> =>
  withStore(argv, async (store, config) => {
    const runtimes = runtimesOf(config);
    const wanted = choose(runtimes, wordsOf(argv), wordsOf(argv).length === 0);
    const reports = await store.images.report(wanted.map(({ image }) => image));
    const rows = wanted.map((one, i) => ({ ...one, ...(reports[i] as ImageReport) }));
    if (argv['json'] === true) return show(rows);
    const width = Math.max(...rows.map(({ image }) => image.length));
    for (const { image, kinds, here, local, size = 0, note } of rows) {
      const state = here ? megabytes(size) : 'not here';
      print(`${image.padEnd(width)}  ${state.padEnd(9)} ${kinds.join(', ')}`.trimEnd());
      if (local !== undefined) print(`  ${local}, built here, is used for it`);
      if (note !== undefined) print(`  ${note}`);
    }
  });

interface Pulled extends Wanted {
  readonly state: 'here' | 'pulled' | 'failed';
  readonly reason?: string;
}

const pullOne = async (store: ImageStore, one: Wanted, policy: Config['pull']): Promise<Pulled> => {
  try {
    if (policy !== 'always' && (await store.images.hasItself(one.image))) return { ...one, state: 'here' };
    await store.images.fetchMissing(one.image);
    return { ...one, state: 'pulled' };
  } catch (error) {
    return { ...one, state: 'failed', reason: errorText(error) };
  }
};

const pull = (argv: Flags): Promise<void> =>
  withStore(argv, async (store, config) => {
    const wanted = choose(runtimesOf(config), wordsOf(argv), argv['all'] === true);
    const done: Pulled[] = [];
    for (const one of wanted) {
      const result = await pullOne(store, one, config.pull);
      done.push(result);
      if (argv['json'] !== true) print(`${result.state.padEnd(7)} ${result.reason ?? result.image}`);
    }
    if (argv['json'] === true) show(done);
    const failed = done.filter(({ state }) => state === 'failed');
    if (failed.length > 0) throw new UsageError(`${failed.length} of ${done.length} images could not be had.`);
  });

const save = (argv: Flags): Promise<void> =>
  withStore(argv, async (store, config) => {
    const file = resolve(String(argv['file']));
    const words = wordsOf(argv);
    const reports = await store.images.report(
      choose(runtimesOf(config), words, words.length === 0).map(({ image }) => image),
    );
    const missing = reports.filter(({ here }) => !here).map(({ image }) => image);
    // Without words it is every image of the kinds that is here.
    if (words.length > 0 && missing.length > 0) {
      throw new UsageError(`Not on this machine: ${missing.join(', ')}. See miniwhisk images pull --help.`);
    }
    const names = reports.filter(({ here }) => here).map(({ image, local }) => local ?? image);
    if (names.length === 0)
      throw new UsageError('None of the images is on this machine. See miniwhisk images pull --help.');
    let told = 0;
    const output = errorOutput();
    await store
      .save(names, file, bytes => {
        if (!output.tty || argv['quiet'] === true || bytes - told < 5e6) return;
        told = bytes;
        output.write(`\u001b[Ksaving: ${megabytes(bytes)}\r`);
      })
      .catch(error => {
        throw new UsageError(`The images cannot be saved to '${file}': ${errorText(error).trim()}`);
      });
    if (argv['json'] === true) show({ file, images: names });
    else print(`Saved ${names.length} images to ${file}: ${names.join(', ')}`);
  });

const load = (argv: Flags): Promise<void> =>
  withStore(argv, async store => {
    const file = resolve(String(argv['file']));
    if (!existsSync(file)) throw new UsageError(`There is no file '${file}'.`);
    const names = await store.load(file).catch(error => {
      throw new UsageError(`The images of '${file}' cannot be loaded: ${errorText(error).trim()}`);
    });
    if (argv['json'] === true) show({ file, images: names });
    else print(`Loaded ${names.length} images: ${names.join(', ')}`);
  });

const WHAT = 'Kinds (nodejs:20), families (nodejs) or images (team/name:tag)';

const common = (yargs: Argv): Argv =>
  withOptions(yargs, OPTIONS, 'Images:')
    .option('json', { type: 'boolean', describe: 'Answer in JSON', group: 'Images:' })
    .option('quiet', { alias: 'q', type: 'boolean', describe: 'No progress on standard error', group: 'Images:' });

const words = (yargs: Argv): Argv => yargs.positional('what', { array: true, type: 'string', describe: WHAT });

export const imagesCommand: CommandModule = {
  command: 'images',
  describe: "Pull, list, save and load the kinds' images",
  builder: yargs =>
    yargs
      .command(
        'pull [what..]',
        'Get images that are not here (--pull always: newer ones too); without words the default kinds',
        y => words(common(y)).option('all', { type: 'boolean', describe: "Every kind's image", group: 'Images:' }),
        pull,
      )
      .command('list [what..]', 'Show which images are here', y => words(common(y)), list)
      .command(
        'save <file> [what..]',
        'Write images to a tar file (.tar.gz: gzipped); without words all that are here',
        y => words(common(y)).positional('file', { type: 'string', describe: 'The archive' }),
        save,
      )
      .command(
        'load <file>',
        'Take in the images of a tar file',
        y => common(y).positional('file', { type: 'string', describe: 'The archive' }),
        load,
      )
      .demandCommand(1, 'Name a command: pull, list, save or load')
      .example('$0 images pull nodejs:20 python', 'one kind, and all of a family')
      .example('$0 images pull --registry-mirror mirror.example:5000', 'the default kinds, by a mirror')
      .example('$0 images save images.tar nodejs:20', "into a CI job's cache")
      .example('$0 images load images.tar && miniwhisk start --pull never', 'with no network')
      .example('$0 images list --json', 'for scripts'),
  handler: () => undefined,
};
