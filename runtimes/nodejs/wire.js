'use strict';
/**
 * HTTP/1.1 as the platform speaks it to an action container, on bare sockets: JSON requests with a body, JSON replies that
 * always have a Content-Length, kept-alive connections. Node's own http module costs a warm call about 50 µs more and the
 * cold start some milliseconds.
 */
const net = require('node:net');

const MAX_HEAD = 64 * 1024;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const REASONS = { 200: 'OK', 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 413: 'Payload Too Large' };
const REASONS_5XX = { 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable' };

/** `MINIWHISK_PROXY_LISTEN` as what `net.Server.listen` takes. */
function parseListen(text) {
  if (!text) return { host: '0.0.0.0', port: 8080 };
  if (text.startsWith('/') || text.startsWith('\\\\')) return { path: text };
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port))
    throw new Error(`MINIWHISK_PROXY_LISTEN is not host:port or a path: ${text}`);
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port };
}

function headerValue(lowerCaseHead, name) {
  const at = lowerCaseHead.indexOf(`\r\n${name}:`);
  if (at < 0) return undefined;
  const start = at + name.length + 3;
  const end = lowerCaseHead.indexOf('\r\n', start);
  return lowerCaseHead.slice(start, end < 0 ? undefined : end).trim();
}

/** Takes whole chunks off a chunked body. Returns undefined while it is incomplete; `body` is null when it is malformed. */
function unchunk(buffer, maxBody) {
  const parts = [];
  let size = 0;
  for (let at = 0; ; ) {
    const lineEnd = buffer.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(buffer.latin1Slice(at, lineEnd), 16);
    if (!(length >= 0) || size + length > maxBody) return { body: null };
    at = lineEnd + 2;
    if (length === 0) {
      for (;;) {
        const trailerEnd = buffer.indexOf('\r\n', at, 'latin1');
        if (trailerEnd < 0) return undefined;
        const empty = trailerEnd === at;
        at = trailerEnd + 2;
        if (empty) return { body: Buffer.concat(parts, size), rest: buffer.subarray(at) };
      }
    }
    if (buffer.length < at + length + 2) return undefined;
    parts.push(buffer.subarray(at, at + length));
    size += length;
    at += length + 2;
  }
}

function reply(socket, status, body, { close, silent, took }) {
  const head =
    `HTTP/1.1 ${status} ${REASONS[status] || REASONS_5XX[status] || 'Status'}\r\nContent-Type: application/json\r\n` +
    `${close ? 'Connection: close\r\n' : ''}${silent ? 'X-Miniwhisk-Sentinels: none\r\n' : ''}` +
    `${took === undefined ? '' : `X-Miniwhisk-Took: ${took.toFixed(3)}\r\n`}` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  if (body.length < 65536) {
    socket.write(head + body);
  } else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
  if (close) socket.end();
}

const errorBody = text => JSON.stringify({ error: text });

/** One connection: requests are answered in order, the next one is looked at when the last one is answered. */
function converse(socket, maxBody, handle) {
  let pending = null;
  let request = null;
  let busy = false;

  const refuse = (status, text) => {
    pending = null;
    busy = true;
    reply(socket, status, errorBody(text), { close: true });
  };

  /** Reads a request's head from `pending`; false while it is incomplete or after a refusal. */
  const readHead = () => {
    const end = pending.indexOf('\r\n\r\n', 0, 'latin1');
    if (end < 0) {
      if (pending.length > MAX_HEAD) refuse(400, 'The request has too long a head.');
      return false;
    }
    const head = pending.latin1Slice(0, end);
    const firstEnd = head.indexOf('\r\n');
    const [method, path, version] = (firstEnd < 0 ? head : head.slice(0, firstEnd)).split(' ');
    if (version === undefined || !version.startsWith('HTTP/1.')) {
      refuse(400, 'Bad request.');
      return false;
    }
    const lower = head.toLowerCase();
    const chunked = /\bchunked\b/.test(headerValue(lower, 'transfer-encoding') || '');
    const length = chunked ? -1 : Number(headerValue(lower, 'content-length') || 0);
    if (length > maxBody) {
      refuse(413, `The request is larger than allowed: ${length} > ${maxBody} bytes.`);
      return false;
    }
    if (!chunked && !(Number.isInteger(length) && length >= 0)) {
      refuse(400, 'Bad request.');
      return false;
    }
    const connection = headerValue(lower, 'connection') || '';
    const close = version === 'HTTP/1.0' ? !connection.includes('keep-alive') : connection.includes('close');
    pending = pending.subarray(end + 4);
    const sentinelsOptional = headerValue(lower, 'x-miniwhisk-sentinels') === 'optional';
    const tookWanted = headerValue(lower, 'x-miniwhisk-took') === 'wanted';
    request = { method, path, length, close, sentinelsOptional, tookWanted, body: null, filled: 0 };
    if (headerValue(lower, 'expect') === '100-continue' && pending.length < length) socket.write(CONTINUE);
    return true;
  };

  /** Moves body bytes from `pending` into the request; true when it is whole. */
  const readBody = () => {
    if (request.length < 0) {
      const done = unchunk(pending, maxBody);
      if (done === undefined) return false;
      if (done.body === null) {
        refuse(400, 'Bad request.');
        return false;
      }
      request.body = done.body;
      pending = done.rest;
      return true;
    }
    if (request.body === null && pending.length >= request.length) {
      request.body = pending.subarray(0, request.length);
      pending = pending.subarray(request.length);
      return true;
    }
    if (request.body === null) request.body = Buffer.allocUnsafe(request.length);
    const taken = pending.copy(request.body, request.filled);
    request.filled += taken;
    pending = pending.subarray(taken);
    return request.filled === request.length;
  };

  const advance = () => {
    while (!busy && pending !== null && pending.length > 0) {
      if (request === null && !readHead()) return;
      if (!readBody()) return;
      const { method, path, body, close, sentinelsOptional, tookWanted } = request;
      const start = tookWanted ? performance.now() : 0;
      request = null;
      busy = true;
      const respond = (status, text, silent) => {
        if (socket.destroyed) return;
        reply(socket, status, text, { close, silent, took: tookWanted ? performance.now() - start : undefined });
        if (close) return;
        busy = false;
        advance();
      };
      respond.sentinelsOptional = sentinelsOptional;
      handle(method, path, body, respond);
    }
  };

  socket.on('data', chunk => {
    pending = pending === null || pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    advance();
  });
  socket.on('error', () => socket.destroy());
}

/** Takes a request that nobody sent through all of this, so that it is compiled when the first real one comes. */
function rehearse(maxBody, handle) {
  const nothing = () => undefined;
  let receive = nothing;
  const on = (event, listener) => {
    if (event === 'data') receive = listener;
  };
  converse({ on, write: nothing, end: nothing, destroy: nothing }, maxBody, handle);
  receive(Buffer.from('POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'));
}

/**
 * Listens where `listen` says (see `parseListen`) and answers requests.
 * `handle(method, path, body, reply)` gets the body as a Buffer and calls `reply(status, jsonText, silent)` once. `silent`
 * says that no sentinels came before it, which `reply.sentinelsOptional` has to allow.
 */
function serve(listen, maxBody, handle) {
  const where = parseListen(listen);
  if (where.path?.startsWith('/')) {
    try {
      require('node:fs').unlinkSync(where.path);
    } catch {
      // There was none.
    }
  }
  const server = net.createServer({ noDelay: true }, socket => converse(socket, maxBody, handle));
  server.on('error', error => {
    process.stderr.write(`The action proxy cannot listen: ${error.message}\n`);
    process.exit(1);
  });
  server.listen(where);
  return server;
}

module.exports = { serve, rehearse, errorBody };
