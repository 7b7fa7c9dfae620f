import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockOf } from '../media/clock.ts';
import { readAccessUnits } from '../media/fixtures/read.ts';
import { nalType, nalTypeAt } from '../media/h264.ts';
import type { Track } from '../media/track.ts';
import { timeBox } from '../testing/time-box.ts';
import { unixMsToNtp } from './clock.ts';
import { readCapture, rtpPacket } from './fixtures/payloads.ts';
import { TrackReceiver } from './receiver.ts';
import type { TrackReceiverOptions } from './receiver.ts';
import { parseRtcp, writeBye, writeSenderReport } from './rtcp.ts';

const video: Track = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};
const pcmu: Track = { kind: 'audio', codec: 'pcmu', encodingName: 'PCMU', clockRate: 8000, channels: 1 };
const ssrc = 0xabcdef01;
const p = Uint8Array.of(0x41, 0x9a, 1, 2, 3);
const now = Date.UTC(2026, 0, 1);

interface Seen {
  readonly ticks: number;
  readonly captureMs: number | undefined;
  readonly isKey: boolean;
  readonly isBroken: boolean;
  readonly nals: string[];
}

function setUp(options: Partial<TrackReceiverOptions> = {}) {
  const seen: Seen[] = [];
  const tracks: Track[] = [];
  const receiver = new TrackReceiver({
    track: video,
    transport: 'udp',
    clock: () => now,
    localSsrc: 0x77,
    onTrack: (track) => tracks.push(track),
    onAccessUnit: (unit) => {
      expect(unit.track).toBe(receiver.track);
      const starts = [0, ...unit.unitEnds];
      seen.push({
        ticks: unit.ticks,
        captureMs: unit.captureMs,
        isKey: unit.isKey,
        isBroken: unit.isBroken,
        nals: unit.unitEnds.map((end, i) => Buffer.from(unit.data.subarray(starts[i], end)).toString('hex')),
      });
    },
    ...options,
  });
  const feed = (packet: Uint8Array, arrivalMs = now): void =>
    receiver.packet(packet, 0, packet.length, arrivalMs);
  /** Single-packet P pictures, 40 ms apart. */
  const picture = (sequence: number, arrivalMs = now + sequence * 40, from = ssrc): void =>
    feed(rtpPacket({ sequence, timestamp: sequence * 3600, ssrc: from, marker: true }, p), arrivalMs);
  return { seen, tracks, receiver, feed, picture };
}

const isParameterSet = (nal: string): boolean => nal.startsWith('67') || nal.startsWith('68');

describe('TrackReceiver', () => {
  it('restores what another RTP sender (ffmpeg) packetised', () => {
    const { seen, tracks, feed, receiver } = setUp({ transport: 'tcp' });
    const packets = readCapture('ffmpeg-high-4-slices');
    for (const packet of packets) feed(packet);
    receiver.flushAged(now + 1000);
    const expected = readAccessUnits('high-4-slices').map((nals) =>
      nals.map((nal) => Buffer.from(nal).toString('hex')),
    );
    expect(seen.map(({ nals }) => nals.filter((nal) => !isParameterSet(nal)))).toEqual(
      expected.map((nals) => nals.filter((nal) => !isParameterSet(nal))),
    );
    for (const { isKey, nals } of seen) {
      expect(nals.slice(0, 2).map((nal) => nal.slice(0, 2))).toEqual(isKey ? ['67', '68'] : ['41', '41']);
    }
    expect(seen.filter(({ isKey }) => isKey)).toHaveLength(2);
    expect(seen.some(({ isBroken }) => isBroken)).toBe(false);
    expect(tracks).toMatchObject([{ h264: { width: 320, height: 192, profileName: 'High' } }]);
    expect(receiver.takeReport()).toMatchObject({ packets: packets.length, lost: 0, broken: 0 });
    expect(receiver.takeReport()).toMatchObject({ packets: 0, bytes: 0 });
  });

  it('restores the same from shuffled and doubled packets', () => {
    const packets = readCapture('ffmpeg-high-4-slices');
    const straight = setUp();
    for (const packet of packets) straight.feed(packet);
    straight.receiver.flushAged(now + 1000);
    const shuffled = setUp();
    for (let at = 0; at < packets.length; at += 4) {
      // The first two stay in place: they are what the receiver locks on.
      const group = packets.slice(at, at + 4);
      if (at > 0) group.reverse();
      for (const packet of [...group, ...group.slice(0, 1)]) shuffled.feed(packet);
    }
    shuffled.receiver.flushAged(now + 1000);
    expect(shuffled.seen).toEqual(straight.seen);
    expect(shuffled.receiver.takeReport()).toMatchObject({ lost: 0, broken: 0 });
  });

  it('knows the facts from sprop before the first packet, and announces a change with a new track', () => {
    const sprop = 'Z2QADay2CgzYCIAAAAMAgAAAGQeKFXA=,aOrMsiw=';
    const { receiver, tracks, feed } = setUp({ sprop });
    expect(receiver.track).toMatchObject({ h264: { width: 320, height: 192 } });
    const before = receiver.track;
    let sequence = 0;
    for (const name of ['high-4-slices', 'baseline'] as const) {
      const [idr = []] = readAccessUnits(name);
      for (const nal of idr)
        feed(rtpPacket({ sequence: sequence++, timestamp: sequence * 10 ** 6, ssrc }, nal));
    }
    receiver.flushAged(now + 500);
    feed(rtpPacket({ sequence, timestamp: 10 ** 9, ssrc, marker: true }, p));
    expect(tracks).toMatchObject([
      { h264: { width: 320, height: 180, profileName: 'Constrained Baseline' } },
    ]);
    expect(receiver.track).toBe(tracks[0]);
    expect(receiver.track).not.toBe(before);
  });

  it('takes a sprop that is rubbish for none', () => {
    const { receiver } = setUp({ sprop: 'Z2QA*,' });
    expect(receiver.track).toBe(video);
    expect(receiver.malformed).toBe(1);
  });

  it('gives audio frame by frame, with ticks that go on past 2^32', () => {
    const { seen, feed } = setUp({ track: pcmu });
    const start = 2 ** 32 - 160;
    for (let i = 0; i < 3; i += 1) {
      feed(rtpPacket({ sequence: 65_534 + i, timestamp: start + i * 160, ssrc }, Uint8Array.of(i, i)));
    }
    expect(seen.map(({ ticks, nals, isKey }) => [ticks, nals, isKey])).toEqual([
      [start, ['0000'], true],
      [start + 160, ['0101'], true],
      [start + 320, ['0202'], true],
    ]);
  });

  it('counts the packets of a codec that it does not know, and hands on nothing', () => {
    const { seen, picture, receiver } = setUp({ track: { ...video, codec: 'unsupported' } });
    for (let i = 0; i < 5; i += 1) picture(i);
    expect(seen).toEqual([]);
    expect(receiver.takeReport()).toMatchObject({ packets: 5, bytes: 5 * 17 });
  });

  describe('SSRC', () => {
    it('follows the first one that sends two packets in a row', () => {
      const { seen, picture, receiver } = setUp();
      picture(900, now, 1);
      picture(10);
      picture(11);
      picture(901, now, 1);
      picture(12);
      receiver.flushAged(now + 1e6);
      expect(seen.map(({ ticks }) => ticks / 3600)).toEqual([10, 11, 12]);
      expect(receiver.strangers).toBe(1);
    });

    it('loses nothing when the first two come in the wrong order', () => {
      const { seen, picture } = setUp();
      for (const sequence of [11, 10, 12, 13]) picture(sequence, now);
      expect(seen.map(({ ticks }) => ticks / 3600)).toEqual([10, 11, 12, 13]);
    });

    it('changes over after two seconds of silence, or a BYE', () => {
      const { seen, picture, receiver } = setUp();
      picture(10, now);
      picture(11, now + 40);
      for (const sequence of [500, 501]) picture(sequence, now + 2040, 2);
      expect(receiver.strangers).toBe(2);
      for (const sequence of [502, 503, 504]) picture(sequence, now + 2041, 2);
      const bye = new Uint8Array(8);
      receiver.rtcp(bye, 0, writeBye(bye, 0, 2), now + 2042);
      for (const sequence of [700, 701, 702]) picture(sequence, now + 2043, 3);
      expect(seen.map(({ ticks }) => ticks / 3600)).toEqual([10, 11, 502, 503, 504, 700, 701, 702]);
    });
  });

  describe('another SSRC over TCP', () => {
    it('takes over at once, with two packets in a row', () => {
      const { seen, picture, receiver } = setUp({ transport: 'tcp' });
      for (const sequence of [10, 11]) picture(sequence, now);
      picture(900, now, 2);
      picture(12, now);
      picture(901, now, 2);
      picture(13, now);
      for (const sequence of [500, 501, 502]) picture(sequence, now, 3);
      receiver.flushAged(now + 1000);
      expect(seen.map(({ ticks }) => ticks / 3600)).toEqual([10, 11, 12, 13, 500, 501, 502]);
      expect(receiver.takeReport()).toMatchObject({ packets: 7, lost: 0 });
    });

    it('begins with a broken picture, unless it is a key frame: what it refers to never came', () => {
      const sprop = 'Z2QADay2CgzYCIAAAAMAgAAAGQeKFXA=,aOrMsiw=';
      const { seen, picture, feed, receiver } = setUp({ transport: 'tcp', sprop });
      for (const sequence of [10, 11]) picture(sequence, now);
      for (const sequence of [500, 501]) picture(sequence, now, 2);
      const idr = readAccessUnits('high-4-slices')[0]?.find((nal) => nalTypeAt(nal, 0) === nalType.idr) ?? p;
      for (const sequence of [900, 901]) {
        feed(rtpPacket({ sequence, timestamp: sequence, ssrc: 9, marker: true }, idr));
      }
      receiver.flushAged(now + 1000);
      expect(seen.map(({ isKey, isBroken }) => [isKey, isBroken])).toEqual([
        [false, false],
        [false, false],
        [false, true],
        [false, false],
        [true, false],
        [true, false],
      ]);
    });
  });

  describe('reports', () => {
    it('reports loss as RFC 3550 A.3 and the interval net of late packets', () => {
      const { picture, receiver } = setUp();
      for (const sequence of [65_530, 65_531, 65_533, 65_534, 65_535, 65_537]) picture(sequence);
      receiver.flushAged(now + 1e9);
      const [rr, sdes] = parseRtcp(receiver.receiverReport(now), 0, receiver.receiverReport(now).length);
      expect(sdes).toMatchObject({ type: 'sdes', chunks: [{ ssrc: 0x77, cname: 'sightline-77' }] });
      expect(rr).toMatchObject({ type: 'rr', ssrc: 0x77, reports: [{ ssrc, lastSr: 0 }] });
      expect(receiver.takeReport()).toMatchObject({ packets: 6, lost: 2, reordered: 0 });
      picture(65_532); // late: it was counted as lost a moment ago
      expect(receiver.takeReport()).toMatchObject({ lost: 0, reordered: 1 });
      picture(65_538);
      picture(65_540);
      receiver.flushAged(now + 1e9);
      // One more is lost and one less than thought: in all two.
      expect(receiver.takeReport()).toMatchObject({ lost: 0 });
      const bytes = receiver.receiverReport(now);
      expect(parseRtcp(bytes, 0, bytes.length)[0]).toMatchObject({
        reports: [{ cumulativeLost: 2, highestSequence: 65_540 }],
      });
    });

    it('gives the fraction lost since the last report', () => {
      const { picture, receiver } = setUp({ transport: 'tcp' });
      const fraction = (): unknown => {
        const bytes = receiver.receiverReport(now);
        const rr = parseRtcp(bytes, 0, bytes.length)[0];
        return rr?.type === 'rr' ? rr.reports[0]?.fractionLost : undefined;
      };
      for (const sequence of [1, 2, 3, 5, 6, 8]) picture(sequence);
      expect(fraction()).toBe(64);
      for (const sequence of [9, 10]) picture(sequence);
      expect(fraction()).toBe(0);
    });

    it('answers the sender report, and maps its clock', () => {
      const { picture, receiver, seen } = setUp();
      const sr = new Uint8Array(80);
      const unixMs = now + 5000;
      const end = writeSenderReport(
        sr,
        0,
        { ssrc, unixMs, rtpTimestamp: 36_000, packets: 1, octets: 1 },
        'camera',
      );
      expect(receiver.hasSenderReports).toBe(false);
      receiver.rtcp(sr, 0, end, now);
      expect(receiver.hasSenderReports).toBe(true);
      picture(10, now);
      picture(11, now + 40);
      picture(12, now + 80);
      expect(seen.map(({ captureMs }) => Math.round((captureMs ?? 0) - unixMs))).toEqual([0, 40, 80]);
      const { seconds, fraction } = unixMsToNtp(unixMs);
      const bytes = receiver.receiverReport(now + 1500);
      expect(parseRtcp(bytes, 0, bytes.length)[0]).toMatchObject({
        reports: [
          { lastSr: ((seconds & 0xffff) * 65_536 + (fraction >>> 16)) >>> 0, delaySinceLastSr: 98_304 },
        ],
      });
    });

    it('believes the clock of a camera though that of the relay was set after its start only', () => {
      const { picture, receiver, seen } = setUp({
        clock: clockOf(
          () => 0,
          () => now,
        ),
      });
      const sr = new Uint8Array(80);
      const report = { ssrc, unixMs: now - 50, rtpTimestamp: 36_000, packets: 1, octets: 1 };
      receiver.rtcp(sr, 0, writeSenderReport(sr, 0, report, 'camera'), 10);
      picture(10, 10);
      picture(11, 50);
      expect(seen.map(({ captureMs }) => Math.round((captureMs ?? 0) - now))).toEqual([-50, -10]);
    });

    it('is empty but valid before the first packet', () => {
      const { receiver } = setUp();
      const bytes = receiver.receiverReport();
      expect(parseRtcp(bytes, 0, bytes.length)[0]).toEqual({ type: 'rr', ssrc: 0x77, reports: [] });
      expect(receiver.takeReport()).toEqual({
        packets: 0,
        bytes: 0,
        lost: 0,
        reordered: 0,
        broken: 0,
        jitterSeconds: undefined,
      });
    });
  });

  it('starts afresh after reset, with the parameter sets that it knew', () => {
    const { seen, feed, receiver, picture } = setUp({ sprop: 'Z2QADay2CgzYCIAAAAMAgAAAGQeKFXA=,aOrMsiw=' });
    for (const sequence of [1, 2, 3]) picture(sequence);
    receiver.reset();
    seen.length = 0;
    const idr = readAccessUnits('high-4-slices')[0]?.find((nal) => nalTypeAt(nal, 0) === nalType.idr) ?? p;
    for (const sequence of [900, 901]) {
      feed(rtpPacket({ sequence, timestamp: sequence, ssrc: 9, marker: true }, idr));
    }
    expect(seen).toMatchObject([
      { isKey: true, isBroken: false },
      { isKey: true, isBroken: false },
    ]);
    expect(seen[0]?.nals[0]).toMatch(/^67/);
  });

  it('never throws, never hands on nothing, whatever comes', () => {
    const stream = readCapture('ffmpeg-high-4-slices').slice(0, 20);
    const damage = fc.record({
      packet: fc.nat(stream.length - 1),
      at: fc.nat(60),
      byte: fc.nat(255),
      cut: fc.nat(600),
      isRtcp: fc.boolean(),
      waitMs: fc.nat(120),
    });
    fc.assert(
      fc.property(fc.array(damage, { maxLength: 60 }), fc.constantFrom('tcp', 'udp'), (steps, transport) => {
        const { receiver, seen } = setUp({ transport });
        let nowMs = now;
        for (const { packet, at, byte, cut, isRtcp, waitMs } of steps) {
          nowMs += waitMs;
          const bytes = Uint8Array.from(stream[packet] ?? []).subarray(0, 600 - cut);
          if (at < bytes.length && at > 0) bytes[at] = byte;
          if (isRtcp) receiver.rtcp(bytes, 0, bytes.length, nowMs);
          else receiver.packet(bytes, 0, bytes.length, nowMs);
          receiver.flushAged(nowMs);
        }
        const report = receiver.takeReport();
        for (const value of [report.lost, report.packets, report.broken])
          expect(value).toBeGreaterThanOrEqual(0);
        for (const { nals } of seen) expect(nals.length).toBeGreaterThan(0);
      }),
      timeBox,
    );
  });
});
