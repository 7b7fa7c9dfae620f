/**
 * One viewer's video: which frame comes next, with which RTP timestamp, and when. Joining, resynchronising and
 * switching are the same thing: a burst of the cached group of pictures, each frame stamped with the moment at which
 * it really departs in the clock of the live frames, then the live frames themselves.
 */
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import type { Destination } from './egress.ts';
import { MAX_RUN_PACKETS } from './egress.ts';
import type { PathEstimate } from './path-estimate.ts';
import { FULL_PACE_BPS, LOSSY_SHARE } from './path-estimate.ts';
import { TokenBucket, type PacedFeed, type Pacer } from './pacer.ts';
import { NO_PLAYOUT_DELAY, playoutDelay, type RtpSender } from './rtp-sender.ts';
import { SentFrames } from './sent-frames.ts';
import type { DropReason, PathStatistics } from '../stream/path-statistics.ts';
import type { ViewerBudget } from './viewer-budget.ts';
import { ViewerClock } from './viewer-clock.ts';

/** How much may leave at once: 2.5 ms of the rate, 26 packets at 100 Mbit/s. */
const CREDIT_MS = 2.5;
/** Of one call when there is credit for no more: they may overdraw it. */
const LEAST_RUN_PACKETS = 10;
const PACKET_BYTES = 1200;
/** The pacer may hold a live frame back this much longer than its path needs; the rate rises before that. */
const MAX_ADDED_DELAY_MS = 100;
/** Older ones are no live picture any more, and the path does not carry what waits: go on from the next key frame. */
const MAX_BEHIND_MS = 500;
/** So much more behind a key frame that took as long to leave. */
const MAX_KEY_LATE_MS = 1500;
/** Of playout-delay. With a minimum of 0 Chromium shows frames as they come, without smoothing. */
const MAX_PLAYOUT_MS = 500;
const LOSSY_PLAYOUT_MS = 85;
/** A key frame that arrives within this disturbs nobody. */
const SMALL_DELAY_MS = 50;
/** As path-estimate.ts uses of the capacity. */
const PACED_SHARE = 0.85;
/** After a burst, the slowest browser has caught up by now. */
const CATCH_UP_MS = 3000;
/** One resynchronisation per second and viewer, whatever it asks for. */
const RESYNC_INTERVAL_MS = 1000;
/** A browser that cannot decode asks for a key frame within a second. */
const DOUBT_MS = 2000;

export interface VideoFeedOptions {
  readonly store: PacketStore;
  readonly sender: Pick<RtpSender, 'nextExtendedSeq' | 'nextTransportSeq' | 'sendPackets'>;
  readonly destination: () => Destination | undefined;
  readonly pacer: Pacer;
  /** What all bursts of this host share. */
  readonly burstBudget: TokenBucket;
  readonly statistics: PathStatistics;
  readonly estimate: Pick<PathEstimate, 'capacityBps' | 'carriedBps' | 'lossShare' | 'paceBps' | 'sent'>;
  readonly budget: ViewerBudget;
  /** Random start of the RTP timestamps. */
  readonly firstTimestamp: number;
  readonly nowMs: number;
}

export class VideoFeed implements PacedFeed {
  readonly sent = new SentFrames();
  #store: PacketStore;
  /** Switched to as soon as the frame that is leaving is whole. */
  #nextStore: PacketStore | undefined;
  readonly #sender: VideoFeedOptions['sender'];
  readonly #destination: () => Destination | undefined;
  readonly #pacer: Pacer;
  readonly #burstBudget: TokenBucket;
  readonly #statistics: PathStatistics;
  readonly #estimate: VideoFeedOptions['estimate'];
  readonly #budget: ViewerBudget;
  readonly #clock: ViewerClock;
  readonly #bucket: TokenBucket;
  #mode: 'waiting' | 'burst' | 'live' = 'waiting';
  #cursor = 0;
  #packet = 0;
  #timestamp = 0;
  #playoutDelay = NO_PLAYOUT_DELAY;
  /** First of the frames that came since the last burst began: those before it were old when they were asked for. */
  #firstSinceBurst = 0;
  /** Of this burst's frames behind the key frame, the age of the youngest as it left. One that catches up lowers it. */
  #leastAgeMs = Number.POSITIVE_INFINITY;
  /** How old the newest live key frame was when it had left whole: those behind it are late by that, and get younger. */
  #keyLateMs = 0;
  /** When the last burst began, or its key frame had left whole: what is asked for until then is on its way. */
  #lastResyncMs = Number.NEGATIVE_INFINITY;
  #doubtfulUntilMs = 0;
  #streamBitrateBps = 0;
  /** Waits for a key frame because of this. */
  #dropping: DropReason | undefined;
  /** The kernel has been full since a live frame of this viewer left in time. */
  #wasHeldBySocket = false;
  /** When a path of the known capacity would have carried all that was given to it. */
  #pathFreeMs = 0;
  /** Since when its TCP connection has been taking nothing. */
  #heldSinceMs: number | undefined;

  constructor(options: VideoFeedOptions) {
    this.#store = options.store;
    this.#sender = options.sender;
    this.#destination = options.destination;
    this.#pacer = options.pacer;
    this.#burstBudget = options.burstBudget;
    this.#statistics = options.statistics;
    this.#estimate = options.estimate;
    this.#budget = options.budget;
    this.#clock = new ViewerClock(options.firstTimestamp);
    this.#bucket = new TokenBucket(FULL_PACE_BPS, (FULL_PACE_BPS / 8000) * CREDIT_MS, options.nowMs);
  }

  /** The path is open: send what is cached, or wait for the next key frame. */
  start(nowMs: number): void {
    this.#beginBurst(nowMs);
  }

  /**
   * Goes on with the pictures of another store, of the same or another size: a burst of what it has cached, on the
   * same clock. Its frames are handed to `onFrame` from now on.
   */
  switchTo(store: PacketStore, nowMs: number): void {
    this.#nextStore = store === this.#store ? undefined : store;
    if (this.#packet === 0) this.#switch(nowMs);
    else this.#pacer.add(this);
  }

  /** The stream has a new frame. Live frames leave at once unless something is still before them. */
  onFrame(frame: StoredFrame, nowMs: number): void {
    if (this.#isGivenUp(nowMs)) {
      this.#dropWaiting();
      return;
    }
    if (this.#mode === 'waiting') {
      if (!frame.isKey || this.#store.gopStart !== frame.number) {
        if (this.#dropping !== undefined) this.#statistics.dropped(this.#dropping, 1);
        return;
      }
      this.#clock.anchor(this.#store, nowMs);
      this.#cursor = frame.number;
      this.#packet = 0;
      this.#dropping = undefined;
      this.#mode = 'live';
    }
    if (this.#cursor !== frame.number) {
      this.#pacer.add(this);
    } else if (this.pump(nowMs)) {
      this.#pacer.add(this);
    }
  }

  pump(nowMs: number): boolean {
    const destination = this.#destination();
    if (destination === undefined || this.#mode === 'waiting') return false;
    if (this.#isGivenUp(nowMs)) {
      this.#dropWaiting();
      return false;
    }
    if (!this.#hasRoom(destination)) return this.#holdBack(destination, nowMs);
    this.#heldSinceMs = undefined;
    let credit = this.#credit(nowMs);
    while (credit > 0) {
      this.#skipToNewerGroup();
      const frame = this.#store.frame(this.#cursor);
      if (frame === undefined) {
        if (this.#cursor >= this.#store.nextNumber) {
          this.#becomeLive();
          return false;
        }
        // Overtaken by eviction: this viewer was too slow for the history.
        const reason = this.#wasHeldBySocket ? 'socket' : 'history';
        this.#statistics.dropped(reason, this.#store.nextNumber - this.#cursor);
        return this.#beginBurst(nowMs);
      }
      if (this.#packet === 0) {
        if (this.#isTooOld(frame, nowMs)) {
          if (this.#dropToKeyFrame()) continue;
          return false;
        }
        this.#beginFrame(frame, nowMs);
      }
      const total = frame.payloadLengths.length;
      const upTo = Math.min(total, this.#packet + runPackets(credit));
      const { nextTransportSeq: transportSeq, nextExtendedSeq: mediaSeq } = this.#sender;
      const bytes = this.#sender.sendPackets(
        destination,
        this.#store.memory,
        frame,
        this.#packet,
        upTo,
        this.#timestamp,
        this.#playoutDelay,
      );
      credit -= bytes;
      this.#bucket.take(bytes);
      if (this.#mode === 'burst') this.#burstBudget.take(bytes);
      this.#budget.sent(bytes, nowMs);
      this.#estimate.sent(transportSeq, upTo - this.#packet, bytes, nowMs, mediaSeq);
      this.#statistics.sent(upTo - this.#packet, bytes);
      this.#packet = upTo;
      // One call may fill what the connection has room for: more would be thrown away there.
      if (upTo < total && destination.tcp?.hasRoom === false) return true;
      if (upTo < total) continue;
      this.#packet = 0;
      this.#cursor = frame.number + 1;
      if (frame.isKey) this.#keyFrameLeft(frame, nowMs);
      if (this.#mode === 'live') this.#statistics.paced(Math.max(0, nowMs - this.#pathFreeMs));
      // A path that has taken it sooner carries more than was known: nothing behind it waits for what it did not need.
      this.#pathFreeMs = Math.min(this.#pathFreeMs, nowMs);
      // Here, whatever credit or room is left: nothing else may come between the frame and the switch that waits for it.
      if (this.#nextStore !== undefined) return this.#switch(nowMs);
    }
    if (this.#cursor < this.#store.nextNumber) return true;
    this.#becomeLive();
    return false;
  }

  /** A burst that a new key frame overtakes goes on from there, live: older pictures only keep the decoder busy. */
  #skipToNewerGroup(): void {
    if (this.#mode === 'burst' && this.#packet === 0 && this.#hasNewerGroup)
      this.#dropToKeyFrame(this.#wasHeldBySocket ? 'socket' : 'overtaken');
  }

  get #hasNewerGroup(): boolean {
    const { gopStart } = this.#store;
    return gopStart !== undefined && gopStart > this.#cursor;
  }

  #isTooOld(frame: StoredFrame, nowMs: number): boolean {
    if (frame.isKey || frame.number < this.#firstSinceBurst) return false;
    const excusedMs = this.#mode === 'live' ? this.#keyLateMs : 0;
    return this.#lateMs(frame, nowMs) > MAX_BEHIND_MS + excusedMs;
  }

  #keyFrameLeft({ arrivalMs }: StoredFrame, nowMs: number): void {
    if (this.#mode === 'burst') this.#lastResyncMs = nowMs;
    else this.#keyLateMs = Math.min(MAX_KEY_LATE_MS, nowMs - arrivalMs);
  }

  /** What a burst sends is old, and gets younger from frame to frame unless the path carries less than the stream. */
  #lateMs({ arrivalMs }: StoredFrame, nowMs: number): number {
    const ageMs = nowMs - arrivalMs;
    return this.#mode === 'burst' ? Math.max(0, ageMs - this.#leastAgeMs) : ageMs;
  }

  /** False when the next key frame has not come yet. */
  #dropToKeyFrame(reason: DropReason = this.#wasHeldBySocket ? 'socket' : 'slow'): boolean {
    const { gopStart, nextNumber } = this.#store;
    const isThere = gopStart !== undefined && gopStart > this.#cursor;
    const next = isThere ? gopStart : nextNumber;
    this.#statistics.dropped(reason, Math.max(0, next - Math.max(this.#cursor, this.#firstSinceBurst)));
    this.#cursor = next;
    this.#mode = isThere ? 'live' : 'waiting';
    if (!isThere) this.#dropping = reason;
    return isThere;
  }

  #becomeLive(): void {
    this.#mode = 'live';
    this.#wasHeldBySocket = false;
  }

  /** Nothing more leaves until the viewer is heard again: `resume`. */
  #isGivenUp(nowMs: number): boolean {
    const reason = this.#budget.judge(nowMs);
    if (reason !== undefined) this.#dropping = reason;
    return reason !== undefined;
  }

  /** What waits for this viewer, the frame that just came included. */
  #dropWaiting(): void {
    const frames = this.#mode === 'waiting' ? 1 : this.#store.nextNumber - this.#cursor;
    this.#statistics.dropped(this.#dropping ?? 'silent-viewer', frames);
    this.#packet = 0;
    this.#mode = 'waiting';
  }

  /** A viewer that was given up is there again. */
  resume(nowMs: number): void {
    if (this.#mode === 'waiting') this.#beginBurst(nowMs);
  }

  /** The viewer cannot decode what it has (PLI, FIR, or a hole older than the history). */
  resync(nowMs: number): void {
    if (nowMs < this.#doubtfulUntilMs) {
      this.#doubtfulUntilMs = 0;
      this.#beginBurst(nowMs);
      return;
    }
    if (nowMs - this.#lastResyncMs < RESYNC_INTERVAL_MS || this.#mode === 'waiting') return;
    // It is leaving: on a slow path it would never be whole if it began anew each time.
    if (this.#cursor === this.#store.gopStart) return;
    if (this.#hasNewerGroup) this.#dropToKeyFrame();
    this.#beginBurst(nowMs);
  }

  /**
   * What was sent until now may have come to a viewer without keys: the first thing that it asks for, it gets at once. If
   * it asks for nothing, it had them.
   */
  doubtStart(nowMs: number): void {
    this.#doubtfulUntilMs = nowMs + DOUBT_MS;
  }

  /** The source was interrupted: what the store gets next starts with a key frame. */
  interrupt(): void {
    if (this.#nextStore !== undefined) return;
    if (this.#mode !== 'live' || this.#packet !== 0) return;
    this.#dropping = undefined;
    this.#mode = 'waiting';
  }

  setStreamBitrate(bitrateBps: number): void {
    this.#streamBitrateBps = bitrateBps;
    this.#budget.setStreamBitrate(bitrateBps);
  }

  /**
   * How long the next live frame has been waiting here; in a burst, how far it has fallen behind; of frames that are left
   * out, the age that they may have.
   */
  waitingMs(nowMs: number): number {
    if (this.#dropping === 'slow') return MAX_BEHIND_MS;
    const next = this.#mode === 'waiting' ? undefined : this.#store.frame(this.#cursor);
    return next === undefined ? 0 : this.#lateMs(next, nowMs);
  }

  /** Where the RTP clock stands now: for sender reports. Undefined before the first frame. */
  rtpTimestampAt(nowMs: number): number | undefined {
    return this.#clock.rtpTimestampAt(this.#store, nowMs);
  }

  close(): void {
    this.#pacer.remove(this);
    this.#mode = 'waiting';
  }

  /** The viewer's clock runs on. */
  #switch(nowMs: number): boolean {
    const store = this.#nextStore;
    if (store === undefined) return this.#mode !== 'waiting';
    this.#clock.switch(this.#store, store, nowMs);
    this.#store = store;
    this.#nextStore = undefined;
    return this.#beginBurst(nowMs);
  }

  /** False when nothing is cached: the next key frame starts it then. */
  #beginBurst(nowMs: number): boolean {
    if (this.#nextStore !== undefined) return this.#switch(nowMs);
    this.#packet = 0;
    this.#dropping = undefined;
    this.#wasHeldBySocket = false;
    this.#lastResyncMs = nowMs;
    const { gopStart, nextNumber } = this.#store;
    this.#firstSinceBurst = nextNumber;
    this.#leastAgeMs = Number.POSITIVE_INFINITY;
    this.#keyLateMs = 0;
    if (gopStart === undefined) {
      this.#mode = 'waiting';
      return false;
    }
    this.#clock.anchor(this.#store, nowMs);
    this.#mode = 'burst';
    this.#cursor = gopStart;
    this.#statistics.burst();
    this.#budget.burst(this.#cachedBytes(gopStart));
    this.#pacer.add(this);
    return true;
  }

  #cachedBytes(gopStart: number): number {
    let bytes = 0;
    for (let number = gopStart; number < this.#store.nextNumber; number++)
      bytes += this.#store.frame(number)?.byteLength ?? 0;
    return bytes;
  }

  /** Over TCP a picture that has begun leaves whole: part of one would cost as much and show nothing. */
  #hasRoom({ tcp, socket }: Destination): boolean {
    return tcp && this.#packet > 0 ? tcp.hasRoom : socket.writable;
  }

  /** A UDP socket that is full is so for everybody, and for a moment; one TCP connection may take nothing for long. */
  #holdBack({ tcp }: Destination, nowMs: number): boolean {
    if (tcp === undefined) {
      this.#wasHeldBySocket = true;
      return true;
    }
    this.#heldSinceMs ??= nowMs;
    const isNewestKeyFrame = this.#cursor === this.#store.gopStart;
    if (this.#packet > 0 || isNewestKeyFrame || nowMs - this.#heldSinceMs < MAX_BEHIND_MS) return true;
    this.#heldSinceMs = undefined;
    return this.#dropToKeyFrame();
  }

  #beginFrame(frame: StoredFrame, nowMs: number): void {
    this.#timestamp = this.#clock.stamp(frame, this.#mode === 'live', nowMs);
    // Playout-delay makes a browser show frames as they come, which live frames should be; but a browser that is
    // still catching up must stay free to skip what is late.
    const isCaughtUp = this.#mode === 'live' && nowMs - this.#lastResyncMs > CATCH_UP_MS;
    const hasPlayoutDelay = frame.isKey && isCaughtUp;
    this.#playoutDelay = hasPlayoutDelay ? this.#playoutDelayFor(frame) : NO_PLAYOUT_DELAY;
    this.sent.add(
      this.#store,
      this.#sender.nextExtendedSeq,
      frame.payloadLengths.length,
      frame.number,
      this.#timestamp,
      this.#playoutDelay,
      frame.arrivalMs,
    );
    const ageMs = nowMs - frame.arrivalMs;
    if (this.#mode === 'live') {
      this.#statistics.liveFrame(ageMs);
      if (ageMs <= MAX_ADDED_DELAY_MS) this.#wasHeldBySocket = false;
    } else if (!frame.isKey) this.#leastAgeMs = Math.min(this.#leastAgeMs, ageMs);
    const readyMs = this.#mode === 'live' ? frame.arrivalMs : nowMs;
    const carriedBps = this.#estimate.carriedBps ?? Number.POSITIVE_INFINITY;
    this.#pathFreeMs = Math.max(this.#pathFreeMs, readyMs) + (frame.byteLength * 8000) / carriedBps;
  }

  /**
   * A clean path needs no delay. One that loses packets needs time for a resend and its detection, and a narrow one for
   * its largest frames, which are the key frames: with less, every key frame would be a freeze.
   */
  #playoutDelayFor(keyFrame: StoredFrame): number {
    const { capacityBps, lossShare } = this.#estimate;
    const forLossMs = lossShare >= LOSSY_SHARE ? LOSSY_PLAYOUT_MS : 0;
    const forSizeMs =
      capacityBps === undefined ? 0 : (keyFrame.byteLength * 8000) / (capacityBps * PACED_SHARE);
    const minMs = Math.min(MAX_PLAYOUT_MS, Math.max(forLossMs, forSizeMs > SMALL_DELAY_MS ? forSizeMs : 0));
    return playoutDelay(minMs, MAX_PLAYOUT_MS);
  }

  /** Bytes that may leave now. */
  #credit(nowMs: number): number {
    const paceBps = this.#estimate.paceBps(this.#streamBitrateBps, nowMs, this.#isLate(nowMs));
    this.#bucket.setRate(paceBps, (paceBps / 8000) * CREDIT_MS);
    const own = this.#bucket.credit(nowMs);
    if (this.#mode !== 'burst') return own;
    const shared = this.#burstBudget.credit(nowMs);
    // What the bursts of others hold back says nothing of this path.
    if (shared < own) this.#leastAgeMs = Number.POSITIVE_INFINITY;
    return Math.min(own, shared);
  }

  #isLate(nowMs: number): boolean {
    const waiting = this.#mode === 'live' ? this.#store.frame(this.#cursor) : undefined;
    if (waiting === undefined) return false;
    return nowMs - Math.max(waiting.arrivalMs, this.#pathFreeMs) > MAX_ADDED_DELAY_MS / 2;
  }
}

/** So many leave by one call. */
function runPackets(creditBytes: number): number {
  return Math.max(LEAST_RUN_PACKETS, Math.min(MAX_RUN_PACKETS, Math.floor(creditBytes / PACKET_BYTES)));
}
