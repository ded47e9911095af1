/** One pair of a query string. `value` is undefined for a key without an equals sign. */
export type QueryPair = readonly [key: string, value: string | undefined];

const lenient = (text: string): string => {
  const bytes = Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})|([^%]+)/g, (_, hex: string | undefined, plain: string | undefined) =>
      hex === undefined
        ? Buffer.from(plain as string).toString('latin1')
        : String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
  return bytes.toString('utf8');
};

/** Form decoding: `+` is a space; bytes that are no UTF-8 become U+FFFD. */
const decode = (text: string): string => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return lenient(spaced);
  }
};

/** Splits a query string, without its question mark, into decoded pairs; order and repetitions are kept. */
export const parseQuery = (query: string): QueryPair[] => {
  if (query === '') return [];
  return query.split('&').map(part => {
    const equals = part.indexOf('=');
    return equals < 0 ? [decode(part), undefined] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))];
  });
};

/** What stays as it is when OpenWhisk's HTTP library writes a query (RFC 3986's query characters less `& = ; +`). */
const UNSAFE = /[^A-Za-z0-9\-._~!$'()*,@:/?]+/g;

const upperHex = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;

const encode = (text: string): string =>
  text.replace(UNSAFE, run => [...Buffer.from(run)].map(byte => (byte === 0x20 ? '+' : upperHex(byte))).join(''));

/** The query of a raw web action: decoded and encoded again form-style (OPENWHISK.md 4.4). */
export const encodeQuery = (pairs: readonly QueryPair[]): string =>
  pairs.map(([key, value]) => (value === undefined ? encode(key) : `${encode(key)}=${encode(value)}`)).join('&');
