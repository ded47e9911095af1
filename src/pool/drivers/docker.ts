import { randomBytes } from 'node:crypto';
import { errorText } from '../../errors.js';
import { type Availability, CommandNotFoundError, type Container, type ContainerSpec, type Driver } from '../driver.js';
import { INSTANCE_LABEL } from './common-spec.js';
import { DockerContainer } from './docker-container.js';
import { Engine, isMissingCommand, isMissingImage, statusOf } from './docker-engine.js';
import { type EngineEvent, EngineEvents } from './docker-events.js';
import { describeAddress, type EngineAddress, engineAddress } from './docker-host.js';
import { LostContainers } from './docker-lost.js';
import { addressOf, findNetwork, type Network } from './docker-network.js';
import { createOptions } from './docker-spec.js';
import { createGate } from './gate.js';
import { type ImageOptions, Images } from './images.js';
import { delay } from './removal.js';

export interface DockerDriverOptions {
  /** As DOCKER_HOST; undefined for the usual sockets. */
  readonly host?: string | undefined;
  /** Folder with ca.pem, cert.pem and key.pem, as DOCKER_CERT_PATH. */
  readonly certificatePath?: string | undefined;
  /** Names the server instance, the same at its next start: labels carry it, and `sweep` goes by it. */
  readonly instance: string;
  readonly images?: ImageOptions;
  /** Reach containers by published ports even where their own addresses would do. */
  readonly publish?: boolean;
}

/** Containers made and started, or removed, at the same time, as OpenWhisk has it (OPENWHISK.md 5.5). */
const PARALLEL = 10;
/**
 * Starting one keeps a core busy. Eight at once on two cores are all there after 2.0 s, two at a time the first after 0.6
 * and the last after 2.3 s: so no more than there are cores, but one that hangs never keeps all others waiting.
 */
const LEAST_PARALLEL = 2;
/** How long a start that failed waits until what it made is removed, in ms. The removal goes on after that. */
const UNDO = 1_000;
const COMMAND_NOT_FOUND = 127;

/** Runs containers on a Docker engine, or whatever speaks its API from 1.41 on. */
export class DockerDriver implements Driver {
  readonly name = 'docker';
  readonly canPause = true;
  /** Which images are there, and pulling them. */
  readonly images: Images;
  /** How many containers are made at the same time; more wait for these. */
  startsAtOnce = LEAST_PARALLEL;
  private readonly at: EngineAddress;
  private readonly engine: Engine;
  private readonly events: EngineEvents;
  private readonly starting = createGate(() => this.startsAtOnce);
  private readonly removing = createGate(() => PARALLEL);
  private readonly containers = new Map<string, DockerContainer>();
  private readonly creating = new Set<Promise<unknown>>();
  private readonly lost = new LostContainers(idOrName => this.discard(idOrName));
  private network: Promise<Network> | undefined;
  private closed = false;

  /** Throws `UsageError` when `host` is no address. Nothing is asked of the engine yet. */
  constructor(private readonly options: DockerDriverOptions) {
    this.at = engineAddress(options.host, options.certificatePath);
    this.engine = new Engine(this.at);
    this.images = new Images(this.engine, options.images ?? { policy: 'missing' });
    this.events = new EngineEvents(this.engine, {
      onEvent: event => this.heard(event),
      onConnected: () => this.connected(),
    });
  }

  /** Whether an engine answers; the first call waits for it. */
  async answers(): Promise<Availability> {
    await this.events.ready();
    const { trouble } = this.events;
    return trouble === undefined ? { usable: true } : this.silent(trouble);
  }

  /** The stream of events stands though the engine hangs, so this asks. */
  async responds(): Promise<Availability> {
    try {
      await this.engine.ping();
      return { usable: true };
    } catch (error) {
      return this.silent(errorText(error).trim());
    }
  }

  private silent(why: string): Availability {
    const remedy = 'Start it, or name another with --docker-host.';
    return { usable: false, reason: `No Docker engine answers at ${describeAddress(this.at)} (${why}). ${remedy}` };
  }

  async available(_kind: string, image: string): Promise<Availability> {
    const engine = await this.answers();
    if (!engine.usable) return engine;
    try {
      if (await this.images.has(image)) {
        const note = await this.images.note(image);
        return { usable: true, ...(note !== undefined && { note }) };
      }
    } catch (error) {
      return { usable: false, reason: `The Docker engine cannot tell of image '${image}': ${errorText(error).trim()}` };
    }
    return { usable: false, reason: this.images.reason(image) };
  }

  create(spec: ContainerSpec): Promise<Container> {
    const creation = this.make(spec).finally(() => this.creating.delete(creation));
    this.creating.add(creation);
    return creation;
  }

  async sweep(): Promise<number> {
    const left = (await this.engine.list(`${INSTANCE_LABEL}=${this.options.instance}`)).filter(
      id => !this.containers.has(id),
    );
    await Promise.all(left.map(id => this.removing(() => this.discard(id))));
    return left.length;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.creating);
    await this.lost.close();
    const removals = await Promise.allSettled([...this.containers.values()].map(container => container.remove()));
    this.events.close();
    this.engine.close();
    const failed = removals.find(removal => removal.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** The address on this machine at which containers reach it; undefined when they reach it by a name (`apiHost`). */
  async gatewayAddress(): Promise<string | undefined> {
    const network = await this.findNetwork();
    return network.kind === 'direct' ? network.gateway : undefined;
  }

  /**
   * How code in a container reaches `port` of this process. Where `gatewayAddress` is defined the process must listen
   * there; elsewhere the engine forwards to its 127.0.0.1.
   */
  async apiHost(port: number): Promise<string> {
    const network = await this.findNetwork();
    return `http://${network.kind === 'direct' ? network.gateway : network.hostName}:${port}`;
  }

  private async make(spec: ContainerSpec): Promise<Container> {
    // So that the news of its end is heard.
    void this.events.ready();
    const [network] = await Promise.all([this.findNetwork(), this.images.prepare(spec.image)]);
    try {
      return await this.attempt(spec, network);
    } catch (error) {
      if (!isMissingImage(error)) throw error;
    }
    await this.images.regain(spec.image);
    return this.attempt(spec, network);
  }

  private async attempt(spec: ContainerSpec, network: Network): Promise<Container> {
    let id: string | undefined;
    try {
      return await this.starting(async () => {
        if (this.closed) throw new Error('the Docker driver is closed');
        id = await this.createNamed(spec, network);
        return this.run(id, spec.image, network);
      });
    } catch (error) {
      // Others start meanwhile: an engine that cannot remove one container may run the next all the same.
      if (id !== undefined) await Promise.race([this.undo(id), delay(UNDO)]);
      throw error;
    }
  }

  private async run(id: string, image: string, network: Network): Promise<Container> {
    const container = new DockerContainer(id, this.engine, await this.engine.attach(id), {
      removed: () => this.containers.delete(id),
      persist: () => !this.closed,
    });
    this.containers.set(id, container);
    await this.start(id, image);
    const state = await this.engine.inspect(id);
    if (state.ended && state.exitCode === COMMAND_NOT_FOUND) throw new CommandNotFoundError(image);
    container.address = addressOf(state, network);
    container.handOver();
    return container;
  }

  private async undo(id: string): Promise<void> {
    const container = this.containers.get(id);
    await (container ? container.remove() : this.discard(id)).catch(() => this.lost.add(id));
  }

  /** A name may still be taken by what another server, or one before, left on the same engine. */
  private async createNamed(spec: ContainerSpec, network: Network): Promise<string> {
    const publishOn = network.kind === 'published' ? network.publishOn : undefined;
    const image = await this.images.nameOf(spec.image);
    const options = createOptions({ ...spec, image }, this.options.instance, publishOn);
    try {
      return await this.engine.create(options);
    } catch (error) {
      // No reply, or half of one: the engine may have made it all the same.
      if (statusOf(error) === undefined) this.lost.add(spec.name);
      if (statusOf(error) !== 409) throw error;
      return this.engine.create({ ...options, name: `${spec.name}_${randomBytes(3).toString('hex')}` });
    }
  }

  private async start(id: string, image: string): Promise<void> {
    try {
      await this.engine.start(id);
    } catch (error) {
      if (isMissingCommand(error)) throw new CommandNotFoundError(image);
      throw error;
    }
  }

  private async discard(id: string): Promise<void> {
    await this.engine.remove(id).catch(error => {
      // Somebody else removes it, or has.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    });
  }

  private findNetwork(): Promise<Network> {
    if (!this.network) {
      const network = this.learnNetwork();
      network.catch(() => {
        if (this.network === network) this.network = undefined;
      });
      this.network = network;
    }
    return this.network;
  }

  private async learnNetwork(): Promise<Network> {
    const info = await this.engine.info();
    this.startsAtOnce = Math.min(PARALLEL, Math.max(LEAST_PARALLEL, info.cores || PARALLEL));
    return findNetwork(this.engine, info, this.at, this.options.publish ?? false);
  }

  private connected(): void {
    this.images.forget();
    this.network = undefined;
    this.findNetwork().catch(() => {});
    for (const container of this.containers.values()) void container.check();
  }

  private heard({ type, action, id, exitCode }: EngineEvent): void {
    if (type === 'image') this.images.forget();
    const container = this.containers.get(id);
    if (action === 'oom') container?.sawOutOfMemory();
    if (action === 'die') void container?.died(exitCode);
  }
}
