import { beforeEach, describe, expect, test } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import { Arena, countedAddresses } from '../native/arena.ts';
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
let echoes: ((roundTripMs: number) => void)[];
let statistics: PathStatistics;
let media: SessionMedia;
let sound: PacketStore;

function append(store: PacketStore, bytes: number): StoredFrame {
  const unit = { ticks: 0, arrivalMs: nowMs, isKey: true, isBroken: false, data: new Uint8Array(bytes) };
  const frame = store.append(unit as AccessUnit, 0);
  if (frame === undefined) throw new Error('not stored');
  return frame;
}

/** A viewer with sound, of a camera whose group of pictures has 1 MB. */
beforeEach(() => {
  nowMs = 1_000_000;
  sentBytes = 0;
  datagrams = [];
  echoes = [];
  statistics = new PathStatistics(new DelayHistogram());
  const store = new PacketStore(arena, packetiser);
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
      stream: { statistics, audioStore: sound } as unknown as Stream,
      store,
      playing: () => ({ bitrateBps: 1_000_000, videoStore: store }) as unknown as Rendition,
      negotiation: {
        video: { payloadType: 102, rtxPayloadType: 103, playoutDelayId: undefined, transportCcId: 3 },
        audio: { mid: '1', payloadType: 0, codec: 'pcmu', clockRate: 8000 },
      } as Negotiation,
      ssrcs: { video: 1, rtx: 2, audio: 3 },
      cipher,
      destination: () => ({ socket: { writable: true } }) as Destination,
      echo: (answer) => void echoes.push(answer),
    },
  );
});

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

/** RTP sequence numbers of what left, oldest first. */
const sequencesOf = (ssrc: number): number[] =>
  datagrams
    .filter((datagram) => datagram[1] !== 200 && datagram.readUInt32BE(8) === ssrc)
    .map((datagram) => datagram.readUInt16BE(2));

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
