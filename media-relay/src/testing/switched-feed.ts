/** A feed between two renditions, down to the packets that its viewer gets. */
import { expect } from 'vitest';
import { Arena } from '../native/arena.ts';
import { PacketStore } from '../stream/packet-store.ts';
import { DelayHistogram, PathStatistics } from '../stream/path-statistics.ts';
import { SEND_BUFFER_BYTES, type Destination, type UdpEgress } from '../webrtc/egress.ts';
import { type Pacer, TokenBucket } from '../webrtc/pacer.ts';
import { PathEstimate } from '../webrtc/path-estimate.ts';
import { Resender } from '../webrtc/resender.ts';
import { RtpSender } from '../webrtc/rtp-sender.ts';
import type { SrtpCipher } from '../webrtc/srtp.ts';
import { VideoFeed } from '../webrtc/video-feed.ts';
import { ViewerBudget } from '../webrtc/viewer-budget.ts';
import { plainPacketiser, plainTrack } from './plain-pictures.ts';

export interface Packet {
  readonly seq: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** First byte of each payload: which rendition, and which frame of it (modulo 100). */
  readonly rendition: number;
  readonly isKey: boolean;
}

/** Two cameras of one picture, whose clocks have nothing to do with each other, one viewer, and a hand on the time. */
export function switchedFeed({ firstSeq = 0xff00, rtx = false } = {}) {
  const arena = new Arena();
  let nowMs = 1_000_000;
  const buffer = arena.allocate(SEND_BUFFER_BYTES);
  const stores = [new PacketStore(arena, plainPacketiser), new PacketStore(arena, plainPacketiser)] as const;
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
    onResent: (bytes, atMs) => feed.leftBesides(bytes, atMs),
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
          track: plainTrack,
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

export const delta = (from: number, to: number): number => (to - from) | 0;

/** One RTP stream as a viewer must see it: no gap, whole frames, a clock that only goes forward, key frames at switches. */
export function expectOneStream(packets: readonly Packet[]): void {
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
