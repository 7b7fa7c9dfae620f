// RTSP/1.0 on a TCP byte stream: messages (RFC 2326 sections 4-7) and interleaved binary data (section 10.12).
// Not implemented: RTSP/2.0, multipart bodies (handed on as bytes), resynchronisation after garbage (an error).

import { excerpt, ProtocolError } from '../media/protocol-error.ts';
import { RtspHeaders, type RtspRequest, type RtspResponse } from './message.ts';

export interface RtspParserEvents {
  /** Borrowed bytes of one interleaved frame, without its four-byte head; valid until the call returns. */
  readonly onInterleaved: (channel: number, buffer: Uint8Array, start: number, end: number) => void;
  readonly onResponse: (response: RtspResponse) => void;
  readonly onRequest: (request: RtspRequest) => void;
}

export const maxHeaderBytes = 64 * 1024;
export const maxHeaderCount = 100;
export const maxBodyBytes = 1024 * 1024;

const dollar = 0x24;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const frameHeadBytes = 4;
const firstCarryBytes = 4096;
const noBody = new Uint8Array(0);

type Head =
  | {
      readonly type: 'response';
      readonly status: number;
      readonly reason: string;
      readonly headers: RtspHeaders;
    }
  | {
      readonly type: 'request';
      readonly method: string;
      readonly url: string;
      readonly headers: RtspHeaders;
    };

/** Feed it every read with `push`; it throws `ProtocolError` at the first thing that is not RTSP, and is then dead. */
export class RtspParser {
  readonly #events: RtspParserEvents;
  /** The start of one unfinished frame or message; never more than one. */
  #carry = new Uint8Array(firstCarryBytes);
  #carried = 0;
  /** Up to here no end of the header block was found in the carry. */
  #scanned = 0;
  /** The parsed head of the carried message, once its header block is complete. */
  #head: { readonly head: Head; readonly headerBytes: number; readonly bodyBytes: number } | undefined;
  #dead = false;

  constructor(events: RtspParserEvents) {
    this.#events = events;
  }

  push(buffer: Uint8Array, start: number, end: number): void {
    if (this.#dead) throw new ProtocolError('RTSP_AFTER_ERROR', 'bytes after a protocol error');
    this.#dead = true;
    let position = start;
    while (position < end) {
      position =
        this.#carried > 0 ? this.#continue(buffer, position, end) : this.#parseInPlace(buffer, position, end);
    }
    this.#dead = false;
  }

  /** Handles what is complete in the read buffer itself; carries the rest over. Returns the next position. */
  #parseInPlace(buffer: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end) {
      const first = buffer[position];
      if (first === dollar) {
        if (end - position < frameHeadBytes) break;
        const frameEnd = position + frameHeadBytes + frameLength(buffer, position);
        if (frameEnd > end) break;
        this.#events.onInterleaved(buffer[position + 1] ?? 0, buffer, position + frameHeadBytes, frameEnd);
        position = frameEnd;
      } else if (first === carriageReturn || first === lineFeed) {
        position++;
      } else {
        if (!startsMessage(first)) throw badByte(first);
        break;
      }
    }
    if (position === end) return end;
    if (buffer[position] === dollar) {
      this.#append(buffer, position, end);
      return end;
    }
    return this.#continue(buffer, position, end);
  }

  /** Adds to the carry what its unfinished item needs, and hands the item on when it is whole. */
  #continue(buffer: Uint8Array, start: number, end: number): number {
    const first = this.#carried > 0 ? this.#carry[0] : buffer[start];
    return first === dollar
      ? this.#continueFrame(buffer, start, end)
      : this.#continueMessage(buffer, start, end);
  }

  #continueFrame(buffer: Uint8Array, start: number, end: number): number {
    let position = this.#appendUpTo(frameHeadBytes, buffer, start, end);
    if (this.#carried < frameHeadBytes) return position;
    const frameEnd = frameHeadBytes + frameLength(this.#carry, 0);
    position = this.#appendUpTo(frameEnd, buffer, position, end);
    if (this.#carried < frameEnd) return position;
    this.#carried = 0;
    this.#events.onInterleaved(this.#carry[1] ?? 0, this.#carry, frameHeadBytes, frameEnd);
    return position;
  }

  #continueMessage(buffer: Uint8Array, start: number, end: number): number {
    let position = start;
    if (this.#head === undefined) {
      const carriedBefore = this.#carried;
      const appendedTo = this.#appendUpTo(maxHeaderBytes, buffer, start, end);
      const headerEnd = findHeaderEnd(this.#carry, this.#scanned, this.#carried);
      if (headerEnd === undefined) {
        if (this.#carried >= maxHeaderBytes) {
          throw new ProtocolError('RTSP_HEADERS_TOO_LONG', `header block exceeds ${maxHeaderBytes} bytes`);
        }
        // The blank line may straddle two reads: look again from the last three bytes.
        this.#scanned = Math.max(0, this.#carried - 3);
        return appendedTo;
      }
      const head = parseHead(text(this.#carry, 0, headerEnd));
      this.#head = { head, headerBytes: headerEnd, bodyBytes: contentLength(head.headers) };
      this.#scanned = 0;
      this.#carried = headerEnd;
      position = start + (headerEnd - carriedBefore);
    }
    const { head, headerBytes, bodyBytes } = this.#head;
    position = this.#appendUpTo(headerBytes + bodyBytes, buffer, position, end);
    if (this.#carried < headerBytes + bodyBytes) return position;
    const body = bodyBytes === 0 ? noBody : this.#carry.slice(headerBytes, headerBytes + bodyBytes);
    this.#head = undefined;
    this.#carried = 0;
    if (this.#carry.length > 2 * maxHeaderBytes) this.#carry = new Uint8Array(firstCarryBytes);
    if (head.type === 'response') this.#events.onResponse({ ...head, body });
    else this.#events.onRequest({ ...head, body });
    return position;
  }

  #appendUpTo(wanted: number, buffer: Uint8Array, start: number, end: number): number {
    const stop = Math.min(end, start + Math.max(0, wanted - this.#carried));
    this.#append(buffer, start, stop);
    return stop;
  }

  #append(buffer: Uint8Array, start: number, end: number): void {
    const needed = this.#carried + (end - start);
    if (needed > this.#carry.length) {
      const grown = new Uint8Array(Math.max(needed, this.#carry.length * 2));
      grown.set(this.#carry.subarray(0, this.#carried));
      this.#carry = grown;
    }
    this.#carry.set(buffer.subarray(start, end), this.#carried);
    this.#carried = needed;
  }
}

function frameLength(buffer: Uint8Array, position: number): number {
  return ((buffer[position + 2] ?? 0) << 8) | (buffer[position + 3] ?? 0);
}

function startsMessage(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a));
}

function badByte(byte: number | undefined): ProtocolError {
  const hex = (byte ?? 0).toString(16).padStart(2, '0');
  return new ProtocolError('RTSP_BAD_BYTE', `byte 0x${hex} starts neither a frame nor a message`);
}

/** The offset behind the blank line that ends the header block; CRLF and LF alike. */
function findHeaderEnd(bytes: Uint8Array, from: number, end: number): number | undefined {
  let at = bytes.indexOf(lineFeed, from);
  while (at !== -1 && at < end) {
    let next = at + 1;
    if (next < end && bytes[next] === carriageReturn) next++;
    if (next < end && bytes[next] === lineFeed) return next + 1;
    at = bytes.indexOf(lineFeed, at + 1);
  }
  return undefined;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

function parseHead(block: string): Head {
  const lines = block.split(/\r?\n/);
  const startLine = lines[0] ?? '';
  const headers = parseHeaders(lines.slice(1));
  const status = /^RTSP\/1\.\d +(\d{3})(?: (.*))?$/i.exec(startLine);
  if (status !== null) {
    return { type: 'response', status: Number(status[1]), reason: (status[2] ?? '').trim(), headers };
  }
  const request = /^([A-Z_]{1,32}) +(\S+) +RTSP\/1\.\d *$/.exec(startLine);
  if (request !== null) return { type: 'request', method: request[1] ?? '', url: request[2] ?? '', headers };
  throw new ProtocolError('RTSP_BAD_START_LINE', `not an RTSP/1.x start line: "${excerpt(startLine)}"`);
}

function parseHeaders(lines: readonly string[]): RtspHeaders {
  const entries: [string, string][] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const last = entries.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      last[1] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (name === '') throw new ProtocolError('RTSP_BAD_HEADER', `header without a name: "${excerpt(line)}"`);
    if (entries.length === maxHeaderCount) {
      throw new ProtocolError('RTSP_TOO_MANY_HEADERS', `more than ${maxHeaderCount} headers`);
    }
    entries.push([name, line.slice(colon + 1).trim()]);
  }
  return new RtspHeaders(entries);
}

function contentLength(headers: RtspHeaders): number {
  const values = new Set(headers.all('content-length'));
  if (values.size === 0) return 0;
  const [value = ''] = values;
  if (values.size > 1 || !/^\d{1,15}$/.test(value)) {
    throw new ProtocolError('RTSP_BAD_CONTENT_LENGTH', `Content-Length "${excerpt([...values].join(', '))}"`);
  }
  const length = Number(value);
  if (length > maxBodyBytes) {
    throw new ProtocolError('RTSP_BODY_TOO_LONG', `Content-Length ${length} exceeds ${maxBodyBytes} bytes`);
  }
  return length;
}
