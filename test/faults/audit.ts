import { eventually, type Rest } from '../support/rest.js';
import type { Witness } from './witness.js';
import type { Accepted } from './workload.js';

export interface Audit {
  readonly accepted: number;
  /** Ids that have no record within the time allowed: they may only be late. */
  readonly lost: string[];
  /** Ids whose code ran more than once. */
  readonly doubled: string[];
  /** Records by how they ended. */
  readonly ends: Record<string, number>;
  /** Records that say something else than their kind can. */
  readonly wrong: string[];
}

interface Record_ {
  readonly activationId: string;
  readonly name: string;
  readonly cause?: string;
  readonly logs: string[];
  readonly response: { readonly status: string; readonly result?: { readonly error?: unknown } };
  readonly annotations: { readonly key: string; readonly value: unknown }[];
}

/** Looks every accepted id up, and everything these set off: rules by their trigger's record, steps by their composite's. */
export const audit = async (rest: Rest, accepted: Accepted, witness: Witness, patience = 60_000): Promise<Audit> => {
  const lost: string[] = [];
  const wrong: string[] = [];
  const ends: Record<string, number> = {};
  const seen = new Set<string>();
  const end = Date.now() + patience;

  const recordOf = async (id: string): Promise<Record_ | undefined> => {
    try {
      return await eventually(
        async () => {
          const { status, json } = await rest.get(`_/activations/${id}`);
          return status === 200 ? json : undefined;
        },
        Math.max(1, end - Date.now()),
      );
    } catch {
      lost.push(id);
      return undefined;
    }
  };

  const look = async (id: string, trigger: boolean): Promise<void> => {
    if (seen.has(id)) return;
    seen.add(id);
    const record = await recordOf(id);
    if (!record) return;
    if (record.activationId !== id) wrong.push(`${id}: the record of ${record.activationId}`);
    const { status, result } = record.response;
    const how = status === 'success' ? status : `${status}: ${JSON.stringify(result?.error)}`;
    ends[how] = (ends[how] ?? 0) + 1;
    if (trigger) {
      for (const line of record.logs) {
        const { activationId } = JSON.parse(line);
        if (activationId) await look(activationId, false);
      }
    } else if (record.annotations.some(a => a.key === 'kind' && a.value === 'sequence')) {
      for (const step of record.logs) await look(step, false);
    }
  };

  const queue = [
    ...[...accepted.triggers].map(id => [id, true] as const),
    ...[...accepted.calls].map(id => [id, false] as const),
  ];
  const worker = async (): Promise<void> => {
    for (let next = queue.pop(); next; next = queue.pop()) await look(next[0], next[1]);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const doubled = [...witness.runs].filter(([, n]) => n > 1).map(([id]) => id);
  return { accepted: seen.size, lost, doubled, ends, wrong };
};
