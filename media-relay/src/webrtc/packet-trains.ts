/**
 * What transport-wide feedback tells about packets that left back to back ("trains"): how fast they arrived, whether
 * each was slower than the one before (a queue fills), how many are missing. Pure; 6 kB per viewer, 23 kB after a long burst.
 */
import { notReceived, ReferenceClock, ticksPerMs, type TransportFeedback } from '../rtp/transport-cc.ts';
import { RecentMinimum } from './recent-minimum.ts';

/** Packets remembered at most: 195 ms at 100 Mbit/s. Powers of two. */
const MOST_PACKETS = 2048;
/** Most viewers never have more that nobody has reported on: a second at the rate of a stream. */
const FEWEST_PACKETS = 512;
/** Of the time of sending, which is kept in 32 bits. */
const SENT_TICKS_PER_MS = 64;
/** Packets further apart belong to different trains. Frames are at least 16 ms apart. */
const TRAIN_GAP_MS = 10;
/** Fewer tell nothing. */
export const LEAST_TRAIN_PACKETS = 8;
/** The head of a train counts by itself: it may have left at another rate than the rest. */
export const HEAD_PACKETS = 32;
/** No path takes so long for one packet: its receiver was busy meanwhile, and that says nothing of the path. */
const STALL_MS = 250;
/** The smallest delay ever seen stands for an empty queue; it is forgotten after one to two of these, for clocks drift. */
const BASE_WINDOW_MS = 10_000;
/** Resolution of arrival times. */
const TICK_MS = 1 / ticksPerMs;

export interface Train {
  readonly received: number;
  readonly lost: number;
  /** At which it arrived, or left if that is slower. */
  readonly deliveredBps: number;
  /** How much longer its last packet took than its first. */
  readonly growthMs: number;
  /** The delay grew all along the train, as a queue makes it, not in one jump, as a receiver that was busy does. */
  readonly isGradual: boolean;
  /** How much longer its last packet took than the fastest packet of late. */
  readonly queueMs: number;
}

export interface FeedbackTotals {
  readonly received: number;
  readonly receivedBytes: number;
  /** Less those that were counted before and have come since: may be negative. */
  readonly lost: number;
  /** Mean over what was received; undefined when nothing was. */
  readonly queueMs: number | undefined;
}

interface Ring {
  readonly mask: number;
  /** `toTicks` of when it left. */
  readonly sent: Uint32Array;
  /** 0: nothing more to learn of it. */
  readonly bytes: Uint16Array;
  readonly seq: Uint16Array;
  /** One of `fate`. */
  readonly fate: Uint8Array;
  /** RTP sequence number of the video packet, or of the one that an RTX packet repeats. */
  readonly mediaSeq: Uint16Array;
}

const fate = {
  open: 0,
  /** It left again with its number: lost, whatever arrives. */
  leftAgain: 1,
  /** A feedback has named it as missing and counted it as lost; the next ones may have received it. */
  missing: 2,
} as const;

/** A packet that a feedback names as missing. */
export type VisitLost = (mediaSeq: number, sentMs: number) => void;

interface OpenTrain {
  isHead: boolean;
  received: number;
  lost: number;
  bytes: number;
  firstSentMs: number;
  lastSentMs: number;
  firstArrivalMs: number;
  lastArrivalMs: number;
  lastDelayMs: number;
  largestStepMs: number;
}

export class PacketTrains {
  #ring: Ring | undefined;
  readonly #reference = new ReferenceClock();
  #lastSentMs = Number.NEGATIVE_INFINITY;
  /** Too short yet: on a narrow path few packets come between two feedbacks. */
  #train: OpenTrain | undefined;
  /** The smallest delay of late, in the difference of the two clocks. */
  readonly #base = new RecentMinimum(BASE_WINDOW_MS);

  /** So many packets left at once, `bytes` in all; both their sequence numbers count up. */
  sent(firstSeq: number, packets: number, bytes: number, nowMs: number, firstMediaSeq = firstSeq): void {
    this.#ring ??= newRing(FEWEST_PACKETS);
    const packetBytes = Math.round(bytes / packets);
    const ticks = toTicks(nowMs);
    for (let i = 0; i < packets; i++) {
      const seq = (firstSeq + i) & 0xffff;
      const ring = this.#ringFor(seq, this.#ring);
      const slot = seq & ring.mask;
      ring.sent[slot] = ticks;
      ring.bytes[slot] = packetBytes;
      ring.seq[slot] = seq;
      ring.fate[slot] = fate.open;
      ring.mediaSeq[slot] = firstMediaSeq + i;
    }
  }

  /** It was asked for and left again with the same number: what arrives from now on is not the one that left first. */
  lost(seq: number): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    const slot = seq & ring.mask;
    if (ring.seq[slot] !== seq) return;
    if (ring.fate[slot] === fate.missing) ring.bytes[slot] = 0;
    ring.fate[slot] = fate.leftAgain;
  }

  /** What leaves from now on takes another path: what is under way on the old one would be measured against it. */
  pathChanged(): void {
    this.#ring?.bytes.fill(0);
    this.#train = undefined;
    this.#base.forget();
  }

  /**
   * Each packet counts once, in the first feedback that names it. One that is named as missing there and as received
   * later was overtaken by others: it is taken back from the lost ones, and tells nothing of trains and queues.
   */
  read(
    feedback: TransportFeedback,
    nowMs: number,
    visit: (train: Train) => void,
    visitLost?: VisitLost,
  ): FeedbackTotals {
    const { baseSeq, arrivals } = feedback;
    const referenceMs = this.#reference.unwrapMs(feedback.referenceTime);
    this.#base.rotate(nowMs);
    let train = this.#train;
    let received = 0;
    let receivedBytes = 0;
    let lost = 0;
    let late = 0;
    let delaySumMs = 0;
    const nowTicks = toTicks(nowMs);
    for (let i = 0; i < arrivals.length; i++) {
      const seq = (baseSeq + i) & 0xffff;
      // Resending what is lost may make it larger.
      const ring = this.#ring;
      const slot = seq & (ring?.mask ?? 0);
      const bytes = ring?.bytes[slot] ?? 0;
      if (ring === undefined || bytes === 0 || ring.seq[slot] !== seq) continue;
      const hasLeftAgain = ring.fate[slot] === fate.leftAgain;
      const ticks = hasLeftAgain ? notReceived : (arrivals[i] ?? notReceived);
      if (ring.fate[slot] === fate.missing) {
        if (ticks === notReceived) continue;
        ring.bytes[slot] = 0;
        receivedBytes += bytes;
        late++;
        continue;
      }
      const sentMs = nowMs - ((nowTicks - (ring.sent[slot] ?? 0)) >>> 0) / SENT_TICKS_PER_MS;
      // Feedback that was overtaken tells of an older one.
      const isNewTrain = Math.abs(sentMs - this.#lastSentMs) > TRAIN_GAP_MS;
      this.#lastSentMs = sentMs;
      if (train && (isNewTrain || (train.isHead && train.received + train.lost >= HEAD_PACKETS))) {
        this.#close(train, visit);
        train = undefined;
      }
      train ??= openTrain(isNewTrain);
      if (ticks === notReceived) {
        train.lost++;
        lost++;
        ring.fate[slot] = fate.missing;
        if (hasLeftAgain) ring.bytes[slot] = 0;
        else visitLost?.(ring.mediaSeq[slot] ?? 0, sentMs);
        continue;
      }
      ring.bytes[slot] = 0;
      const arrivalMs = referenceMs + ticks * TICK_MS;
      const delayMs = arrivalMs - sentMs;
      this.#base.see(delayMs);
      if (train.received++ === 0) {
        train.firstSentMs = sentMs;
        train.firstArrivalMs = arrivalMs;
      } else {
        train.bytes += bytes;
        train.largestStepMs = Math.max(train.largestStepMs, delayMs - train.lastDelayMs);
      }
      train.lastSentMs = sentMs;
      train.lastArrivalMs = arrivalMs;
      train.lastDelayMs = delayMs;
      received++;
      receivedBytes += bytes;
      delaySumMs += delayMs;
    }
    const isLongEnough = train && train.received + train.lost >= LEAST_TRAIN_PACKETS;
    if (train && isLongEnough) this.#close(train, visit);
    this.#train = isLongEnough ? undefined : train;
    const queueMs = received === 0 ? undefined : delaySumMs / received - this.#base.value;
    return { received: received + late, receivedBytes, lost: lost - late, queueMs };
  }

  /** Makes room before a packet is forgotten that nobody has reported on. */
  #ringFor(seq: number, ring: Ring): Ring {
    const slot = seq & ring.mask;
    const isReported = ring.bytes[slot] === 0 || ring.fate[slot] === fate.missing;
    if (isReported || ring.mask + 1 === MOST_PACKETS) return ring;
    const larger = newRing(2 * (ring.mask + 1));
    for (let from = 0; from <= ring.mask; from++) {
      const to = (ring.seq[from] ?? 0) & larger.mask;
      for (const key of columns) larger[key][to] = ring[key][from] ?? 0;
    }
    this.#ring = larger;
    return larger;
  }

  #close(train: OpenTrain, visit: (train: Train) => void): void {
    const { received, lost, firstSentMs, lastSentMs, firstArrivalMs, lastArrivalMs } = train;
    if (received === 0) return;
    const arrivalSpanMs = lastArrivalMs - firstArrivalMs;
    const sentSpanMs = lastSentMs - firstSentMs;
    const growthMs = arrivalSpanMs - sentSpanMs;
    const isGradual = train.largestStepMs <= growthMs / 2;
    const busyMs = isGradual || train.largestStepMs < STALL_MS ? 0 : train.largestStepMs;
    visit({
      received,
      lost,
      deliveredBps: (train.bytes * 8000) / Math.max(arrivalSpanMs - busyMs, sentSpanMs, TICK_MS),
      growthMs,
      isGradual,
      queueMs: lastArrivalMs - lastSentMs - this.#base.value,
    });
  }
}

const columns = ['sent', 'bytes', 'seq', 'fate', 'mediaSeq'] as const;

function newRing(packets: number): Ring {
  return {
    mask: packets - 1,
    sent: new Uint32Array(packets),
    bytes: new Uint16Array(packets),
    seq: new Uint16Array(packets),
    fate: new Uint8Array(packets),
    mediaSeq: new Uint16Array(packets),
  };
}

/** Modulo 2^32: unique for 18 hours. */
const toTicks = (ms: number): number => (ms * SENT_TICKS_PER_MS) >>> 0;

function openTrain(isHead: boolean): OpenTrain {
  return {
    isHead,
    received: 0,
    lost: 0,
    bytes: 0,
    firstSentMs: 0,
    lastSentMs: 0,
    firstArrivalMs: 0,
    lastArrivalMs: 0,
    lastDelayMs: 0,
    largestStepMs: 0,
  };
}
