// CPU of one VideoFeed per packet: what decides which packets of a viewer leave and when, without their headers and sealing.
// node bench/micro/video-feed.ts

import { Arena } from '../../media-relay/src/native/arena.ts';
import type { AccessUnit } from '../../media-relay/src/media/access-unit.ts';
import { PacketStore, type Packetiser, type StoredFrame } from '../../media-relay/src/stream/packet-store.ts';
import { DelayHistogram, PathStatistics } from '../../media-relay/src/stream/path-statistics.ts';
import type { Destination } from '../../media-relay/src/webrtc/egress.ts';
import { Pacer, TokenBucket } from '../../media-relay/src/webrtc/pacer.ts';
import { PathEstimate } from '../../media-relay/src/webrtc/path-estimate.ts';
import { VideoFeed } from '../../media-relay/src/webrtc/video-feed.ts';
import { ViewerBudget } from '../../media-relay/src/webrtc/viewer-budget.ts';

const viewers = 50;
const payloadBytes = 1158;
const packetsPerFrame = 15;
const framesPerGroup = 60;

const packetiser: Packetiser = {
  bound: ({ data }) => ({ packets: Math.ceil(data.length / payloadBytes), bytes: data.length }),
  write({ data }, _target, _offset, lengths) {
    const packets = Math.ceil(data.length / payloadBytes);
    lengths.fill(payloadBytes, 0, packets);
    return { packets, bytes: data.length };
  },
};
const data = new Uint8Array(payloadBytes * packetsPerFrame);

let nowMs = 1_000_000;
let packets = 0;
const store = new PacketStore(new Arena(), packetiser);
const pacer = new Pacer(() => nowMs);

/** Counts up as an RtpSender does, and sends nothing. */
class Counter {
  nextExtendedSeq = 0;
  get nextTransportSeq(): number {
    return this.nextExtendedSeq & 0xffff;
  }
  sendPackets(_to: Destination, _memory: unknown, _frame: StoredFrame, from: number, upTo: number): number {
    this.nextExtendedSeq += upTo - from;
    packets += upTo - from;
    return (upTo - from) * (payloadBytes + 40);
  }
}

function open(): { feed: VideoFeed; budget: ViewerBudget } {
  const budget = new ViewerBudget(nowMs);
  // So old that its path is proven.
  const estimate = new PathEstimate({ nowMs: nowMs - 1000, transportCc: false });
  const destination = { socket: { writable: true }, address: '', port: 0 } as Destination;
  const feed = new VideoFeed({
    store,
    sender: new Counter(),
    destination: () => destination,
    pacer,
    burstBudget: new TokenBucket(1e12, 1e9, nowMs),
    statistics: new PathStatistics(new DelayHistogram()),
    estimate,
    budget,
    firstTimestamp: 0,
    nowMs,
  });
  return { feed, budget };
}

function frame(isKey: boolean): StoredFrame {
  const unit: AccessUnit = {
    track: { kind: 'video', codec: 'h264', encodingName: 'H264', clockRate: 90_000, h264: undefined },
    ticks: nowMs * 90,
    arrivalMs: nowMs,
    captureMs: undefined,
    isKey,
    isBroken: false,
    data,
    unitEnds: [data.length],
  };
  const stored = store.append(unit, unit.ticks);
  if (stored === undefined) throw new Error('nothing stored');
  return stored;
}

const feeds = Array.from({ length: viewers }, open);
for (const { feed } of feeds) feed.start(nowMs);

function live(groups: number): void {
  for (let i = 0; i < groups * framesPerGroup; i += 1) {
    const stored = frame(i % framesPerGroup === 0);
    for (const { feed, budget } of feeds) {
      feed.onFrame(stored, nowMs);
      while (feed.pump(nowMs)) nowMs += 1;
      budget.heard(nowMs);
    }
    nowMs += 33;
  }
}

function bursts(count: number): void {
  for (let i = 0; i < count; i += 1) {
    nowMs += 3000;
    for (const { feed, budget } of feeds) {
      feed.doubtStart(nowMs);
      feed.resync(nowMs);
      while (feed.pump(nowMs)) nowMs += 1;
      budget.heard(nowMs);
    }
  }
}

function usPerPacket(work: () => void): number {
  packets = 0;
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / packets;
}

for (const [name, work] of [
  ['live', () => live(40)],
  ['burst', () => bursts(20)],
] as const) {
  work();
  const least = Math.min(...Array.from({ length: 25 }, () => usPerPacket(work)));
  console.log(`video feed ${name}: ${least.toFixed(4)} us/packet, ${packets} packets`);
}
pacer.close();
store.close();
