/**
 * A viewer behind a narrow link, in simulated time: frames leave by a token bucket at the pace of a `PathEstimate`,
 * pass a tail-drop queue, get lost, and the receiver reports and asks again as a browser does.
 */
import { ReferenceClock, notReceived, type TransportFeedback } from '../rtp/transport-cc.ts';
import { TokenBucket } from '../webrtc/pacer.ts';
import { PathEstimate } from '../webrtc/path-estimate.ts';

export interface PathLink {
  readonly rateBps: number;
  readonly queueBytes: number;
  readonly oneWayMs: number;
  /** 0..1 */
  readonly lossRatio?: number;
  /** Extra delay of up to this much that changes every 10 ms or so, order kept: radio. */
  readonly jitterMs?: number;
}

export interface PathStream {
  readonly fps: number;
  readonly framesPerGroup: number;
  readonly keyBytes: number;
  readonly deltaBytes: number;
  /** Frames of the cached group at the join. */
  readonly joinFrames: number;
}

export interface PathResult {
  readonly estimate: PathEstimate;
  sentPackets: number;
  queueDrops: number;
  randomLosses: number;
  resentPackets: number;
  /** Frame complete at the receiver after it was made, live frames only, in ms. */
  readonly frameDelaysMs: number[];
  /** Of the frames cached at the join. */
  joinDoneMs: number;
  firstFrameMs: number;
  /** Pace at the end of each 100 ms. */
  readonly paceBps: number[];
}

export interface PathRun {
  readonly stream: PathStream;
  readonly link: (nowMs: number) => PathLink;
  readonly durationMs: number;
  readonly feedbackMs?: number;
  readonly hasTransportCc?: boolean;
  /** The viewer answers an echo at once, as full ICE agents do. */
  readonly hasEcho?: boolean;
  /** Instead of the estimate's pace. */
  readonly fixedPaceBps?: number;
}

interface Packet {
  readonly frame: number;
  readonly bytes: number;
  readonly media: number;
}

const PACKET_BYTES = 1200;
const RUN_PACKETS = 10;
const CREDIT_MS = 2.5;
const RESEND_MS = 100;

export function streamBitrateBps({ fps, framesPerGroup, keyBytes, deltaBytes }: PathStream): number {
  return ((keyBytes + deltaBytes * (framesPerGroup - 1)) * 8 * fps) / framesPerGroup;
}

/** Events in order of time. */
class Timeline {
  readonly #events = new Map<number, (() => void)[]>();

  at(ms: number, event: () => void): void {
    const slot = Math.ceil(ms);
    const events = this.#events.get(slot);
    if (events) events.push(event);
    else this.#events.set(slot, [event]);
  }

  run(slot: number): void {
    for (const event of this.#events.get(slot) ?? []) event();
    this.#events.delete(slot);
  }
}

export function runPath(run: PathRun): PathResult {
  const { stream, durationMs, feedbackMs = 60, hasTransportCc = true, hasEcho = true } = run;
  const random = seeded(7);
  const bitrateBps = streamBitrateBps(stream);
  const timeline = new Timeline();
  let freeAtMs = 0;
  let nowMs = 0;
  const sendEcho = (): void => {
    const queueMs = Math.max(0, freeAtMs - nowMs);
    timeline.at(nowMs + queueMs + 2 * run.link(nowMs).oneWayMs, () => estimate.firstFlightDelayed(queueMs));
  };
  const estimate = new PathEstimate({
    nowMs: 0,
    transportCc: hasTransportCc,
    ...(hasEcho && { onFirstFlight: sendEcho }),
  });
  const result: PathResult = {
    estimate,
    sentPackets: 0,
    queueDrops: 0,
    randomLosses: 0,
    resentPackets: 0,
    frameDelaysMs: [],
    joinDoneMs: Number.POSITIVE_INFINITY,
    firstFrameMs: Number.POSITIVE_INFINITY,
    paceBps: [],
  };
  const fresh: Packet[] = [];
  const resends: Packet[] = [];
  const madeMs: number[] = [];
  const missingOfFrame: number[] = [];
  const packets: Packet[] = [];
  let joinMissing = stream.joinFrames;

  const makeFrame = (): void => {
    const frame = madeMs.length;
    const bytes = frame % stream.framesPerGroup === 0 ? stream.keyBytes : stream.deltaBytes;
    const count = Math.ceil(bytes / PACKET_BYTES);
    madeMs.push(nowMs);
    missingOfFrame.push(count);
    for (let i = 0; i < count; i++) fresh.push({ frame, bytes: Math.ceil(bytes / count), media: -1 });
  };

  // The link.
  let lastArrivalMs = 0;
  let jitterMs = 0;
  let jitterUntilMs = 0;
  let seq = 0;
  const arrivals: (number | undefined)[] = [];
  let highestArrived = -1;
  let reported = 0;

  const transmit = (packet: Packet): void => {
    const link = run.link(nowMs);
    const mySeq = seq++;
    const media = packet.media < 0 ? packets.push(packet) - 1 : packet.media;
    estimate.sent(mySeq & 0xffff, 1, packet.bytes, nowMs);
    result.sentPackets++;
    const isLost = random() < (link.lossRatio ?? 0);
    const waiting = (Math.max(0, freeAtMs - nowMs) * link.rateBps) / 8000;
    if (waiting + packet.bytes > link.queueBytes) {
      result.queueDrops++;
      return;
    }
    freeAtMs = Math.max(nowMs, freeAtMs) + (packet.bytes * 8000) / link.rateBps;
    if (isLost) {
      result.randomLosses++;
      return;
    }
    if (nowMs >= jitterUntilMs) {
      jitterMs = random() * (link.jitterMs ?? 0);
      jitterUntilMs = nowMs + 5 + random() * 10;
    }
    lastArrivalMs = Math.max(lastArrivalMs, freeAtMs + link.oneWayMs + jitterMs);
    const arrivalMs = lastArrivalMs;
    timeline.at(arrivalMs, () => receive(mySeq, media, arrivalMs, link.oneWayMs));
  };

  // The receiver: its clock is 5,000 s ahead.
  const arrived = new Set<number>();
  const askedAt = new Map<number, number>();
  let highestMedia = -1;

  const receive = (mySeq: number, media: number, arrivalMs: number, backMs: number): void => {
    arrivals[mySeq] = arrivalMs;
    highestArrived = Math.max(highestArrived, mySeq);
    if (arrived.has(media)) return;
    arrived.add(media);
    askedAt.delete(media);
    const asked: number[] = [];
    for (let missing = highestMedia + 1; missing < media; missing++) asked.push(missing);
    highestMedia = Math.max(highestMedia, media);
    ask(asked, arrivalMs, backMs);
    const frame = packets[media]?.frame ?? 0;
    missingOfFrame[frame] = (missingOfFrame[frame] ?? 0) - 1;
    if (missingOfFrame[frame] !== 0) return;
    if (frame === 0) result.firstFrameMs = arrivalMs;
    if (frame >= stream.joinFrames) result.frameDelaysMs.push(arrivalMs - (madeMs[frame] ?? 0));
    else if (--joinMissing === 0) result.joinDoneMs = arrivalMs;
  };

  const ask = (missing: readonly number[], atMs: number, backMs: number): void => {
    if (missing.length === 0) return;
    for (const media of missing) askedAt.set(media, atMs);
    timeline.at(atMs + backMs, () => {
      estimate.nack(missing.length, nowMs);
      for (const media of missing) {
        const packet = packets[media];
        if (packet) resends.push({ ...packet, media });
      }
    });
  };

  const report = (): void => {
    const { oneWayMs } = run.link(nowMs);
    const again: number[] = [];
    for (const [media, askedMs] of askedAt) if (nowMs - askedMs >= RESEND_MS) again.push(media);
    ask(again, nowMs, oneWayMs);
    if (!hasTransportCc || highestArrived < reported) return;
    const feedback = toFeedback(arrivals, reported, highestArrived + 1);
    reported = highestArrived + 1;
    timeline.at(nowMs + oneWayMs, () => estimate.feedback(feedback, nowMs));
  };

  for (let i = 0; i < stream.joinFrames; i++) makeFrame();
  const bucket = new TokenBucket(100_000_000, 31_250, 0);
  let nextFrameMs = 1000 / stream.fps;
  let lossAt = { sent: 0, lost: 0 };
  for (; nowMs < durationMs; nowMs++) {
    timeline.run(nowMs);
    if (nowMs >= nextFrameMs) {
      makeFrame();
      nextFrameMs += 1000 / stream.fps;
    }
    const paceBps = run.fixedPaceBps ?? estimate.paceBps(bitrateBps, nowMs);
    bucket.setRate(paceBps, (paceBps / 8000) * CREDIT_MS);
    let credit = bucket.credit(nowMs);
    while (credit > 0 && (resends.length > 0 || fresh.length > 0)) {
      for (let i = 0; i < RUN_PACKETS; i++) {
        const again = resends.shift();
        const packet = again ?? fresh.shift();
        if (!packet) break;
        if (again) result.resentPackets++;
        transmit(packet);
        bucket.take(packet.bytes);
        credit -= packet.bytes;
      }
    }
    if (nowMs % feedbackMs === feedbackMs - 1) report();
    if (nowMs % 1000 === 999) {
      const { oneWayMs } = run.link(nowMs);
      const lost = result.queueDrops + result.randomLosses;
      const share = (lost - lossAt.lost) / Math.max(1, result.sentPackets - lossAt.sent);
      lossAt = { sent: result.sentPackets, lost };
      const queueMs = Math.max(0, freeAtMs - nowMs);
      timeline.at(nowMs + oneWayMs, () =>
        estimate.receiverReport(Math.floor(share * 256), 2 * oneWayMs + queueMs, nowMs),
      );
    }
    if (nowMs % 100 === 99) result.paceBps.push(paceBps);
  }
  return result;
}

/** As a browser writes it: from the first packet not reported to the last one received. */
function toFeedback(
  arrivals: readonly (number | undefined)[],
  from: number,
  upTo: number,
): TransportFeedback {
  const clockAheadMs = 5_000_000;
  const known = arrivals.slice(from, upTo);
  const firstMs = known.find((ms) => ms !== undefined) ?? 0;
  const referenceTime = Math.floor((firstMs + clockAheadMs) / 64);
  const referenceMs = new ReferenceClock().unwrapMs(referenceTime);
  return {
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSeq: from & 0xffff,
    feedbackCount: 0,
    referenceTime,
    arrivals: Int32Array.from({ length: upTo - from }, (_, i) => {
      const ms = known[i];
      return ms === undefined ? notReceived : Math.floor((ms + clockAheadMs - referenceMs) * 4);
    }),
  };
}

/** Numbers in [0, 1), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
