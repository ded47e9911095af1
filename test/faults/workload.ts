import { type Rest, restClient } from '../support/rest.js';
import type { Random } from './random.js';

/** Tells the witness that it runs; this machine is where the API is. */
const action = (witness: number, body: string): string => `
const http = require('http');
const agent = new http.Agent({ keepAlive: true });
const tell = () => new Promise((resolve, reject) => {
  const { __OW_ACTIVATION_ID: id, __OW_API_HOST: api } = process.env;
  const host = new URL(api).hostname;
  http.get('http://' + host + ':${witness}/' + id + '/' + process.pid, { agent }, r => { r.resume(); r.on('end', resolve); }).on('error', reject);
});
async function main(args) { await tell(); ${body} }`;

const CONDUCTOR = `
  const step = args.step || 0;
  if (args.error) return { error: args.error };
  if (step < 2) return { action: step === 0 ? 'quick' : 'slow', params: { ms: 40 }, state: { step: step + 1 } };
  return { params: { done: true } };`;

const LIMITS = { limits: { memory: 128, timeout: 20_000 } };
const CALLS = ['quick', 'quick', 'slow', 'chain', 'nested', 'composition'] as const;

/** Creates what the load calls. */
export const prepare = async (rest: Rest, witness: number): Promise<void> => {
  await rest.action('quick', action(witness, 'return args;'), LIMITS);
  await rest.action(
    'slow',
    action(witness, 'await new Promise(r => setTimeout(r, args.ms || 80)); return args;'),
    LIMITS,
  );
  await rest.action('composition', action(witness, CONDUCTOR), {
    ...LIMITS,
    annotations: [{ key: 'conductor', value: true }],
  });
  const sequence = (name: string, components: string[]) =>
    rest.put(`_/actions/${name}?overwrite=true`, { exec: { kind: 'sequence', components } });
  await sequence('chain', ['/_/quick', '/_/slow', '/_/quick']);
  await sequence('nested', ['/_/quick', '/_/chain']);
  await rest.put('_/triggers/bell?overwrite=true', {});
  for (const name of ['quick', 'chain'])
    await rest.put(`_/rules/on-${name}?overwrite=true`, { trigger: '/_/bell', action: `/_/${name}` });
};

/** What a load was promised: ids answered with 202. */
export interface Accepted {
  readonly calls: Set<string>;
  readonly triggers: Set<string>;
  /** Answers other than a promise, by status. */
  readonly refused: Map<number, number>;
}

export const nothing = (): Accepted => ({ calls: new Set(), triggers: new Set(), refused: new Map() });

/** Calls until `over` says so, the server is gone or there were `most` calls. */
export const drive = async (
  server: { url: string; auth: string },
  random: Random,
  accepted: Accepted,
  over: () => boolean,
  { clients = 6, pause = 30, most = 60 } = {},
): Promise<void> => {
  const rest = restClient(server.url, server.auth);
  let left = most;
  const note = (status: number, id: unknown, into: Set<string>): void => {
    if (typeof id === 'string' && status === 202) into.add(id);
    else accepted.refused.set(status, (accepted.refused.get(status) ?? 0) + 1);
  };
  const once = async (): Promise<void> => {
    if (random.below(6) === 0) {
      const fired = await rest.post('_/triggers/bell', {});
      note(fired.status, fired.json?.activationId, accepted.triggers);
      return;
    }
    const blocking = random.below(3) === 0;
    // A caller that waits has its answer; one that has waited long enough is promised a record, too.
    const wait = blocking ? '?blocking=true&timeout=40' : '';
    const { status, json } = await rest.post(`_/actions/${random.pick(CALLS)}${wait}`, {});
    note(status, json?.activationId, accepted.calls);
  };
  const client = async (): Promise<void> => {
    while (!over() && left-- > 0) {
      try {
        await once();
      } catch {
        // The server was killed under the call: nothing was promised.
        if (over()) return;
      }
      await new Promise(resolve => setTimeout(resolve, random.below(pause * 2)));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
};
