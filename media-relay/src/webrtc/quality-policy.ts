/**
 * Which rendition one viewer should see. `auto` follows the size of its tile, and falls to the substream when its path
 * is too narrow for the main one. That a path has become wider, video at a constant rate cannot show by itself: the
 * way up is a trial of the main stream, rolled back within two seconds when the path shows strain; after each that
 * fails, the next one waits twice as long. Pure: what is known, the time and chance are passed in.
 */
import type { TileSize } from '../engine/messages.ts';
import type { SwitchReason } from '../stream/path-statistics.ts';
import type { Quality, RenditionName } from '../stream/states.ts';

export interface RenditionFacts {
  /** `maybe`: not connected yet. `lost`: cannot be reached, or not be shown to this viewer. */
  readonly availability: 'live' | 'maybe' | 'lost';
  /** Of its picture, in pixels; undefined until it was connected once. */
  readonly size: TileSize | undefined;
  readonly bitrateBps: number;
}

export interface PathFacts {
  /** Undefined while nothing is known to limit the path. */
  readonly capacityBps: number | undefined;
  /** 0..1 of the packets, of late. */
  readonly lossShare: number;
  /** What the path's queue adds to the delay. */
  readonly queueDelayMs: number;
  /** How long the next live frame has waited at the relay, because the pace for this path is too low for it. */
  readonly waitingMs: number;
}

export const unknownPath: PathFacts = {
  capacityBps: undefined,
  lossShare: 0,
  queueDelayMs: 0,
  waitingMs: 0,
};

export interface QualityFacts {
  readonly wanted: Quality;
  /** In device pixels; undefined: unknown. */
  readonly tile: TileSize | undefined;
  readonly main: RenditionFacts;
  readonly sub: RenditionFacts;
  readonly path: PathFacts;
  readonly playing: RenditionName;
}

export interface QualityDecision {
  readonly rendition: RenditionName;
  /** Why, should it differ from what is playing. */
  readonly reason: SwitchReason;
  /** The substream should be kept connected: it is what is wanted, or may be needed at once. */
  readonly needsSub: boolean;
}

/** Enlarged by more than this, the substream is too coarse; up to `SUFFICES_SCALE` it is good enough. */
const COARSE_SCALE = 1.3;
const SUFFICES_SCALE = 1.05;
/** Stands for a substream that was never connected. */
const USUAL_SUB: TileSize = { width: 640, height: 360 };

/** `auto` leaves a picture alone for so long, except to roll a trial back. */
const DWELL_MS = 1000;
/** Strain for so long, and the viewer falls to the substream. Time without counts against it, by a quarter. */
const STRAIN_MS = 700;
const RELIEF = 0.25;
const TRIAL_MS = 2000;
/** Free of strain for so long before a trial. */
const CALM_MS = 3000;
const FIRST_RETRY_MS = 4000;
const LONGEST_RETRY_MS = 120_000;
/** A trial against what the path is known to carry waits so much longer. */
const AGAINST_ODDS = 4;
/** A trial that was good for so long is forgotten. */
const PROVEN_MS = 30_000;
/** Viewers who share a path fall together, and would try together for ever: each waits a quarter longer or shorter. */
const SPREAD = 0.25;
/** What was lost must be back for so long. */
const RETURN_MS = 3000;

interface Narrow {
  readonly kind: 'narrow';
  readonly sinceMs: number;
  readonly reason: 'path' | 'roll-back';
  /** Of the waits before the next trial, about 1. */
  readonly patience: number;
}

type PathState =
  /** Since when it carries the main stream again; undefined: nothing ever spoke against it. */
  | { readonly kind: 'open'; readonly sinceMs: number | undefined }
  | Narrow
  /** The switch is on its way, or may not be made yet (quality-switch.ts). */
  | { readonly kind: 'try' }
  /** Since when the main stream plays, and what the path lost before: what radio loses has nothing to do with it. */
  | { readonly kind: 'trial'; readonly sinceMs: number; readonly lossShareBefore: number };

export class QualityPolicy {
  readonly #random: () => number;
  #bySize: RenditionName = 'main';
  #path: PathState = { kind: 'open', sinceMs: undefined };
  #retryMs = FIRST_RETRY_MS;
  #strainMs = 0;
  #calmSinceMs: number | undefined;
  #observedMs: number | undefined;
  #playing: RenditionName | undefined;
  #playingSinceMs = Number.NEGATIVE_INFINITY;
  /** What is wanted is not there; `sinceMs`: it is back. */
  #away: { readonly rendition: RenditionName; readonly backSinceMs: number | undefined } | undefined;

  /** `random`: from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  decide(facts: QualityFacts, nowMs: number): QualityDecision {
    const { playing, wanted } = facts;
    if (playing !== this.#playing) {
      if (this.#playing !== undefined) this.#playingSinceMs = nowMs;
      this.#playing = playing;
    }
    const isAuto = wanted === 'auto';
    const choice = isAuto ? this.#choose(facts, nowMs) : chosen(wanted);
    const needsSub = choice.rendition === 'sub' || (isAuto && this.#isDoubtful());
    const { rendition, reason } = this.#insteadOfLost(choice, facts, nowMs);
    const isSettled = !isAuto || reason === 'roll-back' || nowMs - this.#playingSinceMs >= DWELL_MS;
    return {
      rendition: isSettled ? rendition : playing,
      reason,
      needsSub: needsSub || rendition === 'sub',
    };
  }

  #choose(facts: QualityFacts, nowMs: number): Choice {
    this.#bySize = bySize(facts.tile, facts.sub.size, this.#bySize);
    this.#observePath(facts, nowMs);
    if (this.#bySize === 'sub') return { rendition: 'sub', reason: 'tile' };
    const path = this.#path;
    if (path.kind === 'narrow') return { rendition: 'sub', reason: path.reason };
    return { rendition: 'main', reason: path.kind === 'open' ? 'tile' : 'trial' };
  }

  #observePath({ main, path, playing }: QualityFacts, nowMs: number): void {
    // Between two looks that are far apart, nobody knows.
    const elapsedMs = Math.min(250, nowMs - (this.#observedMs ?? nowMs));
    this.#observedMs = nowMs;
    const isTooNarrow = path.capacityBps !== undefined && path.capacityBps < main.bitrateBps;
    if (exceeds(path, playing === 'main' && isTooNarrow ? EXPECTED_STRAIN : STRAIN)) {
      this.#strainMs += elapsedMs;
      this.#calmSinceMs = undefined;
    } else {
      this.#strainMs = Math.max(0, this.#strainMs - elapsedMs * RELIEF);
      this.#calmSinceMs ??= nowMs;
    }
    if (playing === 'sub') this.#strainMs = 0;
    const state = this.#path;
    switch (state.kind) {
      case 'open':
        if (this.#strainMs >= STRAIN_MS) {
          const isFresh = state.sinceMs !== undefined && nowMs - state.sinceMs < PROVEN_MS;
          this.#retryMs = isFresh ? Math.min(LONGEST_RETRY_MS, this.#retryMs * 2) : FIRST_RETRY_MS;
          this.#path = this.#narrow('path', nowMs);
        } else if (state.sinceMs !== undefined && nowMs - state.sinceMs >= PROVEN_MS) {
          this.#path = { kind: 'open', sinceMs: undefined };
        }
        return;
      case 'narrow':
        if (playing === 'sub' && this.#bySize === 'main' && this.#mayTry(state, path, main.bitrateBps, nowMs))
          this.#path = { kind: 'try' };
        return;
      case 'try':
        if (playing === 'main')
          this.#path = { kind: 'trial', sinceMs: nowMs, lossShareBefore: path.lossShare };
        else if (this.#bySize === 'sub' || this.#calmSinceMs === undefined)
          this.#path = this.#narrow('path', nowMs);
        return;
      case 'trial':
        this.#watchTrial(state, path, nowMs);
    }
  }

  #narrow(reason: Narrow['reason'], nowMs: number): Narrow {
    return { kind: 'narrow', sinceMs: nowMs, reason, patience: 1 + SPREAD * (2 * this.#random() - 1) };
  }

  /** Both waits are spread: the trial of one ends the calm of all who share its path in the same moment. */
  #mayTry(
    { sinceMs, patience }: Narrow,
    { capacityBps }: PathFacts,
    needBps: number,
    nowMs: number,
  ): boolean {
    const isAgainstOdds = capacityBps !== undefined && capacityBps < needBps * 1.1;
    const waitMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * (isAgainstOdds ? AGAINST_ODDS : 1));
    const isCalm = this.#calmSinceMs !== undefined && nowMs - this.#calmSinceMs >= CALM_MS * patience;
    return isCalm && nowMs - sinceMs >= waitMs * patience;
  }

  #watchTrial(
    { sinceMs, lossShareBefore }: PathState & { readonly kind: 'trial' },
    path: PathFacts,
    nowMs: number,
  ): void {
    if (this.#bySize === 'sub') {
      this.#path = this.#narrow('path', nowMs);
    } else if (exceeds({ ...path, lossShare: path.lossShare - lossShareBefore }, TRIAL_STRAIN)) {
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
      this.#path = this.#narrow('roll-back', nowMs);
    } else if (nowMs - sinceMs >= TRIAL_MS) {
      this.#path = { kind: 'open', sinceMs: nowMs };
    }
  }

  /** The path was too narrow a while ago, or begins to be. */
  #isDoubtful(): boolean {
    const wasNarrow = this.#path.kind !== 'open' || this.#path.sinceMs !== undefined;
    return wasNarrow || this.#strainMs >= STRAIN_MS / 3;
  }

  /** Another picture is better than none. */
  #insteadOfLost(choice: Choice, facts: QualityFacts, nowMs: number): Choice {
    const { rendition } = choice;
    const other = rendition === 'main' ? 'sub' : 'main';
    if (this.#away?.rendition !== rendition) this.#away = undefined;
    if (facts[rendition].availability === 'lost') {
      if (facts[other].availability === 'lost') return { ...choice, rendition: facts.playing };
      this.#away = { rendition, backSinceMs: undefined };
      return { rendition: other, reason: 'availability' };
    }
    if (this.#away === undefined) return choice;
    if (facts.playing === rendition) {
      this.#away = undefined;
      return choice;
    }
    const isBack = facts[rendition].availability === 'live';
    const backSinceMs = isBack ? (this.#away.backSinceMs ?? nowMs) : undefined;
    this.#away = { rendition, backSinceMs };
    const isOtherGone = facts[other].availability === 'lost';
    const mayReturn = backSinceMs !== undefined && (isOtherGone || nowMs - backSinceMs >= RETURN_MS);
    return { rendition: mayReturn ? rendition : other, reason: 'availability' };
  }
}

interface Choice {
  readonly rendition: RenditionName;
  readonly reason: SwitchReason;
}

const chosen = (rendition: RenditionName): Choice => ({ rendition, reason: 'viewer' });

type Limits = Omit<PathFacts, 'capacityBps'>;

/** Of a path that should carry the main stream and does not. Radio that loses one packet in twenty still does. */
const STRAIN: Limits = { queueDelayMs: 150, lossShare: 0.1, waitingMs: 250 };
/** With a capacity below the main stream's rate, less is proof enough. */
const EXPECTED_STRAIN: Limits = { queueDelayMs: 60, lossShare: 0.03, waitingMs: 150 };
const TRIAL_STRAIN: Limits = { queueDelayMs: 100, lossShare: 0.05, waitingMs: 250 };

function exceeds({ lossShare, queueDelayMs, waitingMs }: PathFacts, limits: Limits): boolean {
  return queueDelayMs > limits.queueDelayMs || lossShare > limits.lossShare || waitingMs > limits.waitingMs;
}

/** What a tile of this size is filled with; `before` where either will do. Unknown: the main stream. */
export function bySize(
  tile: TileSize | undefined,
  sub: TileSize | undefined = USUAL_SUB,
  before: RenditionName = 'main',
): RenditionName {
  if (tile === undefined || sub.width === 0 || sub.height === 0) return 'main';
  const scale = Math.min(tile.width / sub.width, tile.height / sub.height);
  if (scale > COARSE_SCALE) return 'main';
  return scale <= SUFFICES_SCALE ? 'sub' : before;
}
