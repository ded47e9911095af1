import type { Activation, ActivationSummary, Annotation, StatusCode } from '../entities/types.js';
import { CorruptDocument } from './store.js';

const ID = /^[0-9a-f]{32}$/;

/** Ids are stored as their 16 bytes. Undefined when `id` is none. */
export const idBytes = (id: string): Buffer | undefined => (ID.test(id) ? Buffer.from(id, 'hex') : undefined);

/** Throws `TypeError` for what is no id that this server made. */
export const checkId = (id: string): void => {
  if (!ID.test(id)) throw new TypeError(`'${id}' is not an activation id: 32 lower-case hex characters.`);
};

/** As `idBytes`, for ids this server made. Throws `TypeError`. */
export const ownId = (id: string): Buffer => {
  checkId(id);
  return Buffer.from(id, 'hex');
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
  const { list } = annotations;
  const [, pkg, packaged] = (text(list, 'path') ?? '').split('/');
  const named = packaged === undefined ? name : `${pkg}/${name}`;
  const binding = text(list, 'binding')?.split('/')[1];
  const bound = binding === undefined ? undefined : `${binding}/${name}`;
  return { named, bound: bound === named ? undefined : bound };
};

/** The bytes a record takes in the file, roughly: names, numbers and indexes are counted as a lump. */
const weigh = (a: Activation, logs: number): number => 250 + a.annotations.text.length + logs + (a.result?.length ?? 0);

/** What `encode` will say a record weighs, but for what JSON escapes in its logs. */
export const weightOf = (a: Activation): number =>
  weigh(
    a,
    a.logs.reduce((sum, line) => sum + line.length + 3, 2),
  );

/** The values of `COLUMNS`, in order. `weight` estimates the bytes the record takes in the file, indexes included. */
export const encode = (a: Activation): { columns: unknown[]; weight: number } => {
  const logs = a.logs.length === 0 ? '[]' : JSON.stringify(a.logs);
  const columns = [
    // `put` has checked it.
    Buffer.from(a.activationId, 'hex'),
    a.name,
    a.version,
    a.subject,
    a.cause === undefined ? null : ownId(a.cause),
    a.start,
    a.end ?? null,
    a.duration ?? null,
    a.statusCode,
    a.size ?? null,
    a.annotations.text,
    logs,
    a.result ?? null,
  ];
  return { columns, weight: weigh(a, logs.length) };
};

export const COLUMNS =
  'id, name, version, subject, cause, start, "end", duration, status, size, annotations, logs, result';

/** Ids come as text: as Buffers they take a quarter of the time of reading a page. */
const id = (column: string): string => `lower(hex(a.${column}))`;

/** What is selected of `activation a` for a whole record. */
export const RECORD = COLUMNS.split(', ')
  .map(column => (column === 'id' || column === 'cause' ? id(column) : `a.${column}`))
  .join(', ');

/** And for a list. Its annotations are no more than looked at: parsing them takes as long as reading the page. */
export const SUMMARY = `${id('id')}, a.name, a.version, ${id('cause')}, a.start, a."end", a.status,
  CASE WHEN json_valid(a.annotations) THEN a.annotations END`;

/** A row of `RECORD`. */
export type ActivationRow = readonly [
  id: string,
  name: string,
  version: string,
  subject: string,
  /** Empty for none. */
  cause: string,
  start: number,
  end: number | null,
  duration: number | null,
  status: number,
  size: number | null,
  annotations: string,
  logs: string,
  result: string | null,
];

/** A row of `SUMMARY`; without annotations when those stored are no JSON. */
export type SummaryRow = readonly [
  id: string,
  name: string,
  version: string,
  cause: string,
  start: number,
  end: number | null,
  status: number,
  annotations: string | null,
];

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const corrupt = (id: string, cause?: unknown): CorruptDocument =>
  new CorruptDocument(`The stored activation ${id} cannot be decoded.`, { cause });

/** Throws `CorruptDocument`. */
export const decode = (namespace: string, row: ActivationRow): Activation => {
  const [id, name, version, subject, cause, start, end, duration, status, size, annotations, logs, result] = row;
  try {
    const activation: Writable<Activation> = {
      activationId: id,
      namespace,
      name,
      version,
      subject,
      start,
      statusCode: status as StatusCode,
      logs: JSON.parse(logs) as string[],
      annotations: { list: JSON.parse(annotations) as Annotation[], text: annotations },
    };
    if (cause !== '') activation.cause = cause;
    if (end !== null) activation.end = end;
    if (duration !== null) activation.duration = duration;
    if (result !== null) activation.result = result;
    if (size !== null) activation.size = size;
    return activation;
  } catch (error) {
    throw corrupt(id, error);
  }
};

/** Throws `CorruptDocument`. */
export const decodeSummary = (namespace: string, row: SummaryRow): ActivationSummary => {
  const [activationId, name, version, cause, start, end, status, annotations] = row;
  if (annotations === null) throw corrupt(activationId);
  return {
    activationId,
    namespace,
    name,
    version,
    ...(cause !== '' && { cause }),
    start,
    ...(end !== null && { end }),
    statusCode: status as StatusCode,
    annotations,
  };
};

export const summaryOf = ({ result: _r, logs: _l, duration: _d, size: _s, subject: _u, ...a }: Activation) => ({
  ...a,
  annotations: a.annotations.text,
});
