/** A feed between two renditions, down to the packets: what a viewer gets over any sequence of events. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VideoTrack } from '../media/track.ts';
import { Arena } from '../native/arena.ts';
import { PacketStore, type Packetiser } from '../stream/packet-store.ts';
import { DelayHistogram, PathStatistics } from '../stream/path-statistics.ts';
import { timeBox } from '../testing/time-box.ts';
import { SEND_BUFFER_BYTES, type Destination, type UdpEgress } from './egress.ts';
import { Pacer, TokenBucket } from './pacer.ts';
import { PathEstimate } from './path-estimate.ts';
import { Resender } from './resender.ts';
import { RtpSender } from './rtp-sender.ts';
import type { SrtpCipher } from './srtp.ts';
import { VideoFeed } from './video-feed.ts';
import { ViewerBudget } from './viewer-budget.ts';

const track: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};
const PACKET = 1000;
const packetiser: Packetiser = {
  bound: ({ data }) => ({ packets: Math.ceil(data.length / PACKET), bytes: data.length }),
  write({ data }, target, offset, lengths) {
    const packets = Math.ceil(data.length / PACKET);
    target.set(data, offset);
    for (let i = 0; i < packets; i++) lengths[i] = Math.min(PACKET, data.length - i * PACKET);
    return { packets, bytes: data.length };
  },
};

interface Packet {
  readonly seq: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** First byte of each payload: which rendition, and which frame of it (modulo 100). */
  readonly rendition: number;
  readonly isKey: boolean;
}

/** Two cameras of one picture, whose clocks have nothing to do with each other, one viewer, and a hand on the time. */
function bench({ firstSeq = 0xff00, rtx = false } = {}) {
  const arena = new Arena();
  let nowMs = 1_000_000;
  const buffer = arena.allocate(SEND_BUFFER_BYTES);
  const stores = [new PacketStore(arena, packetiser), new PacketStore(arena, packetiser)] as const;
  const ticks = [5_000_000, 77];
  const packets: Packet[] = [];
  const covered = new Map<string, string>();
  const reused: string[] = [];
  let isResend = false;
  const cipher: SrtpCipher = {
    profile: 'aes128gcm',
    rtpTagBytes: 16,
    sealRtp(at, headerBytes, source, sourceAt, sourceBytes, ssrc, roc, seq) {
      const header = Buffer.from(buffer.bytes.subarray(at, at + headerBytes));
      const payload = Buffer.from(source.bytes.subarray(sourceAt, sourceAt + sourceBytes));
      const nonce = `${ssrc} ${roc} ${seq}`;
      const packet = `${header.toString('hex')} ${payload.toString('hex')}`;
      if ((covered.get(nonce) ?? packet) !== packet) reused.push(nonce);
      covered.set(nonce, packet);
      if (!isResend)
        packets.push({
          seq: roc * 0x1_0000 + seq,
          timestamp: header.readUInt32BE(4),
          marker: (header[1] ?? 0) >= 0x80,
          rendition: (payload[0] ?? 0) >>> 7,
          isKey: ((payload[0] ?? 0) & 0x40) !== 0,
        });
      return headerBytes + sourceBytes + 16;
    },
    sealRtcp: (_at, length) => length,
    openRtcp: () => undefined,
    close: () => undefined,
  };
  const egress = { buffer, send: () => undefined } as unknown as UdpEgress;
  const video = new RtpSender({ ssrc: 1, payloadType: 102, firstSeq, cipher, egress, playoutDelayId: 5 });
  const destination = { socket: { writable: true } } as Destination;
  const statistics = new PathStatistics(new DelayHistogram());
  const estimate = new PathEstimate({ nowMs, transportCc: false });
  const budget = new ViewerBudget(nowMs);
  // The bench pumps by itself: no timer runs.
  const pacer = { add: () => void (isQueued = true), remove: () => undefined } as unknown as Pacer;
  let isQueued = false;
  const feed = new VideoFeed({
    store: stores[0],
    sender: video,
    destination: () => destination,
    pacer,
    burstBudget: new TokenBucket(400_000_000, 128 * 1024, nowMs),
    statistics,
    estimate,
    budget,
    firstTimestamp: 0xffff_0000,
    nowMs,
  });
  const resender = new Resender({
    sent: feed.sent,
    video,
    rtx: rtx ? new RtpSender({ ssrc: 2, payloadType: 103, firstSeq: 1, cipher, egress }) : undefined,
    payload: arena.allocate(2048),
    statistics,
    estimate,
    nowMs,
  });
  let watched = 0;
  return {
    arena,
    feed,
    stores,
    packets,
    reused,
    covered,
    statistics,
    destination,
    get nowMs() {
      return nowMs;
    },
    /** Camera `which` delivers a frame; the viewer gets it when it watches that one. */
    frame(which: 0 | 1, bytes: number, isKey = false): void {
      const step = which === 0 ? 3000 : 6000;
      ticks[which] = (ticks[which] ?? 0) + step;
      const data = new Uint8Array(bytes).fill(
        (which << 7) | (isKey ? 0x40 : 0) | (stores[which].nextNumber % 60),
      );
      const stored = stores[which].append(
        {
          track,
          ticks: ticks[which] ?? 0,
          arrivalMs: nowMs,
          captureMs: undefined,
          isKey,
          isBroken: false,
          data,
          unitEnds: [bytes],
        },
        ticks[which] ?? 0,
      );
      if (stored && which === watched) feed.onFrame(stored, nowMs);
    },
    switchTo(which: 0 | 1): void {
      watched = which;
      feed.switchTo(stores[which], nowMs);
    },
    interrupt(which: 0 | 1): void {
      stores[which].breakGop();
      if (which === watched) feed.interrupt();
    },
    pass(ms: number): void {
      for (let i = 0; i < ms; i++) {
        nowMs++;
        budget.heard(nowMs);
        if (isQueued) isQueued = feed.pump(nowMs);
      }
    },
    resend(sequences: readonly number[]): boolean {
      isResend = true;
      const isInHistory = resender.resend(sequences, destination, undefined, nowMs);
      isResend = false;
      return isInHistory;
    },
  };
}

const delta = (from: number, to: number): number => (to - from) | 0;

/** One RTP stream as a viewer must see it: no gap, whole frames, a clock that only goes forward, key frames at switches. */
function expectOneStream(packets: readonly Packet[]): void {
  for (const [i, packet] of packets.entries()) {
    const before = packets[i - 1];
    if (before === undefined) continue;
    expect(packet.seq).toBe(before.seq + 1);
    if (!before.marker) {
      expect([packet.timestamp, packet.rendition]).toEqual([before.timestamp, before.rendition]);
      continue;
    }
    expect(delta(before.timestamp, packet.timestamp)).toBeGreaterThan(0);
    if (packet.rendition !== before.rendition) expect(packet.isKey).toBe(true);
  }
}

describe('a switch', () => {
  function watching() {
    const made = bench();
    for (let i = 0; i < 30; i++) {
      made.frame(0, i === 0 ? 60_000 : 12_000, i === 0);
      if (i % 2 === 0) made.frame(1, i === 0 ? 8000 : 1500, i === 0);
      made.pass(33);
    }
    made.feed.start(made.nowMs);
    for (let i = 0; i < 6; i++) {
      made.frame(0, 12_000);
      if (i % 2 === 0) made.frame(1, 1500);
      made.pass(33);
    }
    return made;
  }

  test('bursts what the other rendition has cached, with the moment of departure, on the clock that the viewer has', () => {
    const made = watching();
    const clockBefore = made.feed.rtpTimestampAt(made.nowMs) ?? 0;
    const from = made.packets.length;
    made.switchTo(1);
    expect(delta(clockBefore, made.feed.rtpTimestampAt(made.nowMs) ?? 0)).toBe(0);
    made.pass(20);
    const after = made.packets.slice(from);
    expect(after.filter(({ marker }) => marker)).toHaveLength(18);
    expect(after.every(({ rendition }) => rendition === 1)).toBe(true);
    expect(Math.abs(delta(clockBefore, after[0]?.timestamp ?? 0))).toBeLessThan(90 * 2);
    for (let i = 0; i < 10; i++) {
      made.frame(1, 1500);
      made.pass(66);
    }
    expectOneStream(made.packets);
    const live = made.packets.slice(-4).filter(({ marker }) => marker);
    for (const [i, one] of live.entries())
      if (i > 0) expect(delta(live[i - 1]?.timestamp ?? 0, one.timestamp)).toBe(6000);
    // A frame that has just arrived stands on the clock where it stood before, give or take a frame.
    const stepMs = delta(clockBefore, made.packets.at(-1)?.timestamp ?? 0) / 90;
    expect(Math.abs(stepMs - 20 - 660)).toBeLessThan(100);
  });

  test('a frame that is half sent is sent to its end first', () => {
    const made = watching();
    made.frame(0, 500_000, true);
    made.pass(5);
    expect(made.packets.at(-1)?.marker).toBe(false);
    const from = made.packets.length;
    made.switchTo(1);
    expect(made.packets).toHaveLength(from);
    made.pass(60);
    expect(made.packets.slice(from).map(({ rendition }) => rendition)).toContain(0);
    expect(made.packets.at(-1)?.rendition).toBe(1);
    expectOneStream(made.packets);
  });

  test('the switch behind a frame comes whatever the connection takes then', () => {
    // Of some sizes the last packet is also the last of the credit.
    for (let bytes = 100_000; bytes < 160_000; bytes += 2000) {
      const made = watching();
      Object.assign(made.destination, { tcp: { hasRoom: true, send: () => undefined } });
      made.frame(0, bytes, true);
      made.pass(1);
      expect(made.packets.at(-1)?.marker).toBe(false);
      made.switchTo(1);
      // It takes what has begun, and then nothing for longer than a picture may wait.
      made.destination.socket.writable = false;
      made.pass(700);
      made.destination.socket.writable = true;
      made.frame(1, 8000, true);
      made.pass(10);
      expect(made.packets.at(-1)?.rendition).toBe(1);
      expectOneStream(made.packets);
      for (const store of made.stores) store.close();
    }
  });

  test('there and back before the frame has ended changes nothing', () => {
    const made = watching();
    made.frame(0, 500_000, true);
    made.pass(5);
    const { bursts } = made.statistics;
    made.switchTo(1);
    made.switchTo(0);
    made.pass(60);
    made.frame(0, 12_000);
    made.pass(5);
    expect(made.statistics.bursts).toBe(bursts);
    expect(made.packets.every(({ rendition }) => rendition === 0)).toBe(true);
    expectOneStream(made.packets);
  });

  test('what was sent before is resent from where it came from', () => {
    const made = watching();
    const lost = made.packets.slice(-5).map(({ seq }) => seq & 0xffff);
    made.switchTo(1);
    made.pass(20);
    for (let i = 0; i < 20; i++) {
      made.frame(0, 12_000);
      made.frame(1, 1500);
      made.pass(33);
    }
    const sealed = made.covered.size;
    expect(made.resend(lost)).toBe(true);
    expect(made.reused).toEqual([]);
    expect(made.covered.size).toBe(sealed);
  });

  test('to a rendition without a group waits for its key frame', () => {
    const made = watching();
    made.interrupt(1);
    const from = made.packets.length;
    made.switchTo(1);
    made.frame(1, 1500);
    made.pass(50);
    expect(made.packets).toHaveLength(from);
    made.frame(1, 8000, true);
    made.pass(10);
    expect(made.packets.slice(from).every(({ rendition, isKey }) => rendition === 1 && isKey)).toBe(true);
    expectOneStream(made.packets);
  });
});

test('the first packet of the longest burst can still be asked for at its end', () => {
  const made = bench();
  for (let frame = 0; frame < 600; frame++) {
    made.frame(1, 1000, frame === 0);
    made.pass(16);
  }
  made.switchTo(1);
  made.pass(300);
  expect(made.packets).toHaveLength(600);
  expect(made.resend([(made.packets[0]?.seq ?? 0) & 0xffff])).toBe(true);
  expect(made.statistics.resentPackets).toBe(1);
});

test('a resynchronisation that cuts a frame short leaves its numbers to what follows', () => {
  for (const pieces of [1, 2, 3, 4, 5, 6, 7]) {
    const made = bench({ rtx: false });
    made.feed.start(made.nowMs);
    for (let frame = 0; frame < pieces; frame++) made.frame(0, 3000, frame === 0);
    made.pass(2000);
    made.frame(0, 150_000);
    made.pass(1);
    expect(made.packets.at(-1)?.marker).toBe(false);
    made.feed.resync(made.nowMs);
    made.pass(1);
    const newest = made.packets.at(-1)?.seq ?? 0;
    for (let back = 0; back < 60; back++) made.resend([(newest - back) & 0xffff]);
    expect(made.reused).toEqual([]);
    for (const store of made.stores) store.close();
  }
});

test('whatever happens, the viewer has one stream of whole frames, and no nonce covers two packets', () => {
  const which = fc.constantFrom(0, 1);
  const action = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constant('frame' as const), which, fc.integer({ min: 1, max: 30_000 })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constant('key' as const), which, fc.integer({ min: 1, max: 200_000 })),
    },
    {
      weight: 8,
      arbitrary: fc.tuple(fc.constant('pass' as const), fc.constantFrom(1, 3, 33), fc.constant(0)),
    },
    { weight: 3, arbitrary: fc.tuple(fc.constant('switch' as const), which, fc.constant(0)) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constant('resend' as const), fc.constant(0), fc.integer({ min: 1, max: 3000 })),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('interrupt' as const), which, fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('resync' as const), fc.constant(0), fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('writable' as const), which, fc.constant(0)) },
  );
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 300 }),
      fc.integer({ min: 0, max: 0xffff }),
      fc.boolean(),
      (actions, firstSeq, rtx) => {
        const made = bench({ firstSeq, rtx });
        made.feed.start(made.nowMs);
        let wasBroken = false;
        for (const [kind, first, second] of actions) {
          const camera = first === 1 ? 1 : 0;
          if (kind === 'frame') made.frame(camera, second);
          else if (kind === 'key') made.frame(camera, second, true);
          else if (kind === 'pass') made.pass(first);
          else if (kind === 'switch') made.switchTo(camera);
          else if (kind === 'resend') made.resend([((made.packets.at(-1)?.seq ?? 0) - second) & 0xffff]);
          else if (kind === 'interrupt') made.interrupt(camera);
          else if (kind === 'writable') made.destination.socket.writable = camera === 1;
          else {
            // A resynchronisation may cut a frame short: what came of it is of no use anyway.
            wasBroken ||= made.packets.at(-1)?.marker === false;
            made.feed.resync(made.nowMs);
          }
        }
        if (!wasBroken) expectOneStream(made.packets);
        expect(made.reused).toEqual([]);
        for (const store of made.stores) store.close();
      },
    ),
    timeBox,
  );
});
