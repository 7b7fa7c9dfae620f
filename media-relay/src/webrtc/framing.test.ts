import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { FRAME_HEADER_BYTES, FrameReader, MAX_FRAME_BYTES, writeFrames } from './framing.ts';

/** The bytes, cut after each of these counts in turn. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const end = at + (lengths[i % lengths.length] ?? 1);
    pieces.push(bytes.slice(at, end));
    at = end;
  }
  return pieces;
}

function read(pieces: readonly Uint8Array[]): Buffer[] {
  const reader = new FrameReader();
  const frames: Buffer[] = [];
  for (const piece of pieces) reader.push(piece, (datagram) => frames.push(Buffer.from(datagram)));
  return frames;
}

test('writes a run of equal packets with a shorter last one, each behind its length', () => {
  const run = Buffer.concat([Buffer.alloc(300, 1), Buffer.alloc(300, 2), Buffer.alloc(7, 3)]);
  const frames = writeFrames(run, 300);
  expect(frames.length).toBe(607 + 3 * FRAME_HEADER_BYTES);
  expect([...frames.subarray(0, 3)]).toEqual([1, 44, 1]);
  expect([...frames.subarray(302, 305)]).toEqual([1, 44, 2]);
  expect([...frames.subarray(604, 607)]).toEqual([0, 7, 3]);
  expect([...writeFrames(Buffer.of(9), 1500)]).toEqual([0, 1, 9]);
});

test('reads what was written, however the network cuts it', () => {
  const datagrams = fc.array(fc.uint8Array({ minLength: 1, maxLength: MAX_FRAME_BYTES }), { maxLength: 6 });
  const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 });
  const property = fc.property(datagrams, cuts, (list, lengths) => {
    const bytes = Buffer.concat(list.map((one) => writeFrames(one, MAX_FRAME_BYTES)));
    expect(read(cut(bytes, lengths))).toEqual(list.map((one) => Buffer.from(one)));
  });
  fc.assert(property, timeBox);
});

test('passes over empty frames', () => {
  const bytes = Buffer.of(0, 0, 0, 1, 5, 0, 0, 0, 0, 0, 2, 6, 7);
  for (const length of [1, 2, 3, 5, 13]) {
    expect(read(cut(bytes, [length]))).toEqual([Buffer.of(5), Buffer.of(6, 7)]);
  }
});

test('any bytes are frames or one ProtocolError, and no more than one frame is kept', () => {
  const property = fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 6 }), (chunks) => {
    const reader = new FrameReader();
    let bytes = 0;
    try {
      for (const chunk of chunks) {
        reader.push(chunk, (datagram) => {
          expect(datagram.length).toBeGreaterThan(0);
          expect(datagram.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
          bytes += datagram.length;
        });
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      expect(error.code).toBe('FRAME_TOO_LONG');
    }
    expect(bytes).toBeLessThanOrEqual(chunks.reduce((sum, { length }) => sum + length, 0));
  });
  fc.assert(property, timeBox);
});

test.each([[[0x08, 0x01]], [[0x08], [0x01]]])(
  'refuses a frame of 2,049 bytes by its length: %j',
  (...chunks) => {
    const reader = new FrameReader();
    const push = (): void => {
      for (const chunk of chunks) reader.push(Buffer.from(chunk), () => undefined);
    };
    expect(push).toThrow(expect.objectContaining({ name: 'ProtocolError', code: 'FRAME_TOO_LONG' }));
  },
);
