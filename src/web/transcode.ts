import { HttpError } from '../errors.js';
import { isObject, type Json } from '../json.js';
import { web as text } from '../messages.js';
import type { Extension } from './address.js';
import { prettyJson } from './pretty.js';
import type { WebReply } from './reply.js';
import { transcodeHttp } from './transcode-http.js';

const notValid = (type: string): HttpError => new HttpError(400, text.notValid(type));

const reply = (type: string, body: string): WebReply => ({ status: 200, headers: [], type, body });

/** `body`, even when null, or a field of the extension's own name; a result that is no object stands for itself. */
const field = (result: Json, name: string): Json | undefined => {
  if (!isObject(result)) return result;
  const key = Object.hasOwn(result, 'body') ? 'body' : name;
  return Object.hasOwn(result, key) ? result[key] : undefined;
};

const json = (result: Json): WebReply => {
  if (typeof result !== 'object' || result === null) throw notValid('application/json');
  return reply('application/json', prettyJson(result));
};

const markup = (result: Json, name: string, type: string, contentType: string): WebReply => {
  const found = field(result, name);
  if (typeof found !== 'string') throw notValid(type);
  return reply(contentType, found);
};

const plain = (result: Json): WebReply => {
  const found = field(result, 'text');
  if (found === undefined) throw new HttpError(404, text.missingProperty);
  return reply('text/plain; charset=UTF-8', typeof found === 'string' ? found : prettyJson(found));
};

/** Turns what an action returned into a response, by the URL's extension (OPENWHISK.md 4.6). Throws 400, 404. */
export const transcode = (extension: Extension, result: Json): WebReply => {
  switch (extension) {
    case 'http':
      return transcodeHttp(result);
    case 'json':
      return json(result);
    case 'html':
      return markup(result, 'html', 'text/html', 'text/html; charset=UTF-8');
    case 'svg':
      return markup(result, 'svg', 'image/svg+xml', 'image/svg+xml');
    case 'text':
      return plain(result);
  }
};
