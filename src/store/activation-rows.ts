import type { Activation, Annotation, StatusCode } from '../entities/types.js';
import { CorruptDocument } from './store.js';

const ID = /^[0-9a-f]{32}$/;

/** Ids are stored as their 16 bytes. Undefined when `id` is none. */
export const idBytes = (id: string): Buffer | undefined => (ID.test(id) ? Buffer.from(id, 'hex') : undefined);

/** As `idBytes`, for ids this server made. Throws `TypeError`. */
export const ownId = (id: string): Buffer => {
  const bytes = idBytes(id);
  if (!bytes) throw new TypeError(`'${id}' is not an activation id: 32 lower-case hex characters.`);
  return bytes;
};

const text = (annotations: readonly Annotation[], key: string): string | undefined => {
  for (const annotation of annotations)
    if (annotation.key === key && typeof annotation.value === 'string') return annotation.value;
  return undefined;
};

/**
 * The names by which lists find an activation (OPENWHISK.md 1.8): its own, or `pkg/name` by the `path` annotation; and,
 * when it was run through a binding, also `bindingPkg/name`.
 */
export const filterNames = ({ name, annotations }: Activation): { named: string; bound: string | undefined } => {
  const [, pkg, packaged] = (text(annotations, 'path') ?? '').split('/');
  const named = packaged === undefined ? name : `${pkg}/${name}`;
  const binding = text(annotations, 'binding')?.split('/')[1];
  const bound = binding === undefined ? undefined : `${binding}/${name}`;
  return { named, bound: bound === named ? undefined : bound };
};

/** The values of `COLUMNS`, in order. `weight` estimates the bytes the record takes in the file, indexes included. */
export const encode = (a: Activation): { columns: unknown[]; weight: number } => {
  const annotations = JSON.stringify(a.annotations);
  const logs = JSON.stringify(a.logs);
  const columns = [
    ownId(a.activationId),
    a.name,
    a.version,
    a.subject,
    a.cause === undefined ? null : ownId(a.cause),
    a.start,
    a.end ?? null,
    a.duration ?? null,
    a.statusCode,
    a.size ?? null,
    annotations,
    logs,
    a.result ?? null,
  ];
  return { columns, weight: 250 + annotations.length + logs.length + (a.result?.length ?? 0) };
};

export const SUMMARY = 'id, name, version, subject, cause, start, "end", duration, status, size, annotations';
export const COLUMNS = `${SUMMARY}, logs, result`;

/** A row of `SUMMARY`, or of `COLUMNS`. */
export type ActivationRow = readonly [
  id: Buffer,
  name: string,
  version: string,
  subject: string,
  cause: Buffer | null,
  start: number,
  end: number | null,
  duration: number | null,
  status: number,
  size: number | null,
  annotations: string,
  logs?: string,
  result?: string | null,
];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const decode = (namespace: string, row: ActivationRow): Activation => {
  const [id, name, version, subject, cause, start, end, duration, status, size, annotations, logs, result] = row;
  try {
    const activation: Writable<Activation> = {
      activationId: id.toString('hex'),
      namespace,
      name,
      version,
      subject,
      start,
      statusCode: status as StatusCode,
      logs: logs === undefined ? [] : (JSON.parse(logs) as string[]),
      annotations: JSON.parse(annotations) as Annotation[],
    };
    if (cause !== null) activation.cause = cause.toString('hex');
    if (end !== null) activation.end = end;
    if (duration !== null) activation.duration = duration;
    if (result != null) activation.result = result;
    if (size !== null) activation.size = size;
    return activation;
  } catch (error) {
    throw new CorruptDocument(`The stored activation ${id.toString('hex')} cannot be decoded.`, { cause: error });
  }
};

/** What a list shows without `docs`. */
export const summary = ({ result: _result, ...rest }: Activation): Activation => ({ ...rest, logs: [] });
