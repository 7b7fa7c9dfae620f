import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { MpjpegReader } from './mpjpeg.ts';

function read(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pictures: Buffer[] = [];
  const reader = new MpjpegReader((jpeg) => pictures.push(jpeg));
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    reader.add(bytes.subarray(from, cut));
    from = cut;
  }
  return pictures;
}

const part = (jpeg: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(`--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: ${jpeg.length}\r\n\r\n`),
    jpeg,
    Buffer.from('\r\n'),
  ]);

test('pictures come out whole, wherever the pipe cuts', () => {
  const pictures = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 });
  fc.assert(
    fc.property(pictures, fc.array(fc.nat(), { maxLength: 9 }), (given, cuts) => {
      expect(read(Buffer.concat(given.map(part)), cuts)).toEqual(given.map((jpeg) => Buffer.from(jpeg)));
    }),
    timeBox,
  );
});

test('anything else is a ProtocolError or nothing', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom('--ffmpeg', '\r\n', '\r\n\r\n', 'Content-length: ', '7', '999999999')
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(), { maxLength: 5 }), (given, cuts) => {
      try {
        read(Buffer.concat(given), cuts);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    timeBox,
  );
});

test.each([
  'Content-length: 0',
  'Content-length: 99999999',
  'Content-length: x',
  'Other: 1',
  `A: ${'x'.repeat(2000)}`,
])('%.30s', (header) => {
  expect(() => read(Buffer.from(`--ffmpeg\r\n${header}\r\n\r\nabc`), [])).toThrow(ProtocolError);
});
