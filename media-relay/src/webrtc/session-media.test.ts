import { beforeEach, describe, expect, test } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import { Arena, countedAddresses } from '../native/arena.ts';
import type { ReportBlock, RtcpPacket } from '../rtp/rtcp.ts';
import { notReceived, ticksPerMs } from '../rtp/transport-cc.ts';
import { PacketStore, type Packetiser, type StoredFrame } from '../stream/packet-store.ts';
import { DelayHistogram, PathStatistics } from '../stream/path-statistics.ts';
import type { Rendition } from '../stream/rendition.ts';
import type { Stream } from '../stream/stream.ts';
import { SEND_BUFFER_BYTES, type Destination, type Egress } from './egress.ts';
import type { Negotiation } from './negotiation.ts';
import { TokenBucket, type Pacer } from './pacer.ts';
import { SessionMedia } from './session-media.ts';
import type { SrtpCipher } from './srtp.ts';

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

const arena = new Arena(countedAddresses());
const buffer = arena.allocate(SEND_BUFFER_BYTES);
const payload = arena.allocate(2048);

let nowMs: number;
let sentBytes: number;
/** What left, sealed by nobody and without payloads, in order. */
let datagrams: Buffer[];
let destination: Destination;
let echoes: ((roundTripMs: number) => void)[];
let statistics: PathStatistics;
let media: SessionMedia;
let video: PacketStore;
let sound: PacketStore;

function append(store: PacketStore, bytes: number, captureMs?: number): StoredFrame {
  const unit = { ticks: 0, arrivalMs: nowMs, captureMs, isKey: true, isBroken: false };
  const frame = store.append({ ...unit, data: new Uint8Array(bytes) } as unknown as AccessUnit, 0);
  if (frame === undefined) throw new Error('not stored');
  return frame;
}

beforeEach(() => {
  nowMs = 1_000_000;
  open(3);
});

/** A viewer with sound, of a camera whose group of pictures has 1 MB. Undefined: without transport-wide feedback. */
function open(transportCcId: number | undefined): void {
  sentBytes = 0;
  datagrams = [];
  echoes = [];
  destination = { socket: { writable: true } } as Destination;
  statistics = new PathStatistics(new DelayHistogram());
  const store = (video = new PacketStore(arena, packetiser));
  sound = new PacketStore(arena, packetiser);
  append(store, 1_000_000);
  const egress: Egress = {
    buffer,
    send: (_to, byteLength, segmentBytes) => {
      sentBytes += byteLength;
      for (let at = 0; at < byteLength; at += segmentBytes)
        datagrams.push(Buffer.from(buffer.bytes.slice(at, Math.min(byteLength, at + segmentBytes))));
    },
    sendDatagram: () => undefined,
  };
  const cipher: SrtpCipher = {
    profile: 'aes128gcm',
    rtpTagBytes: 16,
    sealRtp: (_at, headerBytes, _source, _sourceAt, sourceBytes) => headerBytes + sourceBytes + 16,
    sealRtcp: (_at, length) => length,
    openRtcp: () => undefined,
    close: () => undefined,
  };
  media = new SessionMedia(
    {
      clock: () => nowMs,
      egress,
      pacer: { add: () => undefined, remove: () => undefined } as unknown as Pacer,
      burstBudget: new TokenBucket(400_000_000, 128 * 1024, nowMs),
      unpaced: false,
      payload,
    },
    {
      stream: { statistics, audioStore: sound, audioTrack: { codec: 'pcmu' } } as unknown as Stream,
      store,
      playing: () => ({ bitrateBps: 1_000_000, videoStore: store }) as unknown as Rendition,
      negotiation: {
        video: { payloadType: 102, rtxPayloadType: 103, playoutDelayId: undefined, transportCcId },
        audio: { mid: '1', payloadType: 0, codec: 'pcmu', clockRate: 8000 },
      } as Negotiation,
      ssrcs: { video: 1, rtx: 2, audio: 3 },
      cipher,
      destination: () => destination,
      echo: (answer) => void echoes.push(answer),
    },
  );
}

/** What leaves in so many milliseconds. */
function pump(ms: number): number {
  const before = sentBytes;
  for (let i = 0; i < ms; i++) media.feed.pump(++nowMs);
  return sentBytes - before;
}

describe('the burst behind the first flight', () => {
  beforeEach(() => {
    media.feed.start(nowMs);
    pump(20);
    expect(echoes).toHaveLength(2);
  });

  test('leaves at the full rate once two echoes say that the path had no queue for it', () => {
    echoes[0]?.(40);
    echoes[1]?.(42);
    expect(pump(20)).toBeGreaterThan(200_000);
  });

  test('is held back when the viewer moves between the two: they tell of different paths', () => {
    media.pathChanged();
    echoes[0]?.(40);
    echoes[1]?.(40);
    expect(pump(20)).toBeLessThan(60_000);
  });

  test.each([
    ['a queue', [40, 60]],
    ['nothing, because the first one was lost', [undefined, 60]],
    ['nothing, because the second one was lost', [40, undefined]],
  ])('is held back while echoes tell of %s', (_what, roundTripsMs) => {
    for (const [i, ms] of roundTripsMs.entries()) if (ms !== undefined) echoes[i]?.(ms);
    expect(pump(20)).toBeLessThan(60_000);
  });
});

test('sound of a codec that was not negotiated is neither sent nor counted', () => {
  media.onAudio(append(sound, 160));
  expect(statistics.sentPackets).toBe(1);
  const bytes = sentBytes;
  // The camera's sound has another codec now, and a store of its own.
  const other = new PacketStore(arena, packetiser);
  append(other, 160);
  media.onAudio(append(other, 160));
  expect(sentBytes).toBe(bytes);
  expect(statistics.sentPackets).toBe(1);
});

test('sound waits for nobody: a TCP connection that takes nothing gets none', () => {
  const [local, tcp] = [{ writable: false }, {}];
  destination = { socket: local, tcp } as Destination;
  media.onAudio(append(sound, 160));
  expect(datagrams).toEqual([]);
  local.writable = true;
  media.onAudio(append(sound, 160));
  expect(datagrams).toHaveLength(1);
});

test('a viewer that is given up gets no sound and no reports until it is heard again', () => {
  join();
  media.onAudio(append(sound, 160));
  nowMs += 60_000;
  media.feed.onFrame(append(video, 1000), nowMs);
  pump(1);
  expect(statistics.droppedFrames['silent-viewer']).toBe(1);
  const dropped = append(sound, 160);
  datagrams = [];
  media.onAudio(dropped);
  media.tick(nowMs);
  expect(datagrams).toEqual([]);
  nowMs += 1000;
  media.heard(nowMs);
  media.onAudio(append(sound, 160));
  media.tick(nowMs);
  // Sound, with the marker of its first packet after a pause, and a report on each.
  expect(datagrams.map((datagram) => datagram[1])).toEqual([0x80, 200, 200]);
});

/** RTP sequence numbers of what left, oldest first. */
const sequencesOf = (ssrc: number): number[] =>
  datagrams
    .filter((datagram) => datagram[1] !== 200 && datagram.readUInt32BE(8) === ssrc)
    .map((datagram) => datagram.readUInt16BE(2));

/** The whole group has left, on a path without a queue and with a round trip of 40 ms. */
function join(): void {
  media.feed.start(nowMs);
  pump(20);
  for (const answer of echoes) answer(40);
  pump(300);
  expect(sequencesOf(1)).toHaveLength(1000);
}

const nack = (sequences: readonly number[], atMs = nowMs): void =>
  media.onRtcp({ type: 'nack', senderSsrc: 9, mediaSsrc: 1, sequences }, atMs);

test('until a report tells the round trip, the first echo does: a packet is resent once in it', () => {
  media.feed.start(nowMs);
  pump(20);
  echoes[0]?.(600);
  const [lost = 0] = sequencesOf(1);
  for (const afterMs of [0, 100, 200, 599]) nack([lost], nowMs + afterMs);
  expect(sequencesOf(2)).toHaveLength(1);
  nack([lost], nowMs + 600);
  expect(sequencesOf(2)).toHaveLength(2);
});

test('a viewer that has moved is asked for the round trip of its new path', () => {
  join();
  expect(media.roundTripMs).toBe(40);
  media.pathChanged();
  echoes.at(-1)?.(250);
  expect(media.roundTripMs).toBe(250);
});

test('a NACK that is repeated before its answer can have come counts once; many at once are an overflow', () => {
  open(undefined);
  join();
  media.feed.onFrame(append(video, 30_000), nowMs);
  const [first = 0] = sequencesOf(1).slice(-30);
  for (const afterMs of [0, 15, 30])
    nack(
      [0, 1, 2, 3].map((i) => first + i),
      nowMs + afterMs,
    );
  expect(media.path.isLimited).toBe(false);
  nack(
    [10, 11, 12, 13, 14, 15].map((i) => first + i),
    nowMs + 31,
  );
  expect(media.path.isLimited).toBe(true);
});

describe('reports', () => {
  const block = (ssrc: number, fields: Partial<ReportBlock>): ReportBlock => ({
    ssrc,
    fractionLost: 0,
    cumulativeLost: 0,
    highestSequence: 0,
    jitterTicks: 0,
    lastSr: 0,
    delaySinceLastSr: 0,
    ...fields,
  });
  const senderReport = (ssrc: number): Buffer | undefined =>
    datagrams.findLast((datagram) => datagram[1] === 200 && datagram.readUInt32BE(4) === ssrc);
  const senderFields = { ntpSeconds: 0, ntpFraction: 0, rtpTimestamp: 0, packets: 0, octets: 0 };

  test.each(['rr', 'sr'] as const)('on the video, in an %s, tell of the path', (type) => {
    join();
    media.tick(nowMs);
    const lastSr = senderReport(1)?.readUInt32BE(10) ?? 0;
    nowMs += 500 + 42;
    const reports = [
      block(3, { fractionLost: 128, jitterTicks: 9000 }),
      block(1, { fractionLost: 64, jitterTicks: 900, lastSr, delaySinceLastSr: 0.5 * 65_536 }),
      block(2, { fractionLost: 192 }),
    ];
    media.onRtcp({ type, ssrc: 9, ...senderFields, reports }, nowMs);
    expect(media.path).toMatchObject({ lossRatio: 0.25, jitterSeconds: 0.01 });
    expect(media.path.roundTripSeconds).toBeCloseTo(0.042);
    expect(media.roundTripMs).toBeCloseTo(42);
  });

  test('slow down a viewer without transport-wide feedback', () => {
    open(undefined);
    join();
    media.onRtcp({ type: 'rr', ssrc: 9, reports: [block(1, { fractionLost: 64 })] }, nowMs);
    expect(media.facts(nowMs)).toMatchObject({ lossShare: 0.25, capacityBps: expect.any(Number) });
  });

  test('of the relay carry the camera\u2019s wall clock, one for picture and sound', () => {
    const aheadMs = (ssrc: number): number => {
      const report = senderReport(ssrc) ?? Buffer.alloc(28);
      const unixMs = (report.readUInt32BE(8) - 2_208_988_800 + report.readUInt32BE(12) / 2 ** 32) * 1000;
      return Math.round(unixMs - nowMs);
    };
    join();
    media.onAudio(append(sound, 160));
    media.tick(nowMs);
    expect([aheadMs(1), aheadMs(3)]).toEqual([0, 0]);
    // The camera tells its clock for the picture, and then for the sound, too.
    append(video, 1000, nowMs + 5000);
    nowMs += 1000;
    media.tick(nowMs);
    expect([aheadMs(1), aheadMs(3)]).toEqual([5000, 5000]);
    media.onAudio(append(sound, 160, nowMs + 4990));
    nowMs += 1000;
    media.tick(nowMs);
    expect([aheadMs(1), aheadMs(3)]).toEqual([5000, 4990]);
  });
});

test('a REMB that falls slows down a viewer without transport-wide feedback', () => {
  open(undefined);
  join();
  for (const bitrateBps of [6e6, 4e6]) {
    expect(media.path.isLimited).toBe(false);
    media.onRtcp({ type: 'remb', senderSsrc: 9, bitrateBps, ssrcs: [1] }, nowMs);
  }
  expect(media.path.isLimited).toBe(true);
});

describe('transport-wide feedback', () => {
  /** On packets from transport-wide number `baseSeq` on: ms of arrival by the viewer's clock, undefined for missing ones. */
  const feedback = (baseSeq: number, arrivalsMs: readonly (number | undefined)[]): void =>
    media.onRtcp(
      {
        type: 'transport-cc',
        senderSsrc: 9,
        mediaSsrc: 1,
        baseSeq,
        feedbackCount: 0,
        referenceTime: 0,
        arrivals: Int32Array.from(arrivalsMs, (ms) => (ms === undefined ? notReceived : ms * ticksPerMs)),
      },
      nowMs,
    );

  beforeEach(join);

  test('that misses a packet counts it as lost, and it leaves again by RTX', () => {
    feedback(0, [0, 0, undefined, 0]);
    expect(media.facts(nowMs).lossShare).toBeGreaterThan(0);
    expect(sequencesOf(2)).toHaveLength(1);
    expect(Buffer.from(payload.bytes).readUInt16BE(0)).toBe(sequencesOf(1)[2]);
  });

  test('that misses what left again since changes nothing, for a second', () => {
    nack(sequencesOf(1).slice(0, 2));
    expect(sequencesOf(2)).toHaveLength(2);
    nowMs += 1000;
    media.tick(nowMs);
    feedback(0, [undefined]);
    expect(sequencesOf(2)).toHaveLength(2);
    nowMs += 1000;
    media.tick(nowMs);
    feedback(1, [undefined]);
    expect(sequencesOf(2).length).toBeGreaterThan(2);
  });

  test('that has shown a queue makes the video wait for what leaves again', () => {
    const gains = [false, true].map((isAsked) => {
      open(3);
      join();
      nowMs += 1000;
      // A thousand bytes each ten milliseconds: 800 kbit/s.
      feedback(
        0,
        Array.from({ length: 40 }, (_, i) => 10 * i),
      );
      media.feed.onFrame(append(video, 100_000), nowMs);
      pump(100);
      if (isAsked) nack(sequencesOf(1).slice(-10));
      const resent = sequencesOf(2).length;
      return { resent, video: pump(100) };
    });
    const [alone, beside] = gains;
    expect(alone?.resent).toBe(0);
    expect(beside?.resent).toBeGreaterThan(3);
    expect(beside?.video).toBeLessThan((alone?.video ?? 0) / 2);
  });

  test('that tells of a queue tells it of the path that it came by', () => {
    feedback(0, [0, 40]);
    expect(media.facts(nowMs).queueDelayMs).toBeGreaterThan(0);
    media.pathChanged();
    expect(media.facts(nowMs).queueDelayMs).toBe(0);
  });
});

test.each<[string, (ssrc: number) => RtcpPacket]>([
  ['PLI', (mediaSsrc) => ({ type: 'pli', senderSsrc: 9, mediaSsrc })],
  ['FIR', (ssrc) => ({ type: 'fir', senderSsrc: 9, requests: [{ ssrc, sequence: 1 }] })],
])('a %s for the video becomes a burst, and for nothing else', (_name, packet) => {
  join();
  nowMs += 1500;
  for (const [ssrc, bursts] of [
    [3, 1],
    [1, 2],
  ] as const) {
    media.onRtcp(packet(ssrc), nowMs);
    expect(statistics.bursts).toBe(bursts);
  }
});
