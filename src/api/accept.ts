import { type MediaType, parseMediaType } from './media-type.js';

interface Range {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly string[];
  readonly q: number;
}

const parseRange = (text: string): Range | undefined => {
  const [range = '', ...rest] = text.split(';').map(part => part.trim());
  const match = /^([^\s/]+)\/([^\s/]+)$/.exec(range.toLowerCase());
  if (!match) return undefined;
  const isQ = (part: string): boolean => /^q\s*=/i.test(part);
  const q = Number(rest.find(isQ)?.split('=')[1] ?? 1);
  if (Number.isNaN(q)) return undefined;
  const parameters = rest.filter(part => part !== '' && !isQ(part)).map(part => part.toLowerCase());
  return { type: match[1] as string, subtype: match[2] as string, parameters, q };
};

/** 0 for a whole type, 1 for `image/*`, 2 for everything: the most specific range decides. */
const generality = ({ type, subtype }: Range): number => (type === '*' ? 2 : subtype === '*' ? 1 : 0);

const matches = (range: Range, media: MediaType): boolean => {
  const [type, subtype] = media.essence.split('/');
  if (range.type !== '*' && range.type !== type) return false;
  if (range.subtype !== '*' && range.subtype !== subtype) return false;
  const own = `${media.parameters}${media.charset === undefined ? '' : `; charset=${media.charset}`}`.toLowerCase();
  return range.parameters.every(parameter => own.includes(`; ${parameter}`));
};

/** Whether a client that sent this Accept header takes this content type. No header, or one nobody can read, takes all. */
export const accepts = (header: string | undefined, contentType: string): boolean => {
  if (header === undefined || header === '' || header === '*/*') return true;
  const ranges = header.split(',').map(parseRange);
  const media = parseMediaType(contentType);
  if (!media || ranges.includes(undefined)) return true;
  const best = (ranges as Range[])
    .filter(range => matches(range, media))
    .sort((a, b) => generality(a) - generality(b) || b.parameters.length - a.parameters.length || b.q - a.q)[0];
  return best !== undefined && best.q > 0;
};
