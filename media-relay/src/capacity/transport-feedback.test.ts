import { expect, test } from 'vitest';

import { notReceived, parseTransportFeedback, type TransportFeedback } from '../rtp/transport-cc.ts';
import { writeTransportFeedback } from './transport-feedback.ts';

const read = (packet: Buffer): Partial<TransportFeedback> =>
  parseTransportFeedback(packet, 4, packet.length) ?? {};

test('the relay reads what is written, over the wrap and with a hole', () => {
  const packet = writeTransportFeedback(0x1234, 7, [
    { seq: 65_534, atMs: 6400 },
    { seq: 65_535, atMs: 6401 },
    { seq: 1, atMs: 6403.5 },
  ]);
  expect(packet.length).toBe(4 * (packet.readUInt16BE(2) + 1));
  const { baseSeq, feedbackCount, referenceTime, mediaSsrc, arrivals } = read(packet);
  expect({ baseSeq, feedbackCount, referenceTime, mediaSsrc }).toEqual({
    baseSeq: 65_534,
    feedbackCount: 7,
    referenceTime: 100,
    mediaSsrc: 0x1234,
  });
  expect([...(arrivals ?? [])]).toEqual([0, 4, notReceived, 14]);
});

test('packets that were overtaken are left out', () => {
  const packet = writeTransportFeedback(1, 0, [
    { seq: 10, atMs: 0 },
    { seq: 12, atMs: 1 },
    { seq: 11, atMs: 2 },
    { seq: 5000, atMs: 3 },
    { seq: 13, atMs: 4 },
  ]);
  expect([...(read(packet).arrivals ?? [])]).toEqual([0, notReceived, 4, 16]);
});
