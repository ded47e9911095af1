import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { JsonObject } from '../../json.js';

/** Reads a stream of JSON objects, one a line, until it is closed. Rejects when it breaks or holds anything else. */
export const eachJson = (stream: Readable, each: (value: JsonObject) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const take = (lines: readonly string[]): void => {
      for (const line of lines) if (line.trim() !== '') each(JSON.parse(line) as JsonObject);
    };
    const fail = (error: unknown): void => {
      reject(error);
      stream.destroy();
    };
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      try {
        take(lines);
      } catch (error) {
        fail(error);
      }
    });
    stream.once('error', reject);
    stream.once('close', () => {
      try {
        take([rest]);
        resolve();
      } catch (error) {
        fail(error);
      }
    });
  });
