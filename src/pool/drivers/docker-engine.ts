import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { inspect } from 'node:util';
import Docker from 'dockerode';
import { errorText } from '../../errors.js';
import type { EngineAddress } from './docker-host.js';
import type { RegistryAuth } from './registry-auth.js';
import { withTimeLimit } from './time-limit.js';

/** Time limits of calls, in ms. Starting is the slow one: a loaded engine takes seconds. */
const PING = 5_000;
const CALL = 30_000;
const SLOW_CALL = 120_000;
/** An archive of images is read to its end before the answer begins. */
const ARCHIVE_CALL = 1_800_000;

/** Whether an engine refused a call because it lacks the image. */
export const isMissingImage = (error: unknown): boolean => /no such image|image not known/i.test(errorText(error));

/** Whether an engine refused a start because the image has no such command. */
export const isMissingCommand = (error: unknown): boolean =>
  /executable file not found|no such file or directory|exec format error/i.test(errorText(error));

/** The status an engine refused a call with; undefined when it did not answer. */
export const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number } | null)?.statusCode;

export interface ContainerState {
  /** It ran, and does no more. A container that is only created has not ended. */
  readonly ended: boolean;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Empty while it does not run. */
  readonly ip: string;
  /** Host port that `port` of the container is published on. */
  readonly published: (port: string) => number | undefined;
}

export interface EngineInfo {
  readonly osType: string;
  readonly system: string;
  readonly rootless: boolean;
  /** The engine's own version, such as `20.10.24`. */
  readonly version: string;
  /** As images name theirs: `amd64`, `arm64` … */
  readonly architecture: string;
  /** Of the machine it runs on; 0 when it does not say. */
  readonly cores: number;
}

/** An image that the engine has. */
export interface EngineImage {
  readonly id: string;
  /** `amd64` …; empty when the engine does not say. */
  readonly architecture: string;
  /** Bytes. */
  readonly size: number;
}

/** What the kernel calls machines, as images do. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
};

/** Calls whose options the library takes but its types do not know. */
type WithSignal<T> = (options: { readonly abortSignal: AbortSignal }) => Promise<T>;

const within = <T>(ms: number, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> =>
  withTimeLimit(ms, 'the Docker engine', call);

/**
 * dockerode renders the options of each request for its debug log, whether that is wanted or not, and with them the agent,
 * its sockets and all that hangs on those: tens of milliseconds with some attached containers. This keeps it out of there.
 */
const opaque = <A extends HttpAgent>(agent: A): A => Object.assign(agent, { [inspect.custom]: () => 'Agent' });

/** One method for each call to the engine; no policy. Every call has a time limit and rejects with the engine's error. */
export class Engine {
  private readonly docker: Docker;
  private readonly agent: HttpAgent;

  constructor(address: EngineAddress) {
    const secure = 'protocol' in address && address.protocol === 'https';
    // A connection for each call: one kept idle may have died with the engine, and the next call with it.
    this.agent = opaque(secure ? new HttpsAgent() : new HttpAgent());
    // `host` is named even when undefined: otherwise the library would take it from the process's environment.
    const options = { host: undefined, pathPrefix: '/', ...address, agent: this.agent };
    this.docker = new Docker(options as unknown as Docker.DockerOptions);
  }

  ping(): Promise<void> {
    const ping = this.docker.ping.bind(this.docker) as WithSignal<unknown>;
    return within(PING, async abortSignal => void (await ping({ abortSignal })));
  }

  async info(): Promise<EngineInfo> {
    const ask = this.docker.info.bind(this.docker) as WithSignal<Record<string, unknown>>;
    const info = await within(CALL, abortSignal => ask({ abortSignal }));
    const security = (info['SecurityOptions'] ?? []) as string[];
    const machine = String(info['Architecture'] ?? '');
    return {
      osType: String(info['OSType'] ?? 'linux'),
      system: String(info['OperatingSystem'] ?? ''),
      rootless: security.some(option => option.includes('rootless')),
      version: String(info['ServerVersion'] ?? ''),
      architecture: ARCHITECTURES[machine] ?? machine,
      cores: Number(info['NCPU'] ?? 0),
    };
  }

  /** The engine's address in a network, where the engine tells it, and the network's subnet. */
  async network(network: string): Promise<{ readonly gateway: string; readonly subnet: string }> {
    const found = this.docker.getNetwork(network);
    const inspect = found.inspect.bind(found) as WithSignal<Docker.NetworkInspectInfo>;
    const inspected = await within(CALL, abortSignal => inspect({ abortSignal }));
    const config = (inspected.IPAM?.Config ?? []).find(({ Subnet }) => Subnet?.includes('.'));
    return { gateway: config?.['Gateway'] ?? '', subnet: config?.['Subnet'] ?? '' };
  }

  async create(options: Docker.ContainerCreateOptions): Promise<string> {
    const container = await within(CALL, abortSignal => this.docker.createContainer({ ...options, abortSignal }));
    return container.id;
  }

  /** Both output streams in frames (docker-output.ts). */
  attach(id: string): Promise<Duplex> {
    const options = { stream: true, stdout: true, stderr: true, hijack: true };
    const container = this.docker.getContainer(id);
    return within(CALL, abortSignal => container.attach({ ...options, abortSignal })) as Promise<Duplex>;
  }

  start(id: string): Promise<void> {
    return within(SLOW_CALL, abortSignal => this.docker.getContainer(id).start({ abortSignal }));
  }

  async inspect(id: string): Promise<ContainerState> {
    const { State, NetworkSettings } = await within(CALL, abortSignal =>
      this.docker.getContainer(id).inspect({ abortSignal }),
    );
    const networks = Object.values(NetworkSettings.Networks ?? {});
    return {
      ended: !State.Running && State.Status !== 'created',
      exitCode: State.ExitCode,
      oomKilled: State.OOMKilled,
      ip: networks.find(network => network.IPAddress)?.IPAddress ?? '',
      published: port => {
        const host = NetworkSettings.Ports?.[port]?.[0]?.HostPort;
        return host === undefined ? undefined : Number(host);
      },
    };
  }

  pause(id: string): Promise<void> {
    return within(CALL, abortSignal => this.docker.getContainer(id).pause({ abortSignal }));
  }

  unpause(id: string): Promise<void> {
    return within(CALL, abortSignal => this.docker.getContainer(id).unpause({ abortSignal }));
  }

  /** Kills and removes, anonymous volumes too. */
  remove(id: string): Promise<void> {
    return within(SLOW_CALL, abortSignal => this.docker.getContainer(id).remove({ force: true, v: true, abortSignal }));
  }

  /** Ids of all containers with a label, whatever their state. */
  async list(label: string): Promise<string[]> {
    const found = await within(CALL, abortSignal =>
      this.docker.listContainers({ all: true, filters: { label: [label] }, abortSignal }),
    );
    return found.map(({ Id }) => Id);
  }

  /** The image, if the engine has it. */
  async image(image: string): Promise<EngineImage | undefined> {
    const found = this.docker.getImage(image);
    const inspect = found.inspect.bind(found) as WithSignal<Docker.ImageInspectInfo>;
    try {
      const { Id, Architecture, Size } = await within(CALL, abortSignal => inspect({ abortSignal }));
      return { id: Id, architecture: Architecture ?? '', size: Size ?? 0 };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** Names of all images, each with its tag, and their sizes in bytes. */
  async images(): Promise<Map<string, number>> {
    const found = await within(CALL, abortSignal => this.docker.listImages({ abortSignal }));
    return new Map(
      found.flatMap(({ RepoTags, Size }) => (RepoTags ?? []).map((name): [string, number] => [name, Size])),
    );
  }

  /** Begins a pull; its progress comes as lines of JSON. */
  pull(image: string, authconfig?: RegistryAuth): Promise<Readable> {
    const options = { ...(authconfig && { authconfig }) };
    return within(SLOW_CALL, abortSignal =>
      this.docker.pull(image, { ...options, abortSignal } as object),
    ) as Promise<Readable>;
  }

  /** Gives an image another name. `name` has a tag. */
  async tag(image: string, name: string): Promise<void> {
    const colon = name.lastIndexOf(':');
    const options = { repo: name.slice(0, colon), tag: name.slice(colon + 1) };
    await within(CALL, abortSignal => this.docker.getImage(image).tag({ ...options, abortSignal }));
  }

  /** Takes a name from an image that has others. */
  async untag(name: string): Promise<void> {
    await within(CALL, abortSignal => this.docker.getImage(name).remove({ noprune: true, abortSignal } as object));
  }

  /** Images with all their layers as a tar archive. */
  save(names: readonly string[]): Promise<Readable> {
    const dial = { path: '/images/get?', method: 'GET', options: { names }, isStream: true };
    const statusCodes = { 200: true, 404: 'no such image', 500: 'server error' };
    return within(
      ARCHIVE_CALL,
      abortSignal =>
        new Promise<Readable>((resolve, reject) => {
          this.docker.modem.dial({ ...dial, statusCodes, abortSignal } as { path: string }, (error, stream) =>
            error ? reject(error) : resolve(stream as Readable),
          );
        }),
    );
  }

  /** Takes in what `save` gave; what it did comes as lines of JSON. */
  load(archive: Readable): Promise<Readable> {
    return within(ARCHIVE_CALL, abortSignal => this.docker.loadImage(archive, { abortSignal })) as Promise<Readable>;
  }

  /** Events as lines of JSON, from now on. */
  events(filters: Readonly<Record<string, readonly string[]>>): Promise<Readable> {
    const options = { filters: JSON.stringify(filters) };
    const ask = this.docker.getEvents.bind(this.docker) as WithSignal<unknown>;
    return within(CALL, abortSignal => ask({ ...options, abortSignal })) as Promise<Readable>;
  }

  close(): void {
    this.agent.destroy();
  }
}
