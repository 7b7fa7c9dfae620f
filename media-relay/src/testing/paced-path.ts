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
  /** When each of them was dropped. */
  readonly dropsAtMs: readonly number[];
  randomLosses: number;
  resentPackets: number;
  /** Frame complete at the receiver after it was made, live frames only, in ms. */
  readonly frameDelaysMs: number[];
  /** Of the frames cached at the join. */
  joinDoneMs: number;
  firstFrameMs: number;
  /** Pictures are shown in order, when they are whole: of their intervals, what is over 150 ms more than the usual one. */
  frozenMs: number;
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
  /** When it answers one that comes at this moment, if not at once: its machine was busy. */
  readonly answersEchoMs?: (nowMs: number) => number;
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
/** A STUN request with its headers. */
const ECHO_BYTES = 120;
const CREDIT_MS = 2.5;
const RESEND_MS = 100;
const MAX_ASKED = 10;
/** As resender.ts has it on a path that carries the stream. */
const RESEND_SHARE = 0.3;
/** As Chromium counts: an interval so much longer than the usual one is a freeze. */
const FREEZE_MS = 150;

export function streamBitrateBps({ fps, framesPerGroup, keyBytes, deltaBytes }: PathStream): number {
  return ((keyBytes + deltaBytes * (framesPerGroup - 1)) * 8 * fps) / framesPerGroup;
}

/** Simulated time, and events in its order. */
class Timeline {
  nowMs = 0;
  readonly #events = new Map<number, (() => void)[]>();

  at(ms: number, event: () => void): void {
    const slot = Math.ceil(ms);
    const events = this.#events.get(slot);
    if (events) events.push(event);
    else this.#events.set(slot, [event]);
  }

  runDue(): void {
    for (const event of this.#events.get(this.nowMs) ?? []) event();
    this.#events.delete(this.nowMs);
  }
}

/** A queue with a narrow end, and air. */
class NarrowLink {
  readonly #timeline: Timeline;
  readonly #link: PathRun['link'];
  readonly #random = seeded(7);
  #freeAtMs = 0;
  #lastArrivalMs = 0;
  #jitterMs = 0;
  #jitterUntilMs = 0;
  readonly dropsAtMs: number[] = [];
  losses = 0;

  constructor(timeline: Timeline, link: PathRun['link']) {
    this.#timeline = timeline;
    this.#link = link;
  }

  get oneWayMs(): number {
    return this.#link(this.#timeline.nowMs).oneWayMs;
  }

  /** How long what waits takes to leave. */
  get queueMs(): number {
    return Math.max(0, this.#freeAtMs - this.#timeline.nowMs);
  }

  /** Undefined: it does not arrive. */
  arrivalMs(bytes: number, isMedia = true): number | undefined {
    const { nowMs } = this.#timeline;
    const { rateBps, queueBytes, oneWayMs, lossRatio = 0, jitterMs = 0 } = this.#link(nowMs);
    const isLost = this.#random() < lossRatio;
    if ((this.queueMs * rateBps) / 8000 + bytes > queueBytes) {
      if (isMedia) this.dropsAtMs.push(nowMs);
      return undefined;
    }
    this.#freeAtMs = nowMs + this.queueMs + (bytes * 8000) / rateBps;
    if (isLost) {
      if (isMedia) this.losses++;
      return undefined;
    }
    if (nowMs >= this.#jitterUntilMs) {
      this.#jitterMs = this.#random() * jitterMs;
      this.#jitterUntilMs = nowMs + 5 + this.#random() * 10;
    }
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#freeAtMs + oneWayMs + this.#jitterMs);
    return this.#lastArrivalMs;
  }
}

/** A browser's half: what came, what is missing, what it asks for again. */
class Receiver {
  /** By transport-wide number. */
  readonly #arrivals: (number | undefined)[] = [];
  readonly #arrived = new Set<number>();
  readonly #asked = new Map<number, { readonly atMs: number; readonly times: number }>();
  readonly #ask: (missing: readonly number[], atMs: number) => void;
  readonly #giveUp: (media: number) => void;
  #highestMedia = -1;
  #reported = 0;

  constructor(ask: (missing: readonly number[], atMs: number) => void, giveUp: (media: number) => void) {
    this.#ask = ask;
    this.#giveUp = giveUp;
  }

  /** False when the packet was there already. */
  receive(seq: number, media: number, arrivalMs: number): boolean {
    this.#arrivals[seq] = arrivalMs;
    if (this.#arrived.has(media)) return false;
    this.#arrived.add(media);
    this.#asked.delete(media);
    const missing: number[] = [];
    for (let before = this.#highestMedia + 1; before < media; before++) missing.push(before);
    this.#highestMedia = Math.max(this.#highestMedia, media);
    this.#askFor(missing, arrivalMs);
    return true;
  }

  askAgain(nowMs: number): void {
    const late: number[] = [];
    for (const [media, { atMs, times }] of this.#asked) {
      if (nowMs - atMs < RESEND_MS) continue;
      if (times < MAX_ASKED) late.push(media);
      else {
        this.#asked.delete(media);
        this.#giveUp(media);
      }
    }
    this.#askFor(late, nowMs);
  }

  /** Undefined when nothing came since the last one. */
  feedback(): TransportFeedback | undefined {
    const upTo = this.#arrivals.length;
    if (upTo === this.#reported) return undefined;
    const feedback = toFeedback(this.#arrivals, this.#reported, upTo);
    this.#reported = upTo;
    return feedback;
  }

  #askFor(missing: readonly number[], atMs: number): void {
    if (missing.length === 0) return;
    for (const media of missing)
      this.#asked.set(media, { atMs, times: (this.#asked.get(media)?.times ?? 0) + 1 });
    this.#ask(missing, atMs);
  }
}

/** The camera and the relay's half. */
class Sender {
  readonly #run: PathRun;
  readonly #timeline: Timeline;
  readonly #link: NarrowLink;
  readonly #receiver: Receiver;
  readonly #bitrateBps: number;
  readonly #bucket = new TokenBucket(100_000_000, 31_250, 0);
  readonly #fresh: Packet[] = [];
  readonly #resends: Packet[] = [];
  readonly #media: Packet[] = [];
  readonly #madeMs: number[] = [];
  readonly #missingOfFrame: number[] = [];
  readonly #resentAtMs = new Map<number, number>();
  readonly #resendBudget: TokenBucket;
  /** The viewer has given up some of their packets: it goes on with the next key frame. */
  readonly #lostFrames = new Set<number>();
  #roundTripMs: number;
  #joinMissing: number;
  #shown = 0;
  #shownMs = 0;
  #nextFrameMs: number;
  #lastReport = { sent: 0, lost: 0 };
  #paceBps = 0;
  readonly result: PathResult;

  constructor(run: PathRun) {
    const { stream, hasTransportCc = true, hasEcho = true } = run;
    this.#run = run;
    this.#timeline = new Timeline();
    this.#link = new NarrowLink(this.#timeline, run.link);
    this.#receiver = new Receiver(
      (missing, atMs) => this.#hearNack(missing, atMs),
      (media) => this.#lostFrames.add(this.#media[media]?.frame ?? -1),
    );
    this.#bitrateBps = streamBitrateBps(stream);
    this.#resendBudget = new TokenBucket(
      this.#bitrateBps * RESEND_SHARE,
      (this.#bitrateBps * RESEND_SHARE) / 8,
      0,
    );
    this.result = {
      estimate: new PathEstimate({
        nowMs: 0,
        transportCc: hasTransportCc,
        ...(hasEcho && { echo: (answer) => this.#sendEcho(answer) }),
      }),
      sentPackets: 0,
      queueDrops: 0,
      dropsAtMs: this.#link.dropsAtMs,
      randomLosses: 0,
      resentPackets: 0,
      frameDelaysMs: [],
      joinDoneMs: Number.POSITIVE_INFINITY,
      firstFrameMs: Number.POSITIVE_INFINITY,
      frozenMs: 0,
      paceBps: [],
    };
    this.#roundTripMs = 2 * this.#link.oneWayMs;
    this.#joinMissing = stream.joinFrames;
    this.#nextFrameMs = 1000 / stream.fps;
    for (let frame = 0; frame < stream.joinFrames; frame++) this.#makeFrame();
  }

  run(): PathResult {
    const { durationMs, feedbackMs = 60 } = this.#run;
    for (const timeline = this.#timeline; timeline.nowMs < durationMs; timeline.nowMs++) {
      const { nowMs } = timeline;
      timeline.runDue();
      if (nowMs >= this.#nextFrameMs) {
        this.#makeFrame();
        this.#nextFrameMs += 1000 / this.#run.stream.fps;
      }
      this.#pump(nowMs);
      if (nowMs % feedbackMs === feedbackMs - 1) this.#hearFeedback(nowMs);
      if (nowMs % 1000 === 999) this.#hearReport(nowMs);
      if (nowMs % 100 === 99) this.result.paceBps.push(this.#paceBps);
    }
    this.result.queueDrops = this.#link.dropsAtMs.length;
    this.#noteFrozen(durationMs);
    this.result.randomLosses = this.#link.losses;
    return this.result;
  }

  #makeFrame(): void {
    const { framesPerGroup, keyBytes, deltaBytes } = this.#run.stream;
    const frame = this.#madeMs.length;
    const bytes = frame % framesPerGroup === 0 ? keyBytes : deltaBytes;
    const count = Math.ceil(bytes / PACKET_BYTES);
    this.#madeMs.push(this.#timeline.nowMs);
    this.#missingOfFrame.push(count);
    for (let i = 0; i < count; i++) this.#fresh.push({ frame, bytes: Math.ceil(bytes / count), media: -1 });
  }

  #pump(nowMs: number): void {
    this.#paceBps = this.#run.fixedPaceBps ?? this.result.estimate.paceBps(this.#bitrateBps, nowMs);
    this.#bucket.setRate(this.#paceBps, (this.#paceBps / 8000) * CREDIT_MS);
    let credit = this.#bucket.credit(nowMs);
    while (credit > 0 && (this.#resends.length > 0 || this.#fresh.length > 0)) {
      const again = this.#resends.shift();
      if (again) this.result.resentPackets++;
      const bytes = this.#transmit(again ? [again] : this.#fresh.splice(0, RUN_PACKETS));
      this.#bucket.take(bytes);
      credit -= bytes;
    }
  }

  /** At once. Returns their bytes. */
  #transmit(packets: readonly Packet[]): number {
    const firstSeq = this.result.sentPackets;
    let bytes = 0;
    for (const packet of packets) {
      bytes += packet.bytes;
      this.#transmitOne(packet);
    }
    this.result.estimate.sent(firstSeq & 0xffff, packets.length, bytes, this.#timeline.nowMs);
    return bytes;
  }

  #transmitOne(packet: Packet): void {
    const seq = this.result.sentPackets++;
    const media = packet.media < 0 ? this.#media.push(packet) - 1 : packet.media;
    const arrivalMs = this.#link.arrivalMs(packet.bytes);
    if (arrivalMs === undefined) return;
    this.#timeline.at(arrivalMs, () => {
      if (this.#receiver.receive(seq, media, arrivalMs)) this.#arrived(packet.frame, arrivalMs);
    });
  }

  #arrived(frame: number, arrivalMs: number): void {
    const missing = (this.#missingOfFrame[frame] ?? 0) - 1;
    this.#missingOfFrame[frame] = missing;
    if (missing !== 0) return;
    this.#showWhole(arrivalMs);
    if (frame === 0) this.result.firstFrameMs = arrivalMs;
    if (frame >= this.#run.stream.joinFrames)
      this.result.frameDelaysMs.push(arrivalMs - (this.#madeMs[frame] ?? 0));
    else if (--this.#joinMissing === 0) this.result.joinDoneMs = arrivalMs;
  }

  #showWhole(nowMs: number): void {
    const { framesPerGroup } = this.#run.stream;
    for (;;) {
      if (this.#lostFrames.has(this.#shown)) {
        this.#shown += framesPerGroup - (this.#shown % framesPerGroup);
        continue;
      }
      if (this.#missingOfFrame[this.#shown] !== 0) return;
      this.#shown++;
      this.#noteFrozen(nowMs);
      this.#shownMs = nowMs;
    }
  }

  #noteFrozen(nowMs: number): void {
    if (this.#shown > 1)
      this.result.frozenMs += Math.max(0, nowMs - this.#shownMs - 1000 / this.#run.stream.fps - FREEZE_MS);
  }

  /** It waits in the queue behind the packets, or does not fit into it. */
  #sendEcho(answer: (roundTripMs: number) => void): void {
    const { nowMs } = this.#timeline;
    const arrivalMs = this.#link.arrivalMs(ECHO_BYTES, false);
    if (arrivalMs === undefined) return;
    const { answersEchoMs = (ms) => ms } = this.#run;
    const answeredMs = Math.ceil(answersEchoMs(arrivalMs) + this.#link.oneWayMs);
    this.#timeline.at(answeredMs, () => answer(answeredMs - nowMs));
  }

  #hearNack(missing: readonly number[], askedMs: number): void {
    this.#timeline.at(askedMs + this.#link.oneWayMs, () => {
      const { nowMs } = this.#timeline;
      // As resender.ts does: what is asked for again before a resend can have come leaves once.
      const due = missing.filter(
        (one) => nowMs - (this.#resentAtMs.get(one) ?? -Infinity) >= this.#roundTripMs,
      );
      this.result.estimate.nack(due.length, nowMs);
      for (const media of due) {
        const packet = this.#media[media];
        if (packet === undefined || this.#resendBudget.credit(nowMs) <= 0) break;
        this.#resendBudget.take(packet.bytes);
        this.#resends.push({ ...packet, media });
        this.#resentAtMs.set(media, nowMs);
      }
    });
  }

  #hearFeedback(nowMs: number): void {
    this.#receiver.askAgain(nowMs);
    const feedback = this.#run.hasTransportCc === false ? undefined : this.#receiver.feedback();
    if (feedback === undefined) return;
    const { estimate } = this.result;
    this.#timeline.at(nowMs + this.#link.oneWayMs, () => estimate.feedback(feedback, this.#timeline.nowMs));
  }

  #hearReport(nowMs: number): void {
    const { queueMs, oneWayMs, dropsAtMs, losses } = this.#link;
    const drops = dropsAtMs.length;
    const { sentPackets, estimate } = this.result;
    const share = (drops + losses - this.#lastReport.lost) / Math.max(1, sentPackets - this.#lastReport.sent);
    this.#lastReport = { sent: sentPackets, lost: drops + losses };
    this.#roundTripMs = 2 * oneWayMs + queueMs;
    this.#timeline.at(nowMs + oneWayMs, () =>
      estimate.receiverReport(Math.floor(share * 256), 2 * oneWayMs + queueMs, this.#timeline.nowMs),
    );
  }
}

export const runPath = (run: PathRun): PathResult => new Sender(run).run();

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
