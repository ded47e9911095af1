import { printed } from '../entities/parameters.js';
import type { Activation, Annotation } from '../entities/types.js';
import type { Json } from '../json.js';
import type { Payload } from './arguments.js';
import type { Invocation } from './invocation.js';
import type { ResolvedAction } from './resolve.js';

/** Who called what: enough to find both again after a restart. */
interface CallHead {
  readonly subject: string;
  readonly namespace: string;
  readonly uuid: string;
  /** The action as it was called: `ns/[pkg/]name`, through the binding if there was one. */
  readonly path: string;
  readonly transactionId: string;
  readonly alwaysStore?: true;
}

/** What the journal holds about one accepted activation. */
export type JournalEntryText =
  | (CallHead & { readonly kind: 'call'; readonly payload: Payload })
  /** A step of a composite; its payload comes out of the composite's replay. */
  | (CallHead & { readonly kind: 'step'; readonly cause: string })
  /** A record that is complete already, such as a fired trigger's. */
  | { readonly kind: 'record'; readonly record: Activation };

export const calledPath = ({ binding, doc, path }: ResolvedAction): string =>
  binding === undefined ? path : `${binding}/${doc.name}`;

const headOf = ({ invoker, action, transactionId, alwaysStore }: Invocation): CallHead => ({
  subject: invoker.subject,
  namespace: invoker.namespace,
  uuid: invoker.uuid,
  path: calledPath(action),
  transactionId,
  ...(alwaysStore === true && { alwaysStore }),
});

/** No JSON string can contain this: a quotation mark inside one is escaped. */
const SEAM = ',"payload":';

/** The entry of a call or a step. The payload's text goes in as the caller sent it, unless the entry `shares` it. */
export const callText = (invocation: Invocation, shares = false): string => {
  const head = headOf(invocation);
  if (invocation.cause !== undefined) return JSON.stringify({ kind: 'step', ...head, cause: invocation.cause });
  if (shares) return JSON.stringify({ kind: 'call', ...head });
  return `${JSON.stringify({ kind: 'call', ...head }).slice(0, -1)}${SEAM}${invocation.payload.text}}`;
};

export const recordText = (record: Activation): string => JSON.stringify({ kind: 'record', record });

/** An earlier version's entry has the list of annotations alone. */
const upToDate = (record: Activation): Activation => {
  const { annotations } = record as { readonly annotations: Activation['annotations'] | readonly Annotation[] };
  return 'text' in annotations ? record : { ...record, annotations: printed(annotations) };
};

/** Reads an entry back; `shared` is asked for a payload that it has in common with others. Throws when it is none. */
export const parseEntry = (text: string, shared: () => Payload): JournalEntryText => {
  const value = JSON.parse(text) as JournalEntryText & { readonly payload?: Json };
  if (value.kind === 'record') return { ...value, record: upToDate(value.record) };
  if (value.kind !== 'call') return value;
  if (value.payload === undefined) return { ...value, payload: shared() };
  const raw = text.slice(text.indexOf(SEAM) + SEAM.length, -1);
  return { ...value, payload: { text: raw, value: value.payload as unknown as Json } };
};
