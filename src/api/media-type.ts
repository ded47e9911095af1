import { remember } from '../remember.js';

/** A content type taken apart. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string;
  /** Parameters other than the charset, as they will be written. */
  readonly parameters: string;
  readonly charset: string | undefined;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^\\s*(${TOKEN})/(${TOKEN})\\s*(?:;(.*))?$`);
const PARAMETER = new RegExp(`\\s*(${TOKEN})\\s*=\\s*(${TOKEN}|"(?:[^"\\\\]|\\\\.)*")\\s*(?:;|$)`, 'y');

/** Undefined when the text is no content type. */
export const parseMediaType = remember((text): MediaType | undefined => {
  const match = TYPE.exec(text);
  if (!match) return undefined;
  const essence = `${match[1]}/${match[2]}`.toLowerCase();
  const rest = match[3] ?? '';
  let parameters = '';
  let charset: string | undefined;
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < rest.length) {
    const found = PARAMETER.exec(rest);
    if (!found) return rest.trim() === '' ? { essence, parameters, charset } : undefined;
    const [, name = '', value = ''] = found;
    if (name.toLowerCase() === 'charset') charset = value.replaceAll('"', '');
    else parameters += `; ${name}=${value}`;
  }
  return { essence, parameters, charset };
});

/** Types outside `text/` that are text to OpenWhisk's HTTP library. */
const TEXT = new Set(
  [
    'atom+xml',
    'base64',
    'javascript',
    'problem+xml',
    'rss+xml',
    'soap+xml',
    'vnd.google-earth.kml+xml',
    'x-latex',
    'x-vrml',
    'x-www-form-urlencoded',
    'xhtml+xml',
    'xml',
    'xml-dtd',
  ].map(subtype => `application/${subtype}`),
);

/** Types that stay binary even with a charset. */
const BINARY =
  /^(audio|font|image|message|multipart|video)\/|^application\/(octet-stream|pdf|zip|gzip|cbor|msword|java-archive|vnd\.(ms-|oasis|openxml))/;

/** Text types whose charset is not written, being always UTF-8. */
const FIXED_CHARSET = new Set(['application/x-www-form-urlencoded', 'text/event-stream']);

/** What a body of this type is to a web action; an unknown type that names a charset is text. */
export const contentKind = ({ essence, charset }: MediaType): 'json' | 'text' | 'binary' => {
  if (essence === 'application/json' || essence.endsWith('+json')) return 'json';
  if (essence.startsWith('text/') || TEXT.has(essence)) return 'text';
  if (charset === undefined || BINARY.test(essence)) return 'binary';
  return 'text';
};

/** The Content-Type header of a response of this type: text gains its charset, which is always UTF-8. */
export const contentTypeHeader = (type: MediaType): string => {
  const plain = type.essence + type.parameters;
  return contentKind(type) === 'text' && !FIXED_CHARSET.has(type.essence) ? `${plain}; charset=UTF-8` : plain;
};
