/** One VideoFeed over a store of plain pictures: every run that it sends, by the clock of the test. */
import { vi } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import { Arena } from '../native/arena.ts';
import { PacketStore, type StoredFrame } from '../stream/packet-store.ts';
import { DelayHistogram, PathStatistics } from '../stream/path-statistics.ts';
import type { Destination } from '../webrtc/egress.ts';
import { Pacer, TokenBucket } from '../webrtc/pacer.ts';
import { PathEstimate } from '../webrtc/path-estimate.ts';
import { VideoFeed } from '../webrtc/video-feed.ts';
import { ViewerBudget } from '../webrtc/viewer-budget.ts';
import { plainPacketiser, plainTrack } from './plain-pictures.ts';

export interface Sent {
  readonly number: number;
  readonly packets: number;
  readonly timestamp: number;
  readonly playoutDelay: number;
  readonly atMs: number;
}

type Path = Pick<PathEstimate, 'capacityBps' | 'carriedBps' | 'lossShare' | 'paceBps' | 'queuedBps' | 'sent'>;
type TestPath = Omit<Path, 'carriedBps' | 'queuedBps'> & Partial<Path>;

/** It carries what it is known to, unless the test says something else. */
const withCarried = (path: TestPath): Path =>
  'carriedBps' in path
    ? (path as Path)
    : { ...path, carriedBps: path.capacityBps, queuedBps: path.capacityBps };

export function videoFeedBench(path?: TestPath, burstsBps = 400_000_000) {
  const arena = new Arena();
  const store = new PacketStore(arena, plainPacketiser);
  const statistics = new PathStatistics(new DelayHistogram());
  const pacer = new Pacer(() => Date.now());
  const budget = new ViewerBudget(Date.now());
  const viewer = { reads: true };
  // So old that its path is proven.
  const estimate = new PathEstimate({ nowMs: Date.now() - 1000, transportCc: false });
  const sent: Sent[] = [];
  let seq = 0;
  const destination = { socket: { writable: true } } as Destination;
  let ticks = 1_000_000;
  const feed = new VideoFeed({
    store,
    pacer,
    statistics,
    estimate: path === undefined ? estimate : withCarried(path),
    budget,
    destination: () => destination,
    burstBudget: new TokenBucket(burstsBps, 128 * 1024, Date.now()),
    firstTimestamp: 0xffff_f000,
    nowMs: Date.now(),
    sender: {
      get nextExtendedSeq() {
        return seq;
      },
      get nextTransportSeq() {
        return seq & 0xffff;
      },
      sendPackets(
        _to,
        _memory,
        frame: StoredFrame,
        from: number,
        to: number,
        timestamp: number,
        playoutDelay: number,
      ) {
        sent.push({ number: frame.number, packets: to - from, timestamp, playoutDelay, atMs: Date.now() });
        seq += to - from;
        if (viewer.reads) budget.heard(Date.now());
        return frame.payloadLengths.slice(from, to).reduce((sum, bytes) => sum + bytes + 28, 0);
      },
    },
  });
  /** The camera delivers one frame, 33 ms after the last. */
  const frame = (bytes: number, isKey = false, toFeed = true): void => {
    ticks += 2970;
    const data = new Uint8Array(bytes);
    const unit: AccessUnit = {
      track: plainTrack,
      ticks,
      arrivalMs: Date.now(),
      captureMs: undefined,
      isKey,
      isBroken: false,
      data,
      unitEnds: [bytes],
    };
    const stored = store.append(unit, ticks);
    if (stored && toFeed) feed.onFrame(stored, Date.now());
  };
  /** Seconds of 30 fps: 4 Mbit/s with a large key frame first. */
  const record = (frames: number): void => {
    for (let i = 0; i < frames; i++) {
      frame(i === 0 ? 100_000 : 16_000, i === 0, false);
      vi.advanceTimersByTime(33);
    }
  };
  return { feed, budget, viewer, store, sent, frame, record, statistics, destination, pacer };
}

/** Frames as the viewer sees them: number, RTP timestamp, moment of the first packet. */
export const frames = (sent: readonly Sent[]): Sent[] =>
  sent.filter((one, i) => one.number !== sent[i - 1]?.number);
export const step = (from: number, to: number): number => (to - from) | 0;
