import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import {
  candidatesFor,
  type ProcessDefinition,
  readDefinitions,
  splitKind,
  versionNumbers,
} from './process-definition.js';

/** A program that can serve a kind, or why there is none. */
export type Tool =
  | {
      readonly definition: ProcessDefinition;
      /** Absolute path of the program and the arguments that belong to it. */
      readonly prefix: readonly string[];
      /** What follows the colon of the kind. */
      readonly version: string;
      /** The program's own version, such as `3.11.2`. */
      readonly found: string;
      /** Set when it is another version than the kind names. */
      readonly note?: string;
    }
  | Missing;

/** Why there is no program, and what helps where no Docker engine runs: a sentence each. */
export interface Missing {
  readonly missing: string;
  readonly remedy: string;
}

const START = 'Start a Docker engine.';

interface Probed {
  readonly version: readonly number[];
  /** The program behind a launcher or a version manager's shim, where the probe names it. */
  readonly program?: string;
}

/** A kind found missing is looked for again after this time: the user may have installed it. In ms. */
const MISSING_TTL = 10_000;
const PROBE_TIMEOUT = 10_000;

const beginsWith = (version: readonly number[], asked: readonly number[]): boolean =>
  asked.every((n, i) => version[i] === n);

const compare = (a: readonly number[], b: readonly number[]): number => {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

/**
 * Finds and remembers the programs that run the proxies. Every program is asked for its version once.
 * `root` is the folder of the languages, `environment` what a program is started with (its PATH is searched).
 */
export class Toolbox {
  private definitions: Promise<Map<string, ProcessDefinition>> | undefined;
  private readonly tools = new Map<string, { readonly tool: Promise<Tool>; readonly until: number }>();
  private readonly probes = new Map<string, Promise<Probed | undefined>>();

  constructor(
    private readonly root: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** The program for a kind. Only the first call for a kind takes time. */
  async find(kind: string): Promise<Tool> {
    const known = this.tools.get(kind);
    if (known && known.until > performance.now()) return known.tool;
    const tool = this.search(kind);
    this.tools.set(kind, { tool, until: Number.POSITIVE_INFINITY });
    tool.then(
      found => {
        if (!('missing' in found)) return;
        this.tools.set(kind, { tool, until: performance.now() + MISSING_TTL });
        this.probes.clear();
      },
      () => {
        this.definitions = undefined;
        this.forget(kind);
      },
    );
    return tool;
  }

  /** Forgets what is known of a kind, after its program failed to start. */
  forget(kind: string): void {
    this.tools.delete(kind);
    this.probes.clear();
  }

  private async search(kind: string): Promise<Tool> {
    const { family, version } = splitKind(kind);
    if (kind === 'blackbox') {
      return { missing: 'Actions that name a container image need Docker.', remedy: START };
    }
    this.definitions ??= readDefinitions(this.root);
    const definition = (await this.definitions).get(family);
    if (!definition) return { missing: `Kind '${kind}' runs only in Docker.`, remedy: START };
    if (definition.platforms && !definition.platforms.includes(process.platform)) {
      return { missing: `Kind '${kind}' runs on this system only in Docker.`, remedy: START };
    }
    return this.choose(kind, version, definition);
  }

  private async choose(kind: string, version: string, definition: ProcessDefinition): Promise<Tool> {
    const asked = versionNumbers(version);
    const candidates = candidatesFor(definition, version);
    let best: { prefix: readonly string[]; found: readonly number[] } | undefined;
    for (const [name = '', ...args] of candidates) {
      const located = await this.locate(name);
      if (!located) continue;
      const probed = await this.probe([located, ...args], definition);
      if (!probed || compare(probed.version, definition.minimum) < 0) continue;
      const prefix = probed.program === undefined ? [located, ...args] : [probed.program];
      if (beginsWith(probed.version, asked)) return { definition, prefix, version, found: probed.version.join('.') };
      if (!best || compare(probed.version, best.found) > 0) best = { prefix, found: probed.version };
    }
    if (!best) {
      const names = [...new Set(candidates.map(([name]) => name))].join(', ');
      const minimum = definition.minimum.join('.');
      return {
        missing: `Kind '${kind}' needs one of these programs on PATH, version ${minimum} or later: ${names}.`,
        remedy: 'Install it, or start a Docker engine.',
      };
    }
    const note = `Kind '${kind}' runs on version ${best.found.join('.')} (${best.prefix[0]}), the nearest on this machine.`;
    return { definition, prefix: best.prefix, version, found: best.found.join('.'), note };
  }

  private async locate(name: string): Promise<string | undefined> {
    const windows = process.platform === 'win32';
    const file = windows && !/\.exe$/i.test(name) ? `${name}.exe` : name;
    const path = this.environment['PATH'] ?? '';
    const places = isAbsolute(file) ? [file] : path.split(delimiter).map(folder => join(folder || '.', file));
    for (const place of places) {
      try {
        await access(place, windows ? constants.F_OK : constants.X_OK);
        return place;
      } catch {}
    }
    return undefined;
  }

  private probe(prefix: readonly string[], definition: ProcessDefinition): Promise<Probed | undefined> {
    const key = prefix.join('\0');
    let probed = this.probes.get(key);
    if (!probed) {
      probed = this.ask(prefix, definition);
      this.probes.set(key, probed);
    }
    return probed;
  }

  private async ask(prefix: readonly string[], definition: ProcessDefinition): Promise<Probed | undefined> {
    const [program = '', ...args] = prefix;
    // The server's own program needs no process to tell its version.
    const own = await realpath(program).then(
      path => path === process.execPath,
      () => false,
    );
    const output = own
      ? process.version
      : await new Promise<string>(resolve => {
          execFile(
            program,
            [...args, ...definition.probe],
            { timeout: PROBE_TIMEOUT, env: this.environment, windowsHide: true },
            (error, stdout, stderr) => resolve(error ? '' : `${stdout}\n${stderr}`),
          );
        });
    const match = definition.version.exec(output);
    if (!match) return undefined;
    const named = match.groups?.['program']?.trim();
    const numbers = match.slice(1).filter(part => part !== undefined && /^\d+$/.test(part));
    return { version: numbers.map(Number), ...(named !== undefined && isAbsolute(named) && { program: named }) };
  }
}
