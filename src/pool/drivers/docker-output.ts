import type { OutputStream } from '../driver.js';

const HEADER = 8;

/**
 * Takes apart the frames of an attach stream: a header of 8 bytes (stream number, three zeroes, length in big endian)
 * before each piece of output. Pieces are handed on as they come, so a large frame is never held in memory.
 */
export class FrameReader {
  private readonly header = Buffer.alloc(HEADER);
  private headerBytes = 0;
  private left = 0;
  private stream: OutputStream = 'stdout';

  constructor(private readonly onOutput: (stream: OutputStream, piece: Buffer) => void) {}

  feed(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.left === 0) {
        const taken = chunk.copy(this.header, this.headerBytes, at, at + HEADER - this.headerBytes);
        this.headerBytes += taken;
        at += taken;
        if (this.headerBytes < HEADER) return;
        this.headerBytes = 0;
        this.stream = this.header[0] === 2 ? 'stderr' : 'stdout';
        this.left = this.header.readUInt32BE(4);
        continue;
      }
      const piece = chunk.subarray(at, at + this.left);
      this.left -= piece.length;
      at += piece.length;
      this.onOutput(this.stream, piece);
    }
  }
}
