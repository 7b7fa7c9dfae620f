import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { readFrameList } from './gray-batch.ts';

const head = '#software: Lavf59.27.100\n#tb 0: 1/25\n#media_type 0: video\n';

test('times and checksums', () => {
  const lines =
    '0,          0,          0,        1,   230400, 0xa6691f63\n0, 50, 50, 1, 230400, 0x33079d17\n';
  expect(readFrameList(head + lines)).toEqual([
    { atMs: 0, checksum: '0xa6691f63' },
    { atMs: 2000, checksum: '0x33079d17' },
  ]);
  expect(readFrameList('')).toEqual([]);
  expect(readFrameList(head)).toEqual([]);
});

test.each([
  '0, 1, 1, 1, 1, 0x1\n',
  '#tb 0: 0/0\n0, 1, 1, 1, 1, 0x1\n',
  `${head}0, 1\n`,
  `${head}0, 1, -1, 1, 1, 0x1\n`,
])('not a list: %j', (text) => {
  expect(() => readFrameList(text)).toThrow(ProtocolError);
});

test('anything else is a ProtocolError or nothing', () => {
  const pieces = fc.array(
    fc.oneof(fc.string(), fc.constantFrom('\n', ',', '#tb 0: ', '1/25', '0, 1, 1, 1, 1, 0x1', head)),
  );
  fc.assert(
    fc.property(pieces, (given) => {
      try {
        readFrameList(given.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    timeBox,
  );
});
