import { effectiveLimits, localLimits } from '../../src/entities/limits.js';
import type { Activation, Annotation, Exec } from '../../src/entities/types.js';
import { payloadOf } from '../../src/invocation/arguments.js';
import type { Identities, Identity } from '../../src/invocation/identity.js';
import { createInvoke } from '../../src/invocation/invoke.js';
import { createLedger } from '../../src/invocation/journal.js';
import { createLauncher } from '../../src/invocation/launch.js';
import { createPrimitives } from '../../src/invocation/primitive.js';
import { createRecords } from '../../src/invocation/records.js';
import { createRecovery } from '../../src/invocation/recover.js';
import { createRecall, type Leftovers } from '../../src/invocation/recover-recall.js';
import type { ResolvedAction } from '../../src/invocation/resolve.js';
import { createThrottles } from '../../src/invocation/throttle.js';
import type { Json } from '../../src/json.js';
import { silentLogger } from '../../src/log.js';
import type { Job, Outcome } from '../../src/pool/job.js';
import {
  type ActivationStore,
  type JournalEntry,
  type JournalStore,
  type Store,
  StoreUnavailable,
} from '../../src/store/store.js';
import { FakeClock } from '../support/fake-clock.js';
import { flush } from '../support/pool.js';

const action = (name: string, exec: Exec, annotations: Annotation[] = []): ResolvedAction => ({
  path: `guest/${name}`,
  rev: 1,
  parameters: [],
  doc: {
    type: 'action',
    namespace: 'guest',
    name,
    version: '0.0.1',
    publish: false,
    annotations,
    updated: 0,
    parameters: [],
    limits: { timeout: 60_000, memory: 256, logs: 10, concurrency: 1 },
    exec,
  },
});

const node = { kind: 'nodejs:20', binary: false };
const actions = new Map(
  [
    action('plain', node),
    action('again', node, [{ key: 'retry-interrupted', value: true }]),
    action('chain', { kind: 'sequence', components: ['/guest/plain', '/guest/plain', '/guest/plain'] }),
    action('nested', { kind: 'sequence', components: ['/guest/plain', '/guest/chain', '/guest/again'] }),
    action('composition', node, [{ key: 'conductor', value: true }]),
  ].map(a => [a.path, a]),
);
export const names = [...actions.keys()];

/** A sequence and a conductor that name each other for ever. */
export const ring = 'guest/ring';
for (const one of [
  action('ring', { kind: 'sequence', components: ['/guest/turn', '/guest/turn'] }),
  action('turn', node, [{ key: 'conductor', value: true }]),
]) {
  actions.set(one.path, one);
}

/** Sequences in each other, so many deep around one plain action. */
export const nest = (depth: number): string => {
  for (let n = 1; n <= depth; n++) {
    const inner = n === 1 ? '/guest/plain' : `/guest/nest${n - 1}`;
    actions.set(`guest/nest${n}`, action(`nest${n}`, { kind: 'sequence', components: [inner] }));
  }
  return `guest/nest${depth}`;
};

/** What containers answer: plain actions count, the conductor names two steps, one of them a sequence. */
const answer = (path: string, args: { n?: number; step?: number; error?: string }): Json => {
  if (path === 'guest/turn') return { action: `/${ring}` };
  if (path !== 'guest/composition') return { n: (args.n ?? 0) + 1 };
  if (args.error !== undefined) return { error: args.error };
  const step = args.step ?? 0;
  const next = ['guest/plain', 'guest/chain'][step];
  if (next === undefined) return { params: { n: args.n ?? 0 } };
  return { action: `/${next}`, params: { n: args.n ?? 0 }, state: { step: step + 1 } };
};

/** What survives a crash. */
interface Disk {
  readonly entries: Map<string, { payload: string; accepted: number; started: boolean; shared: number }>;
  /** What entries have in common. */
  readonly shared: Map<number, string>;
  readonly records: Map<string, Activation>;
}

interface Waiting {
  readonly job: Job;
  readonly end: (outcome: Outcome) => void;
  started: boolean;
}

/** Everything one process has in memory. A crash is to forget it. */
export class Process {
  readonly jobs: Waiting[] = [];
  private readonly groups: {
    readonly entries: readonly { id: string; payload: string }[];
    readonly shared: string | undefined;
    readonly done: () => void;
  }[] = [];
  private readonly puts: Activation[] = [];
  private readonly ending = new Set<string>();
  private readonly logs: (() => void)[] = [];
  private readonly open = new Map<string, JournalEntry>();
  /** Killed: its timers may still fire, but nothing of it reaches the disk any more. */
  dead = false;
  /** Too much waits to be written. */
  full = false;
  readonly launch;
  readonly ledger;
  private readonly recovery;

  constructor(
    private readonly disk: Disk,
    private readonly clock: FakeClock,
    private readonly ran: Map<string, number>,
    sequenceLength: number,
  ) {
    for (const [id, { accepted, started, shared }] of disk.entries)
      this.open.set(id, { id, accepted, state: started ? 'started' : 'accepted', shared });
    const log = silentLogger();
    const store = { journal: this.journal(), activations: this.activations() } as unknown as Store;
    const { journal, activations } = store;
    const records = createRecords(activations, journal, clock, () => {});
    this.ledger = createLedger({ journal, activations, records, clock, log });
    const { ledger } = this;
    const primitives = createPrimitives({
      pool: { submit: job => new Promise(end => this.jobs.push({ job, end, started: false })) },
      prepare: ({ path }) =>
        ({
          executable: { path },
          split: (payload: object) => ({ payload }),
          runBody: (_id: string, _tid: string, payload: { text: string }) => payload.text,
        }) as never,
      records,
      ledger,
      retryInterrupted: false,
      throttles: createThrottles(clock),
      clock,
      log,
      noteDriver: () => false,
    });
    const leftovers: Leftovers = new Map();
    const recall = createRecall({ activations, journal, primitives, leftovers, retryInterrupted: false });
    const resolve = (path: string): ResolvedAction => {
      const found = actions.get(path);
      if (!found) throw new Error('gone');
      return found;
    };
    const entities = {} as never;
    const invoke = createInvoke({ clock, entities, resolve, records, primitives, ledger, recall, sequenceLength });
    this.launch = createLauncher({ entities, runtimes: {} as never, invoke, ledger, clock, log });
    const identities = { of: () => guest } as unknown as Identities;
    const { launch } = this;
    this.recovery = createRecovery({ store, identities, resolve, launch, records, recall, leftovers, clock, log });
  }

  recover(): void {
    this.recovery.run();
  }

  call(path: string) {
    const call = { invoker: guest, payload: payloadOf({ n: 0 }), transactionId: 'tid' };
    return { action: actions.get(path) as ResolvedAction, call };
  }

  get busy(): boolean {
    return this.jobs.length + this.groups.length + this.puts.length + this.ending.size + this.logs.length > 0;
  }

  /** One transaction: as the store's, the journal's rows first, then as many records as the slice allows. */
  commit(slice: number): void {
    if (this.dead) return;
    const groups = this.groups.splice(0);
    for (const { entries, shared: text } of groups) {
      const shared = this.disk.shared.size;
      if (text !== undefined) this.disk.shared.set(shared, text);
      for (const { id, payload } of entries)
        this.disk.entries.set(id, { payload, accepted: this.clock.now(), started: false, shared });
    }
    for (const id of this.ending) this.close(id);
    this.ending.clear();
    for (const record of this.puts.splice(0, slice)) {
      if (!this.disk.records.has(record.activationId)) this.disk.records.set(record.activationId, record);
      this.close(record.activationId);
    }
    for (const { entries, done } of groups) {
      for (const { id } of entries) this.open.set(id, { id, accepted: this.clock.now(), state: 'accepted' });
      done();
    }
  }

  startJob(index: number): void {
    const waiting = this.jobs.filter(j => !j.started);
    const one = waiting[index % Math.max(1, waiting.length)];
    if (!one) return;
    one.started = true;
    one.job.onStart?.();
    const { activationId } = one.job;
    this.ran.set(activationId, (this.ran.get(activationId) ?? 0) + 1);
  }

  endJob(index: number): void {
    const running = this.jobs.filter(j => j.started);
    const one = running[index % Math.max(1, running.length)];
    if (!one) return;
    this.jobs.splice(this.jobs.indexOf(one), 1);
    const { job } = one;
    const body = Buffer.from(JSON.stringify(answer(job.executable.path, JSON.parse(String(job.runBody(0))))));
    const now = this.clock.now();
    one.end({
      kind: 'ran',
      start: now,
      end: now,
      runMs: 1,
      driver: 'fake',
      container: 'c',
      origin: 'warm',
      phase: 'run',
      result: { kind: 'response', status: 200, body, truncated: false, silent: false, length: body.length },
      outOfMemory: false,
      logs: new Promise(resolve => this.logs.push(() => resolve({ lines: [], failed: false }))),
    });
  }

  /** The oldest logs still awaited are complete. */
  endLogs(): void {
    this.logs.shift()?.();
  }

  /** Everything that can happen happens, until nothing is left. */
  async finish(): Promise<void> {
    for (let turn = 0; turn < 2000; turn++) {
      await flush();
      if (!this.busy) return;
      this.startJob(0);
      this.endJob(0);
      this.endLogs();
      await flush();
      this.commit(1);
      this.clock.advance(30);
    }
    throw new Error('it does not come to an end');
  }

  private close(id: string): void {
    if (!this.open.delete(id)) return;
    this.disk.entries.delete(id);
  }

  private journal(): JournalStore {
    return {
      accept: (entries, shared) =>
        new Promise(done => {
          const fresh = entries
            .filter(({ id }) => !this.open.has(id))
            .map(e => ({ id: e.id, payload: String(e.payload) }));
          this.groups.push({ entries: fresh, shared: shared?.toString(), done });
        }),
      started: id => {
        const entry = this.dead ? undefined : this.disk.entries.get(id);
        if (entry && this.open.has(id)) entry.started = true;
      },
      done: id => {
        if (this.open.has(id)) this.ending.add(id);
      },
      pending: () => [...this.open.values()],
      payload: id => this.disk.entries.get(id)?.payload,
      shared: of => this.disk.shared.get(of),
    };
  }

  private activations(): ActivationStore {
    return {
      put: record => {
        if (!this.puts.some(p => p.activationId === record.activationId)) this.puts.push(record);
      },
      checkRoom: () => {
        if (this.full) throw new StoreUnavailable('full');
      },
      get: (_ns, id) => this.disk.records.get(id) ?? this.puts.find(p => p.activationId === id),
      list: () => [],
      summaries: () => [],
      weight: () => 0,
      count: () => 0,
      flush: async () => this.commit(Number.POSITIVE_INFINITY),
    };
  }
}

const guest: Identity = {
  subject: 'guest',
  namespace: 'guest',
  uuid: 'u',
  authKey: 'u:k',
  limits: effectiveLimits(localLimits(1024), undefined),
};

/** A disk and the process that uses it now. */
export class World {
  readonly disk: Disk = { entries: new Map(), shared: new Map(), records: new Map() };
  readonly clock = new FakeClock();
  readonly ran = new Map<string, number>();
  /** Ids answered with 202, and the action's path. */
  readonly promised = new Map<string, string>();
  process: Process;

  constructor(private readonly sequenceLength = 50) {
    this.process = new Process(this.disk, this.clock, this.ran, sequenceLength);
  }

  /** A call whose answer does not wait; it is promised as soon as `accept` resolves, unless the process crashed before. */
  post(path: string): void {
    const { process } = this;
    const { action: found, call } = process.call(path);
    const invocation = process.launch.invocationOf(found, call);
    void process.launch.accept([invocation]).then(() => {
      if (this.process === process) this.promised.set(invocation.id, path);
    });
  }

  /** Calls of several actions with one payload, as a fire makes them. */
  fire(paths: readonly string[]): void {
    const { process } = this;
    const { call } = process.call(paths[0] as string);
    const invocations = paths.map(path => process.launch.invocationOf(process.call(path).action, call));
    void process.launch.accept(invocations).then(() => {
      if (this.process !== process) return;
      invocations.forEach(({ id }, n) => {
        this.promised.set(id, paths[n] as string);
      });
    });
  }

  /** A call whose caller waits, and after some time is told to look for the record. */
  postBlocking(path: string): void {
    const { process } = this;
    const { action: found, call } = process.call(path);
    const { id, finished } = process.launch.start(found, call);
    let ended = false;
    void finished.then(() => {
      ended = true;
    });
    this.clock.after(60, () => {
      if (this.process !== process || ended) return;
      void process.launch.keep(id).then(() => {
        if (this.process === process) this.promised.set(id, path);
      });
    });
  }

  crash(): void {
    this.process.dead = true;
    this.process = new Process(this.disk, this.clock, this.ran, this.sequenceLength);
    this.process.recover();
  }
}
