/**
 * One viewer's video: which frame comes next, with which RTP timestamp, and when. Joining, resynchronising and
 * switching are the same thing: a burst of the cached group of pictures, each frame stamped with the moment at which
 * it really departs in the clock of the live frames, then the live frames themselves.
 *
 * Here is the place in the store and the way on from it. What it goes by: how much may leave (feed-pace.ts) and is taken
 * (send-room.ts), which frames are too late (lateness.ts), what the last burst still answers (last-burst.ts), and
 * whether the viewer reads (viewer-budget.ts). How frames are stamped and leave: viewer-clock.ts, frame-sender.ts.
 */
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import type { DropReason, PathStatistics } from '../stream/path-statistics.ts';
import type { Destination } from './egress.ts';
import { FeedPace, MAX_ADDED_DELAY_MS, runPackets } from './feed-pace.ts';
import { FrameSender, type FrameSenderOptions } from './frame-sender.ts';
import { LastBurst } from './last-burst.ts';
import { Lateness, MAX_BEHIND_MS } from './lateness.ts';
import { livePlayoutDelay } from './live-playout-delay.ts';
import type { PacedFeed, Pacer, TokenBucket } from './pacer.ts';
import type { PathEstimate } from './path-estimate.ts';
import { NO_PLAYOUT_DELAY } from './rtp-sender.ts';
import { SendRoom } from './send-room.ts';
import type { SentFrames } from './sent-frames.ts';
import type { ViewerBudget } from './viewer-budget.ts';
import { ViewerClock } from './viewer-clock.ts';

export interface VideoFeedOptions extends FrameSenderOptions {
  readonly store: PacketStore;
  readonly destination: () => Destination | undefined;
  readonly pacer: Pacer;
  /** What all bursts of this host share. */
  readonly burstBudget: TokenBucket;
  readonly estimate: Pick<
    PathEstimate,
    'capacityBps' | 'carriedBps' | 'lossShare' | 'paceBps' | 'queuedBps' | 'sent'
  >;
  /** Random start of the RTP timestamps. */
  readonly firstTimestamp: number;
  readonly nowMs: number;
}

export class VideoFeed implements PacedFeed {
  readonly sent: SentFrames;
  #store: PacketStore;
  /** Switched to as soon as the frame that is leaving is whole. */
  #nextStore: PacketStore | undefined;
  readonly #destination: () => Destination | undefined;
  readonly #pacer: Pacer;
  readonly #statistics: PathStatistics;
  readonly #estimate: VideoFeedOptions['estimate'];
  readonly #budget: ViewerBudget;
  readonly #clock: ViewerClock;
  readonly #sender: FrameSender;
  readonly #pace: FeedPace;
  readonly #room = new SendRoom();
  readonly #lateness = new Lateness();
  readonly #lastBurst = new LastBurst();
  #mode: 'waiting' | 'burst' | 'live' = 'waiting';
  /** The frame that leaves next, or is leaving. */
  #cursor = 0;
  /** Waits for a key frame because of this. */
  #dropping: DropReason | undefined;

  constructor(options: VideoFeedOptions) {
    this.#store = options.store;
    this.#destination = options.destination;
    this.#pacer = options.pacer;
    this.#statistics = options.statistics;
    this.#estimate = options.estimate;
    this.#budget = options.budget;
    this.#clock = new ViewerClock(options.firstTimestamp);
    this.#sender = new FrameSender(options);
    this.sent = this.#sender.sent;
    this.#pace = new FeedPace(options.estimate, options.burstBudget, options.nowMs);
  }

  /** The path is open: send what is cached, or wait for the next key frame. */
  start(nowMs: number): void {
    this.#beginBurst(nowMs);
  }

  /** A viewer that was given up is there again. */
  resume(nowMs: number): void {
    if (this.#mode === 'waiting') this.#beginBurst(nowMs);
  }

  /** The viewer cannot decode what it has (PLI, FIR, or a hole older than the history). */
  resync(nowMs: number): void {
    if (this.#lastBurst.takeDoubt(nowMs)) {
      this.#beginBurst(nowMs);
      return;
    }
    if (this.#lastBurst.isAnswer(nowMs) || this.#mode === 'waiting') return;
    // It is leaving: on a slow path it would never be whole if it began anew each time.
    if (this.#cursor === this.#store.gopStart || this.#isAmidKey) return;
    if (this.#hasNewerGroup) this.#dropToKeyFrame();
    this.#beginBurst(nowMs);
  }

  /** What was sent until now may have come to a viewer without keys. */
  doubtStart(nowMs: number): void {
    this.#lastBurst.doubt(nowMs);
  }

  /**
   * Goes on with the pictures of another store, of the same or another size: a burst of what it has cached, on the
   * same clock. Its frames are handed to `onFrame` from now on.
   */
  switchTo(store: PacketStore, nowMs: number): void {
    this.#nextStore = store === this.#store ? undefined : store;
    if (this.#sender.isAmidFrame) this.#pacer.add(this);
    else this.#switch(nowMs);
  }

  /** The source was interrupted: what the store gets next starts with a key frame. */
  interrupt(): void {
    if (this.#nextStore !== undefined || this.#mode !== 'live' || this.#sender.isAmidFrame) return;
    this.#dropping = undefined;
    this.#mode = 'waiting';
  }

  /** The stream has a new frame. Live frames leave at once unless something is still before them. */
  onFrame(frame: StoredFrame, nowMs: number): void {
    if (this.#isGivenUp(nowMs)) return;
    if (this.#mode === 'waiting') {
      if (!frame.isKey || this.#store.gopStart !== frame.number) {
        if (this.#dropping !== undefined) this.#statistics.dropped(this.#dropping, 1);
        return;
      }
      this.#clock.anchor(this.#store, nowMs);
      this.#cursor = frame.number;
      this.#sender.cutShort();
      this.#dropping = undefined;
      this.#mode = 'live';
    }
    if (this.#cursor !== frame.number || this.pump(nowMs)) this.#pacer.add(this);
  }

  pump(nowMs: number): boolean {
    const destination = this.#destination();
    if (destination === undefined || this.#mode === 'waiting' || this.#isGivenUp(nowMs)) return false;
    if (!this.#room.isThere(destination, this.#sender.isAmidFrame)) return this.#holdBack(destination, nowMs);
    this.#room.found();
    let credit = this.#credit(nowMs);
    while (credit > 0 && this.#cursor < this.#store.nextNumber) {
      this.#skipToNewerGroup();
      const frame = this.#store.frame(this.#cursor);
      if (frame === undefined) {
        // Overtaken by eviction: this viewer was too slow for the history.
        this.#statistics.dropped(this.#room.reason('history'), this.#store.nextNumber - this.#cursor);
        return this.#beginBurst(nowMs);
      }
      if (!this.#sender.isAmidFrame) {
        if (this.#lateness.isTooLate(frame, this.#mode === 'burst', nowMs)) {
          if (this.#dropToKeyFrame()) continue;
          return false;
        }
        this.#beginFrame(frame, nowMs);
      }
      const bytes = this.#sender.sendRun(destination, this.#store, frame, runPackets(credit), nowMs);
      credit -= bytes;
      this.#pace.take(bytes, this.#mode === 'burst');
      if (this.#sender.isAmidFrame) {
        // One call may fill what the connection has room for: more would be thrown away there.
        if (destination.tcp?.hasRoom === false) return true;
        continue;
      }
      this.#endFrame(frame, nowMs);
      // Here, whatever credit or room is left: nothing else may come between the frame and the switch that waits for it.
      if (this.#nextStore !== undefined) return this.#switch(nowMs);
    }
    if (this.#cursor < this.#store.nextNumber) return true;
    this.#mode = 'live';
    this.#room.forgetFull();
    return false;
  }

  /** Resends left on the same path: the frames wait for them. */
  leftBesides(bytes: number, nowMs: number): void {
    this.#pace.leftBesides(bytes, nowMs);
  }

  setStreamBitrate(bitrateBps: number): void {
    this.#pace.setStreamBitrate(bitrateBps);
    this.#budget.setStreamBitrate(bitrateBps);
  }

  /**
   * How long the next live frame has been waiting here; in a burst, how far it has fallen behind; of frames that are left
   * out, the age that they may have.
   */
  waitingMs(nowMs: number): number {
    if (this.#dropping === 'slow') return MAX_BEHIND_MS;
    const next = this.#mode === 'waiting' ? undefined : this.#store.frame(this.#cursor);
    return next === undefined ? 0 : this.#lateness.lateMs(next, this.#mode === 'burst', nowMs);
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
    this.#sender.cutShort();
    this.#dropping = undefined;
    this.#room.forgetFull();
    this.#lastBurst.mark(nowMs);
    const { gopStart, gopBytes, nextNumber } = this.#store;
    this.#lateness.burstBegins(nextNumber);
    if (gopStart === undefined) {
      this.#mode = 'waiting';
      return false;
    }
    this.#clock.anchor(this.#store, nowMs);
    this.#mode = 'burst';
    this.#cursor = gopStart;
    this.#statistics.burst();
    this.#budget.burst(gopBytes);
    this.#pacer.add(this);
    return true;
  }

  /** A burst that a new key frame overtakes goes on from there, live: older pictures only keep the decoder busy. */
  #skipToNewerGroup(): void {
    if (this.#mode === 'burst' && !this.#sender.isAmidFrame && this.#hasNewerGroup)
      this.#dropToKeyFrame('overtaken');
  }

  get #isAmidKey(): boolean {
    return this.#sender.isAmidFrame && this.#store.frame(this.#cursor)?.isKey === true;
  }

  get #hasNewerGroup(): boolean {
    const { gopStart } = this.#store;
    return gopStart !== undefined && gopStart > this.#cursor;
  }

  /** False when the next key frame has not come yet. */
  #dropToKeyFrame(because: DropReason = 'slow'): boolean {
    const { gopStart, nextNumber } = this.#store;
    const reason = this.#room.reason(because);
    const isThere = gopStart !== undefined && gopStart > this.#cursor;
    const next = isThere ? gopStart : nextNumber;
    this.#statistics.dropped(reason, this.#lateness.framesLost(this.#cursor, next));
    this.#cursor = next;
    this.#mode = isThere ? 'live' : 'waiting';
    if (!isThere) this.#dropping = reason;
    return isThere;
  }

  /** A connection that takes nothing for long loses what waits, but for what has begun and the newest key frame. */
  #holdBack(destination: Destination, nowMs: number): boolean {
    const heldMs = this.#room.missed(destination, nowMs);
    const isNeeded = this.#sender.isAmidFrame || this.#cursor === this.#store.gopStart;
    if (isNeeded || heldMs < MAX_BEHIND_MS) return true;
    this.#room.found();
    return this.#dropToKeyFrame();
  }

  /** Nothing more leaves until it is heard again (`resume`), and what waits for it is dropped. */
  #isGivenUp(nowMs: number): boolean {
    const reason = this.#budget.judge(nowMs);
    if (reason === undefined) return false;
    // The frame that just came included.
    this.#statistics.dropped(reason, this.#mode === 'waiting' ? 1 : this.#store.nextNumber - this.#cursor);
    this.#dropping = reason;
    this.#sender.cutShort();
    this.#mode = 'waiting';
    return true;
  }

  /** Bytes that may leave now. */
  #credit(nowMs: number): number {
    if (this.#mode === 'live') return this.#pace.liveCredit(this.#store.frame(this.#cursor), nowMs);
    const credit = this.#pace.burstCredit(nowMs);
    if (this.#pace.isHeldByOthers) this.#lateness.excuseBurst();
    return credit;
  }

  #beginFrame(frame: StoredFrame, nowMs: number): void {
    const isLive = this.#mode === 'live';
    // Playout-delay makes a browser show frames as they come, which live frames should be; but a browser that is
    // still catching up must stay free to skip what is late.
    const hasDelay = frame.isKey && isLive && this.#lastBurst.isCaughtUpWith(nowMs);
    const playoutDelay = hasDelay ? livePlayoutDelay(this.#estimate, frame.byteLength) : NO_PLAYOUT_DELAY;
    this.#sender.begin(this.#store, frame, this.#clock.stamp(frame, isLive, nowMs), playoutDelay);
    const ageMs = nowMs - frame.arrivalMs;
    if (isLive) {
      this.#statistics.liveFrame(ageMs);
      if (ageMs <= MAX_ADDED_DELAY_MS) this.#room.forgetFull();
    } else if (!frame.isKey) this.#lateness.burstFrameLeaves(ageMs);
    this.#pace.frameLeaves(isLive ? frame.arrivalMs : nowMs);
  }

  #endFrame(frame: StoredFrame, nowMs: number): void {
    const isBurst = this.#mode === 'burst';
    this.#cursor = frame.number + 1;
    this.#lateness.frameLeft(frame, isBurst, nowMs);
    if (isBurst && frame.isKey) this.#lastBurst.mark(nowMs);
    const addedMs = this.#pace.frameLeft(nowMs);
    if (!isBurst) this.#statistics.paced(addedMs);
  }
}
