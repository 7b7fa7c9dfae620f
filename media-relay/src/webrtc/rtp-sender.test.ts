import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena, type Block } from '../native/arena.ts';
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import { MAX_PAYLOAD_BYTES } from '../stream/packetisers.ts';
import { timeBox } from '../testing/time-box.ts';
import { MAX_RUN_PACKETS, SEND_BUFFER_BYTES, type Destination, type UdpEgress } from './egress.ts';
import { NO_PLAYOUT_DELAY, playoutDelay, RtpSender, type TransportCc } from './rtp-sender.ts';
import { SentFrames } from './sent-frames.ts';
import type { SrtpCipher } from './srtp.ts';

const TAG = 16;
const LIVE = playoutDelay(0, 500);

interface Run {
  readonly bytes: number;
  readonly segmentBytes: number;
}

/** A cipher that leaves bytes as they are, and remembers what each nonce covered. */
function bench(firstSeq: number, playoutDelayId?: number, transportCc?: TransportCc) {
  const arena = new Arena();
  const buffer = arena.allocate(SEND_BUFFER_BYTES);
  const memory = arena.allocate(200_000);
  memory.bytes.forEach((_, i, bytes) => (bytes[i] = (i * 131) >>> 3));
  const covered = new Map<string, string>();
  const reused: string[] = [];
  const runs: Run[] = [];
  const headers: Buffer[] = [];
  const cipher: SrtpCipher = {
    profile: 'aes128gcm',
    rtpTagBytes: TAG,
    sealRtp(packetAt, headerBytes, source: Block, sourceAt, sourceBytes, ssrc, roc, seq) {
      const header = Buffer.from(buffer.bytes.subarray(packetAt, packetAt + headerBytes));
      const payload = Buffer.from(source.bytes.subarray(sourceAt, sourceAt + sourceBytes));
      headers.push(header);
      const nonce = `${ssrc} ${roc} ${seq}`;
      const packet = `${header.toString('hex')} ${payload.toString('hex')}`;
      if ((covered.get(nonce) ?? packet) !== packet) reused.push(nonce);
      covered.set(nonce, packet);
      return headerBytes + sourceBytes + TAG;
    },
    sealRtcp: (_at, length) => length,
    openRtcp: () => undefined,
    close: () => undefined,
  };
  const egress = {
    buffer,
    send: (_to: Destination, bytes: number, segmentBytes: number) => void runs.push({ bytes, segmentBytes }),
  } as unknown as UdpEgress;
  const sender = new RtpSender({
    ssrc: 0xdead_beef,
    payloadType: 102,
    firstSeq,
    cipher,
    egress,
    playoutDelayId,
    transportCc,
  });
  return { sender, memory, runs, headers, covered, reused };
}

const frame = (number: number, payloads: readonly number[], offset = 0): StoredFrame => ({
  number,
  offset,
  byteLength: payloads.reduce((sum, bytes) => sum + bytes, 0),
  payloadLengths: Uint16Array.from(payloads),
  ticks: 0,
  arrivalMs: 0,
  captureMs: undefined,
  isKey: true,
  isBroken: false,
});

const nowhere = {} as Destination;

describe('runs for segmentation offload', () => {
  test.each([
    ['equal packets with a shorter last one', [1000, 1000, 1000, 400], [{ bytes: 3512, segmentBytes: 1028 }]],
    [
      'more than fit into one call',
      Array.from({ length: MAX_RUN_PACKETS + 2 }, () => 500),
      [
        { bytes: MAX_RUN_PACKETS * 528, segmentBytes: 528 },
        { bytes: 1056, segmentBytes: 528 },
      ],
    ],
    [
      'a small one in front',
      [30, 900, 900],
      [
        { bytes: 58, segmentBytes: 58 },
        { bytes: 1856, segmentBytes: 928 },
      ],
    ],
    [
      'slices of different size',
      [800, 500, 900, 300],
      [
        { bytes: 1356, segmentBytes: 828 },
        { bytes: 1256, segmentBytes: 928 },
      ],
    ],
  ])('%s', (_name, payloads, expected) => {
    const { sender, memory, runs } = bench(7);
    sender.sendPackets(nowhere, memory, frame(0, payloads), 0, payloads.length, 1, NO_PLAYOUT_DELAY);
    expect(runs).toEqual(expected);
  });

  test('every run is segments of one size, only the last shorter, no more than fit into one call', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1158 }), { minLength: 1, maxLength: 80 }),
        (payloads) => {
          const { sender, memory, runs } = bench(1);
          sender.sendPackets(nowhere, memory, frame(0, payloads), 0, payloads.length, 1, LIVE);
          const sizes = runs.flatMap(({ bytes, segmentBytes }) => {
            const count = Math.ceil(bytes / segmentBytes);
            expect(count).toBeLessThanOrEqual(MAX_RUN_PACKETS);
            return Array.from({ length: count }, (_, i) => Math.min(segmentBytes, bytes - i * segmentBytes));
          });
          expect(sizes).toEqual(payloads.map((bytes) => bytes + 28));
        },
      ),
      timeBox,
    );
  });
});

test('headers: version, marker on the last packet, sequence numbers over the wrap, playout-delay where asked', () => {
  const { sender, memory, headers } = bench(0xffff, 6);
  sender.sendPackets(nowhere, memory, frame(0, [100, 100]), 0, 2, 0x0102_0304, LIVE);
  sender.sendPackets(nowhere, memory, frame(1, [100]), 0, 1, 0x0102_0305, NO_PLAYOUT_DELAY);
  expect(headers.map((header) => header.toString('hex'))).toEqual([
    '9066ffff01020304deadbeefbede000162000032',
    '90e6000001020304deadbeefbede000162000032',
    '80e6000101020305deadbeef',
  ]);
  expect(sender.nextExtendedSeq).toBe(0x1_0002);
});

test('the transport-wide sequence number stands in every packet, counted over all senders of a viewer', () => {
  const sequence = { next: 0xffff };
  const video = bench(7, 6, { id: 3, sequence });
  const rtx = bench(100, undefined, { id: 3, sequence });
  expect(video.sender.nextTransportSeq).toBe(0xffff);
  video.sender.sendPackets(nowhere, video.memory, frame(0, [100]), 0, 1, 1, NO_PLAYOUT_DELAY);
  rtx.sender.sendPayload(nowhere, rtx.memory, 100, 1, false);
  video.sender.sendPackets(nowhere, video.memory, frame(1, [100]), 0, 1, 1, LIVE);
  const [plain = '', extended = ''] = video.headers.map((header) => header.toString('hex').slice(24));
  expect(plain).toBe('bede000131ffff00');
  expect(rtx.headers[0]?.toString('hex').slice(24)).toBe('bede000131000000');
  expect(extended).toBe('bede00026200003231000100');
  // Header, payload, tag and the two bytes of RTX: with both extensions the largest payload still fits.
  expect(12 + extended.length / 2 + MAX_PAYLOAD_BYTES + TAG).toBeLessThanOrEqual(1200);
  expect(12 + plain.length / 2 + 2 + MAX_PAYLOAD_BYTES + TAG).toBeLessThanOrEqual(1200);
});

test('without RTX a packet and its resend have one transport-wide sequence number, its own', () => {
  const { sender, memory, headers, reused } = bench(0xffff, undefined, { id: 3, sequence: undefined });
  const sent = new SentFrames();
  const made = frame(0, [100, 90]);
  sent.add({} as PacketStore, sender.nextExtendedSeq, 2, 0, 1, NO_PLAYOUT_DELAY, 0);
  sender.sendPackets(nowhere, memory, made, 0, 2, 1, NO_PLAYOUT_DELAY);
  expect(sender.nextTransportSeq).toBe(1);
  for (const seq of [0xffff, 0]) {
    const found = sent.find(seq, sender.nextExtendedSeq);
    if (found) sender.resend(nowhere, memory, made, found);
  }
  const texts = headers.map((header) => header.toString('hex'));
  expect(texts.map((text) => text.slice(-8))).toEqual(['31ffff00', '31000000', '31ffff00', '31000000']);
  expect(texts.slice(2)).toEqual(texts.slice(0, 2));
  expect(reused).toEqual([]);
});

test('no nonce ever covers two different packets, whatever is sent and resent, across roll-overs', () => {
  const action = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('frame' as const),
        packets: fc.integer({ min: 1, max: 400 }),
        playoutDelay: fc.constantFrom(NO_PLAYOUT_DELAY, LIVE, playoutDelay(60, 500)),
        /** Of which rendition: both number their frames from 0. */
        from: fc.constantFrom(0, 1),
        split: fc.integer({ min: 1, max: 40 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('resend' as const),
        back: fc.integer({ min: 0, max: 70_000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('payload' as const),
        bytes: fc.integer({ min: 1, max: 1100 }),
      }),
    },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.array(action, { maxLength: 400 }),
      fc.boolean(),
      (firstSeq, actions, hasTransportCc) => {
        const transportCc = hasTransportCc ? { id: 3, sequence: undefined } : undefined;
        const { sender, memory, reused } = bench(firstSeq, 5, transportCc);
        const sent = new SentFrames();
        const stores = [new Map<number, StoredFrame>(), new Map<number, StoredFrame>()].map((frames) => ({
          frames,
          store: { frame: (number) => frames.get(number) } as PacketStore,
        }));
        for (const [i, one] of actions.entries()) {
          if (one.kind === 'frame') {
            const { frames, store } = stores[one.from] ?? expect.fail();
            const number = frames.size;
            const made = frame(
              number,
              Array.from({ length: one.packets }, (_, packet) => 50 + ((packet * 37 + i) % 100)),
              (i * 97) % 100_000,
            );
            frames.set(number, made);
            sent.add(store, sender.nextExtendedSeq, one.packets, number, i * 3000, one.playoutDelay, 0);
            for (let from = 0; from < one.packets; from += one.split) {
              sender.sendPackets(
                nowhere,
                memory,
                made,
                from,
                Math.min(one.packets, from + one.split),
                i * 3000,
                one.playoutDelay,
              );
            }
          } else if (one.kind === 'resend') {
            const found = sent.find((sender.nextExtendedSeq - 1 - one.back) & 0xffff, sender.nextExtendedSeq);
            const made = found?.store.frame(found.frameNumber);
            if (found && made) sender.resend(nowhere, memory, made, found);
          } else {
            // Unknown to the history, as RTX packets are: never found again.
            sender.sendPayload(nowhere, memory, one.bytes, i * 3000, true);
          }
        }
        expect(reused).toEqual([]);
      },
    ),
    timeBox,
  );
});
