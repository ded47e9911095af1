'use strict';
/** Unpacks a zip or tar.gz archive into an empty folder, trusting nothing it says. */
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');

/** What an archive may unpack to: bytes in all files together, and files and folders. */
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_ENTRIES = 100_000;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;

class ArchiveError extends Error {
  constructor(reason) {
    super(`There was an error uncompressing the action archive. ${reason}`);
    this.name = 'ArchiveError';
    // It is the archive's fault: a trace through the proxy would tell its author nothing.
    this.stack = this.message;
  }
}

/** The path below `dir` that an entry means. Windows' separators count on every system. */
function safePath(dir, name) {
  const parts = name.replaceAll('\\', '/').split('/');
  if (
    name.includes('\0') ||
    name.startsWith('/') ||
    name.startsWith('\\') ||
    /^[A-Za-z]:/.test(name) ||
    parts.includes('..')
  ) {
    throw new ArchiveError(`It holds a path that leaves the action's folder: ${JSON.stringify(name)}.`);
  }
  return path.join(dir, ...parts.filter(part => part !== '' && part !== '.'));
}

function writer(dir) {
  const folders = new Set([dir]);
  const makeFolder = target => {
    if (folders.has(target)) return;
    fs.mkdirSync(target, { recursive: true });
    folders.add(target);
  };
  let entries = 0;
  let bytes = 0;
  const count = size => {
    entries += 1;
    bytes += size;
    if (entries > MAX_ENTRIES) throw new ArchiveError(`It holds more than ${MAX_ENTRIES} files.`);
    if (bytes > MAX_BYTES) throw new ArchiveError(`It unpacks to more than ${MAX_BYTES} bytes.`);
  };
  return {
    folder(name) {
      count(0);
      makeFolder(safePath(dir, name));
    },
    /** `content` is called only after the declared size was found to fit. */
    file(name, declared, mode, content) {
      const target = safePath(dir, name);
      count(declared);
      makeFolder(path.dirname(target));
      fs.writeFileSync(target, content());
      if (mode & 0o111) fs.chmodSync(target, (mode & 0o777) | 0o600);
    },
    refuseType(name, type) {
      const what = type === S_IFLNK ? 'a symbolic link' : 'neither a file nor a folder';
      throw new ArchiveError(`${JSON.stringify(name)} is ${what}, which is not allowed.`);
    },
  };
}

/** Number of entries, and where the central directory is, from the records at the end of a zip. */
function endOfZip(zip) {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 22 - 65535); at -= 1) {
    if (zip.readUInt32LE(at) !== 0x06054b50) continue;
    let count = zip.readUInt16LE(at + 10);
    let size = zip.readUInt32LE(at + 12);
    let offset = zip.readUInt32LE(at + 16);
    let end = at;
    if (
      (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) &&
      at >= 20 &&
      zip.readUInt32LE(at - 20) === 0x07064b50
    ) {
      const at64 = Number(zip.readBigUInt64LE(at - 12));
      if (at64 + 56 > zip.length || zip.readUInt32LE(at64) !== 0x06064b50)
        throw new ArchiveError('The zip file is damaged.');
      count = Number(zip.readBigUInt64LE(at64 + 32));
      size = Number(zip.readBigUInt64LE(at64 + 40));
      offset = Number(zip.readBigUInt64LE(at64 + 48));
      end = at64;
    }
    // Bytes before the archive proper (a self-extracting one) shift every offset.
    const shift = end - size - offset;
    if (shift < 0 || size < count * 46) throw new ArchiveError('The zip file is damaged.');
    return { count, start: offset + shift, shift };
  }
  throw new ArchiveError('The zip file is damaged.');
}

/** Sizes and offset that did not fit 32 bits, from the zip64 extra field. */
function zip64(zip, entry, from, to) {
  for (let at = from; at + 4 <= to; at += 4 + zip.readUInt16LE(at + 2)) {
    if (zip.readUInt16LE(at) !== 1) continue;
    let next = at + 4;
    for (const key of ['size', 'packed', 'offset']) {
      if (entry[key] !== 0xffffffff) continue;
      entry[key] = Number(zip.readBigUInt64LE(next));
      next += 8;
    }
  }
}

function* zipEntries(zip) {
  const { count, start, shift } = endOfZip(zip);
  if (count > MAX_ENTRIES) throw new ArchiveError(`It holds more than ${MAX_ENTRIES} files.`);
  for (let i = 0, at = start; i < count; i += 1) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new ArchiveError('The zip file is damaged.');
    const nameEnd = at + 46 + zip.readUInt16LE(at + 28);
    const extraEnd = nameEnd + zip.readUInt16LE(at + 30);
    const entry = {
      name: zip.utf8Slice(at + 46, nameEnd),
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packed: zip.readUInt32LE(at + 20),
      size: zip.readUInt32LE(at + 24),
      mode: zip.readUInt32LE(at + 38) >>> 16,
      offset: zip.readUInt32LE(at + 42),
    };
    zip64(zip, entry, nameEnd, extraEnd);
    entry.offset += shift;
    yield entry;
    at = extraEnd + zip.readUInt16LE(at + 32);
  }
}

let crcTable;
function crc32(data) {
  if (zlib.crc32) return zlib.crc32(data);
  crcTable ??= Int32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
  });
  let crc = -1;
  for (let i = 0; i < data.length; i += 1) crc = crcTable[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function zipContent(zip, entry) {
  const bad = reason => new ArchiveError(`${JSON.stringify(entry.name)} ${reason}.`);
  if (entry.flags & 1) throw bad('is encrypted');
  if (zip.readUInt32LE(entry.offset) !== 0x04034b50) throw bad('is damaged');
  const start = entry.offset + 30 + zip.readUInt16LE(entry.offset + 26) + zip.readUInt16LE(entry.offset + 28);
  const packed = zip.subarray(start, start + entry.packed);
  if (packed.length !== entry.packed) throw bad('is damaged');
  let data;
  if (entry.method === 0) data = packed;
  else if (entry.method === 8) {
    try {
      // One byte more than declared is enough to see that the declaration was a lie.
      data =
        entry.size === 0 && entry.packed === 0
          ? packed
          : zlib.inflateRawSync(packed, { maxOutputLength: entry.size + 1 });
    } catch (error) {
      throw bad(error.code === 'ERR_BUFFER_TOO_LARGE' ? 'is larger than it declares' : 'is damaged');
    }
  } else throw bad(`is compressed by method ${entry.method}, which is not supported`);
  if (data.length !== entry.size) throw bad('is not of the size it declares');
  if (crc32(data) !== entry.crc) throw bad('is damaged: its checksum is wrong');
  return data;
}

function unpackZip(zip, out) {
  for (const entry of zipEntries(zip)) {
    const type = entry.mode & S_IFMT;
    if (entry.name.endsWith('/') || entry.name.endsWith('\\') || type === S_IFDIR) out.folder(entry.name);
    else if (type === 0 || type === S_IFREG) out.file(entry.name, entry.size, entry.mode, () => zipContent(zip, entry));
    else out.refuseType(entry.name, type);
  }
}

/** Records of a POSIX extended header: `length key=value\n`. */
function paxRecords(data) {
  const records = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(32, at);
    const length = Number(data.latin1Slice(at, space));
    if (space < 0 || !(length > 0)) break;
    const record = data.utf8Slice(space + 1, at + length - 1);
    const equals = record.indexOf('=');
    records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}

function unpackTar(tar, out) {
  const text = (at, length) => {
    const end = tar.indexOf(0, at);
    return tar.utf8Slice(at, end < 0 ? at + length : Math.min(end, at + length));
  };
  const octal = (at, length) => Number.parseInt(text(at, length).trim() || '0', 8);
  let extended = {};
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = extended.size === undefined ? octal(at + 124, 12) : Number(extended.size);
    const type = String.fromCharCode(tar[at + 156] || 48);
    const prefix = text(at + 257, 6).startsWith('ustar') && tar[at + 263] === 48 ? text(at + 345, 155) : '';
    const name = extended.path ?? (prefix === '' ? text(at, 100) : `${prefix}/${text(at, 100)}`);
    const data = tar.subarray(at + 512, at + 512 + size);
    if (!(size >= 0) || data.length !== size) throw new ArchiveError('The tar file is damaged.');
    if (type === 'x') extended = { ...extended, ...paxRecords(data) };
    else if (type === 'L') extended = { ...extended, path: data.utf8Slice().replace(/\0+$/, '') };
    else if (type !== 'g') {
      extended = {};
      if (type === '5') out.folder(name);
      else if (type === '0' || type === '7') out.file(name, size, octal(at + 100, 8), () => data);
      else out.refuseType(name, type === '1' || type === '2' ? S_IFLNK : 0);
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Unpacks `data` into the empty folder `dir`. Throws `ArchiveError` for anything but a sound, harmless archive. */
function unpack(data, dir) {
  const out = writer(dir);
  if (data.length > 22 && data[0] === 0x50 && data[1] === 0x4b) {
    try {
      unpackZip(data, out);
    } catch (error) {
      throw error instanceof RangeError ? new ArchiveError('The zip file is damaged.') : error;
    }
    return;
  }
  if (data.length > 18 && data[0] === 0x1f && data[1] === 0x8b) {
    let tar;
    try {
      tar = zlib.gunzipSync(data, { maxOutputLength: MAX_BYTES });
    } catch (error) {
      const large = error.code === 'ERR_BUFFER_TOO_LARGE';
      throw new ArchiveError(large ? `It unpacks to more than ${MAX_BYTES} bytes.` : 'The gzip file is damaged.');
    }
    return unpackTar(tar, out);
  }
  throw new ArchiveError('The file type is unsupported.');
}

module.exports = { unpack, ArchiveError };
