// What ffmpeg's `mpjpeg` muxer writes: parts of a multipart body (RFC 2046, 5.1), each with a Content-length. So the end of a
// picture is known without looking into it. Not implemented: any other header, parts without a length.
import { ProtocolError } from '../media/protocol-error.ts';

const maxHeadBytes = 1024;
const maxPictureBytes = 8 * 2 ** 20;
const headEnd = Buffer.from('\r\n\r\n');

export class MpjpegReader {
  readonly #onPicture: (jpeg: Buffer) => void;
  #head: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  /** Bytes that the picture under way still lacks; 0 between pictures. */
  #missing = 0;

  constructor(onPicture: (jpeg: Buffer) => void) {
    this.#onPicture = onPicture;
  }

  /** Throws ProtocolError 'MPJPEG_BAD_PART'; nothing can be read after that. */
  add(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) rest = this.#missing > 0 ? this.#addToPicture(rest) : this.#addToHead(rest);
  }

  #addToPicture(bytes: Buffer): Buffer {
    const piece = bytes.subarray(0, this.#missing);
    this.#pieces.push(piece);
    this.#missing -= piece.length;
    if (this.#missing === 0) {
      const jpeg = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#onPicture(jpeg);
    }
    return bytes.subarray(piece.length);
  }

  #addToHead(bytes: Buffer): Buffer {
    const head = Buffer.concat([this.#head, bytes.subarray(0, maxHeadBytes + headEnd.length)]);
    const end = head.indexOf(headEnd);
    if (end < 0) {
      if (head.length > maxHeadBytes)
        throw new ProtocolError('MPJPEG_BAD_PART', 'a part has no end of its headers');
      this.#head = head;
      return Buffer.alloc(0);
    }
    const length = Number(/\r\ncontent-length: *(\d{1,9})$/im.exec(head.toString('latin1', 0, end))?.[1]);
    if (!(length > 0 && length <= maxPictureBytes))
      throw new ProtocolError('MPJPEG_BAD_PART', 'a part has no usable Content-length');
    const used = end + headEnd.length - this.#head.length;
    this.#head = Buffer.alloc(0);
    this.#missing = length;
    return bytes.subarray(used);
  }
}
