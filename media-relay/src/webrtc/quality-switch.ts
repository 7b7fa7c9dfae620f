/**
 * One viewer's way between the renditions of its stream: what it wishes, what the policy makes of it, and the moment
 * of the switch. The picture that plays goes on until the other rendition has a group of pictures to begin with.
 */
import type { QualityWish, SessionQuality } from '../engine/messages.ts';
import type { SwitchReason } from '../stream/path-statistics.ts';
import type { Rendition } from '../stream/rendition.ts';
import type { Quality, RenditionName } from '../stream/states.ts';
import { isLost, lacksKeyFrames, type Stream, type StreamReader } from '../stream/stream.ts';
import { canCarry } from './h264-profile.ts';
import { FULL_PACE_BPS } from './known-path.ts';
import {
  QualityPolicy,
  unknownPath,
  type PathFacts,
  type QualityDecision,
  type RenditionFacts,
} from './quality-policy.ts';
import type { VideoFeed } from './video-feed.ts';

/** A longer burst waits for the next key frame, unless what plays is no use. */
const MAX_BURST_MS = 300;
/** A camera whose connection has ended may be back within this; then its last frames no longer make it live. */
const GONE_AFTER_MS = 1000;
/** Who may not go up asks again after this, or half as much again: there may be room, and not all should ask together. */
const ASK_AGAIN_MS = 4000;
const ASK_AGAIN_SPREAD = 0.5;
const urgent: ReadonlySet<SwitchReason> = new Set(['path', 'roll-back', 'availability']);

/** Whoever sees the substream goes up by leave of this alone: the host may send no more (engine/admitting-engine.ts). */
export interface MainStreamGate {
  /** Each question is answered once, by `answered`. */
  readonly ask: () => void;
  readonly giveBack: () => void;
}

export interface QualitySwitchOptions {
  readonly stream: Stream;
  /** Attached to the stream, watching `first`. */
  readonly reader: StreamReader;
  readonly first: Rendition;
  readonly wish: QualityWish;
  /** profile-level-id of the payload type that was answered. */
  readonly profileLevelId: string;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Undefined: nobody needs to ask. */
  readonly gate?: MainStreamGate | undefined;
}

export class QualitySwitch {
  readonly #stream: Stream;
  readonly #reader: StreamReader;
  readonly #carried: readonly string[];
  readonly #policy: QualityPolicy;
  readonly #gate: MainStreamGate | undefined;
  readonly #random: () => number;
  /** What is known of the leave to show the main stream. */
  #leave: 'granted' | 'asked' | 'none';
  #askAgainMs = Number.NEGATIVE_INFINITY;
  #wanted: Quality = 'auto';
  #tile: QualityWish['tile'];
  #playing: Rendition;
  #decision: QualityDecision;
  #path: PathFacts = unknownPath;

  constructor({ stream, reader, first, wish, profileLevelId, random, gate }: QualitySwitchOptions) {
    this.#policy = new QualityPolicy(random);
    this.#stream = stream;
    this.#reader = reader;
    this.#playing = first;
    this.#gate = gate;
    this.#random = random;
    this.#leave = first.name === 'main' || gate === undefined ? 'granted' : 'none';
    this.#carried = [profileLevelId, ...(first.facts ? [first.facts.profileLevelId] : [])];
    this.#decision = { rendition: first.name, reason: 'viewer', needsSub: first.name === 'sub' };
    this.#take(wish);
  }

  get playing(): Rendition {
    return this.#playing;
  }

  get state(): SessionQuality {
    const { rendition } = this.#decision;
    const playing = this.#playing.name;
    return {
      wanted: this.#wanted,
      playing,
      switchingTo: rendition === playing ? undefined : rendition,
      reason: this.#wanted === 'auto' || this.#wanted === playing ? undefined : this.#problem(this.#wanted),
    };
  }

  wish(wish: QualityWish, feed: VideoFeed | undefined, nowMs: number): SessionQuality {
    this.#take(wish);
    this.#askAgainMs = nowMs;
    this.steer(feed, this.#path, nowMs);
    return this.state;
  }

  /** About ten times a second, and when something has changed. */
  steer(feed: VideoFeed | undefined, path: PathFacts, nowMs: number): void {
    const { main, sub } = this.#stream;
    if (sub === undefined) return;
    this.#path = path;
    this.#decision = this.#policy.decide(
      {
        wanted: this.#wanted,
        tile: this.#tile,
        main: this.#factsOf(main, nowMs),
        sub: this.#factsOf(sub, nowMs),
        path,
        playing: this.#playing.name,
      },
      nowMs,
    );
    if (this.#decision.needsSub) sub.hold(this.#reader);
    else if (this.#playing !== sub) sub.release(this.#reader);
    const target = this.#decision.rendition === 'main' ? main : sub;
    this.#settleLeave(nowMs);
    if (target !== this.#playing && this.#mayShow(target) && this.#isTime(target, nowMs))
      this.#switch(target, feed, nowMs);
  }

  /** What was asked of the gate. */
  answered(isGranted: boolean, feed: VideoFeed | undefined, nowMs: number): void {
    this.#leave = isGranted ? 'granted' : 'none';
    this.#askAgainMs = nowMs + ASK_AGAIN_MS * (1 + ASK_AGAIN_SPREAD * this.#random());
    // It may have changed its mind.
    if (isGranted) this.steer(feed, this.#path, nowMs);
  }

  /** The rendition has a new key frame: no burst is shorter than the one that begins with it. */
  onReady(rendition: Rendition, feed: VideoFeed | undefined, nowMs: number): void {
    // What it is may be known only now.
    this.steer(feed, this.#path, nowMs);
    if (
      rendition !== this.#playing &&
      rendition.name === this.#decision.rendition &&
      this.#mayShow(rendition) &&
      rendition.isReady(nowMs)
    )
      this.#switch(rendition, feed, nowMs);
  }

  #mayShow(rendition: Rendition): boolean {
    return rendition.name === 'sub' || this.#leave === 'granted';
  }

  /** The leave is there when the burst can begin, and goes back when it is of no use. */
  #settleLeave(nowMs: number): void {
    if (this.#gate === undefined || this.#playing.name === 'main') return;
    const isWanted = this.#decision.rendition === 'main';
    if (this.#leave === 'granted' && !isWanted) {
      this.#leave = 'none';
      this.#gate.giveBack();
    } else if (this.#leave === 'none' && isWanted && nowMs >= this.#askAgainMs) {
      this.#leave = 'asked';
      this.#gate.ask();
    }
  }

  #take({ quality, tile }: QualityWish): void {
    this.#wanted = quality ?? this.#wanted;
    this.#tile = tile ?? this.#tile;
  }

  #switch(target: Rendition, feed: VideoFeed | undefined, nowMs: number): void {
    const store = target.videoStore;
    if (store === undefined) return;
    this.#playing.unwatch(this.#reader);
    target.watch(this.#reader);
    this.#playing = target;
    this.#settleLeave(nowMs);
    if (feed === undefined) return;
    feed.setStreamBitrate(target.bitrateBps);
    feed.switchTo(store, nowMs);
    this.#stream.statistics.switched(this.#decision.reason);
  }

  /** Whether the burst would be short enough, now. */
  #isTime(target: Rendition, nowMs: number): boolean {
    const store = target.videoStore;
    if (store?.gopStart === undefined || !target.isReady(nowMs)) return false;
    const burstMs = (store.gopBytes * 8000) / (this.#path.capacityBps ?? FULL_PACE_BPS);
    if (burstMs <= MAX_BURST_MS) return true;
    const { keyFrameIntervalSeconds = Number.POSITIVE_INFINITY } = target.counters;
    const ageMs = nowMs - (store.frame(store.gopStart)?.arrivalMs ?? nowMs);
    return urgent.has(this.#decision.reason) && burstMs < keyFrameIntervalSeconds * 1000 - ageMs;
  }

  #factsOf(rendition: Rendition, nowMs: number): RenditionFacts {
    const { facts, bitrateBps } = rendition;
    return {
      availability: this.#fits(rendition) ? availabilityOf(rendition, nowMs) : 'lost',
      size: facts && { width: facts.width, height: facts.height },
      bitrateBps,
    };
  }

  /** What plays already is not asked: a camera may be given another profile under its viewers. */
  #fits(rendition: Rendition): boolean {
    const { facts } = rendition;
    return (
      rendition === this.#playing || facts === undefined || canCarry(this.#carried, facts.profileLevelId)
    );
  }

  #problem(wanted: RenditionName): string | undefined {
    const rendition = this.#stream.rendition(wanted);
    if (rendition === undefined) return 'The stream has no substream.';
    const name = wanted === 'sub' ? 'substream' : 'main stream';
    if (!this.#fits(rendition)) {
      const profile = rendition.facts?.profileName ?? 'unknown';
      return `The ${name} is H.264 ${profile}, which this session did not negotiate: make a new offer with quality=${wanted}.`;
    }
    if (rendition.refusal !== undefined) return rendition.refusal;
    if (rendition.failure !== undefined) return `The ${name} cannot be reached at the moment.`;
    return lacksKeyFrames(rendition)
      ? `The ${name} is shown from its next key frame on: it has had none for more than 10 s, 600 frames or 16 MB. Set its I-frame interval to 1-4 s.`
      : undefined;
  }
}

function availabilityOf(rendition: Rendition, nowMs: number): RenditionFacts['availability'] {
  const state = rendition.state(nowMs);
  const { failure, counters } = rendition;
  const isGone = failure !== undefined && nowMs - (counters.lastFrameMs ?? nowMs) > GONE_AFTER_MS;
  if (state === 'live') return isGone ? 'lost' : 'live';
  return isLost(state) ? 'lost' : 'maybe';
}
