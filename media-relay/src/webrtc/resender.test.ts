import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Arena, type Block } from '../native/arena.ts';
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import { DelayHistogram, PathStatistics } from '../stream/path-statistics.ts';
import type { Destination } from './egress.ts';
import { Resender, type ResenderOptions } from './resender.ts';
import type { RtpSender } from './rtp-sender.ts';
import { SentFrames } from './sent-frames.ts';

const nowhere = {} as Destination;
const PACKET_BYTES = 1000;
const FRAMES = 200;
const PACKETS_PER_FRAME = 10;

let rtxPayloads: { readonly bytes: number; readonly seq: number }[];
let statistics: PathStatistics;
let resender: Resender;
let path: { lossShare: number; capacityBps: number | undefined; queuedBps: number | undefined };
let onResent: ReturnType<typeof vi.fn<ResenderOptions['onResent']>>;

/** 200 frames of ten packets; the sequence numbers count from 0. Only the newest 150 are still in the store. */
beforeEach(() => {
  const arena = new Arena();
  const memory: Block = arena.allocate(PACKET_BYTES * PACKETS_PER_FRAME);
  const payload = arena.allocate(1200);
  const sent = new SentFrames();
  const frames = new Map<number, StoredFrame>();
  const store = { memory, frame: (number: number) => frames.get(number) } as PacketStore;
  for (let number = 0; number < FRAMES; number++) {
    sent.add(store, number * PACKETS_PER_FRAME, PACKETS_PER_FRAME, number, number * 3000, 0, 0);
    if (number < 50) continue;
    frames.set(number, {
      number,
      offset: 0,
      byteLength: PACKET_BYTES * PACKETS_PER_FRAME,
      payloadLengths: new Uint16Array(PACKETS_PER_FRAME).fill(PACKET_BYTES),
      ticks: 0,
      arrivalMs: 0,
      captureMs: undefined,
      isKey: false,
      isBroken: false,
    });
  }
  rtxPayloads = [];
  path = { lossShare: 0, capacityBps: undefined, queuedBps: undefined };
  onResent = vi.fn();
  statistics = new PathStatistics(new DelayHistogram());
  resender = new Resender({
    sent,
    video: { nextExtendedSeq: FRAMES * PACKETS_PER_FRAME } as RtpSender,
    rtx: {
      nextTransportSeq: 0,
      sendPayload: (_to: Destination, block: Block, bytes: number) => {
        rtxPayloads.push({ bytes, seq: ((block.bytes[0] ?? 0) << 8) | (block.bytes[1] ?? 0) });
        return bytes + 28;
      },
    } as unknown as RtpSender,
    payload,
    statistics,
    estimate: Object.assign(path, { sent: () => undefined, resent: () => undefined }),
    onResent,
    nowMs: 0,
  });
});

const resent = (): number[] => rtxPayloads.map(({ seq }) => seq);

describe('at most one resend of a packet', () => {
  test('per round trip, however often it is asked for', () => {
    for (const nowMs of [0, 5, 39, 40, 41]) resender.resend([1999], nowhere, 40, nowMs);
    expect(resent()).toEqual([1999, 1999]);
  });

  test('in 100 ms while the round trip is not known: it may be long', () => {
    for (const nowMs of [0, 9, 10, 99, 100]) resender.resend([1999], nowhere, undefined, nowMs);
    expect(resent()).toEqual([1999, 1999]);
  });

  test('in 10 ms when the round trip is shorter', () => {
    for (const nowMs of [0, 9, 10]) resender.resend([1999], nowhere, 1, nowMs);
    expect(resent()).toEqual([1999, 1999]);
  });

  test('and what is forgotten after a while changes nothing of that, however long the round trip', () => {
    resender.resend([1999], nowhere, 2000, 0);
    resender.tick(4_000_000, 2000, 1900);
    resender.resend([1999], nowhere, 2000, 1901);
    expect(resent()).toEqual([1999]);
    // Feedback on a resend comes a little later than a NACK could.
    resender.resendLost(1999, -1, nowhere, 2000, 2100);
    expect(resent()).toEqual([1999]);
  });

  test('and it is forgotten at last', () => {
    resender.resend([1999], nowhere, 40, 0);
    resender.tick(4_000_000, 40, 1000);
    resender.resendLost(1999, -1, nowhere, 40, 1000);
    expect(resent()).toEqual([1999]);
    resender.tick(4_000_000, 40, 1001);
    resender.resendLost(1999, -1, nowhere, 40, 1001);
    expect(resent()).toEqual([1999, 1999]);
  });
});

test('only what no resend is under way for counts as asked for', () => {
  expect(resender.countNew([1998, 1999], 600, 0)).toBe(2);
  resender.resend([1998], nowhere, 600, 0);
  expect(resender.countNew([1998, 1999], 600, 599)).toBe(1);
  expect(resender.countNew([1998, 1999], 600, 600)).toBe(2);
});

test('what feedback misses leaves again at once, but not what left again since', () => {
  resender.resend([1998], nowhere, 40, 100);
  // The original was lost, and its resend is on the way.
  resender.resendLost(1998, 50, nowhere, 40, 145);
  expect(resent()).toEqual([1998]);
  // The resend was lost, too.
  resender.resendLost(1998, 100, nowhere, 40, 160);
  // The NACK was lost.
  resender.resendLost(1999, 50, nowhere, 40, 160);
  expect(resent()).toEqual([1998, 1998, 1999]);
});

test('times come back from feedback rounded: a resend is not one after itself', () => {
  for (const sentMs of [100.004, 100.012, 100.02]) {
    resender.resend([1998], nowhere, 40, 100.012);
    resender.resendLost(1998, sentMs, nowhere, 40, 160);
    expect(resent().splice(0)).toEqual([1998, 1998]);
    rtxPayloads = [];
    resender.tick(4_000_000, 40, 2000);
  }
});

test('of two copies, the loss of one is none', () => {
  path.lossShare = 0.05;
  resender.resend([1998], nowhere, 40, 100);
  resender.resendLost(1998, 100, nowhere, 40, 160);
  expect(resent()).toEqual([1998, 1998]);
  resender.resendLost(1998, 100, nowhere, 40, 160);
  expect(resent()).toEqual([1998, 1998, 1998, 1998]);
  expect(statistics.resentPackets).toBe(4);
});

test('where packets get lost, two copies leave; where a queue is full, one', () => {
  path.lossShare = 0.05;
  resender.resend([1998], nowhere, 40, 0);
  path.capacityBps = 20e6;
  resender.resend([1999], nowhere, 40, 0);
  expect(resent()).toEqual([1998, 1998, 1999]);
});

test.each([4_000_000, 200_000])(
  'at most 30 %% of the stream\u2019s rate of %d, over seconds',
  (streamBps) => {
    resender.tick(streamBps, 40, 0);
    let seq = 500;
    // A viewer that asks for everything again, 20 times a second.
    for (let nowMs = 0; nowMs < 10_000; nowMs += 50) {
      if (nowMs % 1000 === 0) resender.tick(streamBps, 40, nowMs);
      resender.resend(
        Array.from({ length: 50 }, () => 500 + (seq++ % 1500)),
        nowhere,
        40,
        nowMs,
      );
    }
    const bytes = statistics.sentBytes;
    // And what may leave at once: one second of it, and a few packets of a narrow one.
    expect(bytes).toBeLessThan(
      ((streamBps * 0.3) / 8) * 10 + Math.max(5000, (streamBps * 0.3) / 8) + 2 * PACKET_BYTES,
    );
    expect(bytes).toBeGreaterThan(((streamBps * 0.3) / 8) * 9);
    expect(statistics.resentPackets).toBe(rtxPayloads.length);
  },
);

test('at most 30 % of what a queue has shown the path to carry, where that is less than the stream', () => {
  resender.tick(4_000_000, 40, 0);
  path.queuedBps = 400_000;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 50)
    resender.resend(
      Array.from({ length: 50 }, (_, i) => 500 + ((nowMs + i) % 1500)),
      nowhere,
      40,
      nowMs,
    );
  expect(statistics.sentBytes).toBeGreaterThan(15_000 * 9);
  expect(statistics.sentBytes).toBeLessThan(15_000 * 11 + 2 * PACKET_BYTES);
});

test('the video is told of what left besides, of both copies', () => {
  path.lossShare = 0.05;
  resender.resend([1998], nowhere, 40, 7);
  expect(onResent.mock.calls).toEqual([[2 * 1030, 7]]);
});

test('a packet that is no longer in the history, or never was, asks for a resynchronisation', () => {
  expect(resender.resend([500, 1999], nowhere, 40, 0)).toBe(true);
  expect(resender.resend([499], nowhere, 40, 0)).toBe(false);
  expect(resender.resend([2001], nowhere, 40, 0)).toBe(false);
  expect(resent()).toEqual([500, 1999]);
});

test('what is no longer there keeps nothing else from leaving', () => {
  expect(resender.resend([499, 1998, 1999], nowhere, 40, 0)).toBe(false);
  expect(resent()).toEqual([1998, 1999]);
});
