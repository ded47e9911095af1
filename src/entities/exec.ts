import { rejection } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { action, http } from '../messages.js';
import { parseReference, pathOf } from './names.js';
import { blackboxExec, codeExec, sequenceExec } from './schemas.js';
import type { Exec } from './types.js';
import { validate } from './validate.js';

/** What this module needs to know of the manifest; `runtimes/` provides it. */
export interface KindTable {
  /** Undefined when the manifest has no such kind. */
  kind(name: string): { readonly requireMain: boolean; readonly deprecated: boolean } | undefined;
  /** `nodejs:default` → `nodejs:20`; anything else as it is. */
  resolveDefault(kind: string): string;
  kinds(): readonly string[];
}

const malformed = (detail: string): Error => rejection(400, http.malformed(detail));

/**
 * True iff code is base64: not blank, length a multiple of 4, alphabet with optional padding (Exec.scala `isBinaryCode`).
 * A short identifier such as `abcd` is "binary" too.
 */
export const isBinaryCode = (code: string): boolean => {
  const text = code.trim();
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
};

/** Docker reference: `[registry[:port]/][path/]name[:tag][@digest]` (ImageName.fromString). */
const IMAGE =
  /^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]+)*(?::\d+)?)\/)?(?:[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*\/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[+.-_][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

export const isImageReference = (image: string): boolean => image.length <= 512 && IMAGE.test(image);

/** `code` is undefined for kinds that have none: sequences, and blackbox images without code. */
export interface ParsedExec {
  readonly exec: Exec;
  readonly code?: string;
}

const parseBlackbox = (raw: JsonObject): ParsedExec => {
  const body = validate<{ image: string; code?: string; main?: string }>(blackboxExec, raw);
  if (!isImageReference(body.image)) throw malformed(action.imageMalformed);
  const code = body.code === undefined || body.code.trim() === '' ? undefined : body.code;
  return {
    exec: {
      kind: 'blackbox',
      image: body.image,
      binary: code !== undefined && isBinaryCode(code),
      ...(body.main !== undefined && { main: body.main }),
    },
    ...(code !== undefined && { code }),
  };
};

const parseSequence = (raw: JsonObject, own: string): ParsedExec => {
  const body = validate<{ components: Json[] }>(sequenceExec, raw);
  return {
    exec: { kind: 'sequence', components: body.components.map(c => `/${pathOf(parseReference(c, own))}`) },
  };
};

/**
 * Reads `exec` of a PUT whose `kind` is a string. Throws 400 malformed. Whether a deprecated kind may be used is the
 * caller's business.
 */
export const parseExec = (raw: JsonObject, own: string, table: KindTable): ParsedExec => {
  const asked = (raw['kind'] as string).trim().toLowerCase();
  if (asked === 'blackbox') return parseBlackbox(raw);
  if (asked === 'sequence') return parseSequence(raw, own);
  const kind = table.resolveDefault(asked);
  const runtime = table.kind(kind);
  if (!runtime) throw malformed(action.kindUnknown(asked, [...table.kinds(), 'sequence', 'blackbox']));
  // `jar` is the older name of `code` for Java (Exec.scala).
  const given =
    raw['code'] === undefined && raw['jar'] !== undefined && kind.startsWith('java') ? raw['jar'] : raw['code'];
  const { code, main } = validate<{ code: string; main?: string }>(codeExec(kind, runtime.requireMain), {
    ...raw,
    ...(given !== undefined && { code: given }),
  });
  return { exec: { kind, binary: isBinaryCode(code), ...(main !== undefined && { main }) }, code };
};

/** Bytes that count against the code limit: code + main, and the image's name for blackbox. */
export const execSize = (parsed: ParsedExec): number => {
  const { exec, code } = parsed;
  if ('components' in exec) return exec.components.reduce((n, c) => n + Buffer.byteLength(c), 0);
  return (
    Buffer.byteLength(code ?? '') +
    Buffer.byteLength(exec.main ?? '') +
    ('image' in exec ? Buffer.byteLength(exec.image) : 0)
  );
};
