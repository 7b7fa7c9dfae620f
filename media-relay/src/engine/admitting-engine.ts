import type { BookedEngine, EnginePort, Feed, FeedListener } from './engine-port.ts';
import type {
  EngineEvent,
  HostSnapshot,
  KeyFrameQuestion,
  KeyFrameResult,
  OfferResult,
  QualityWish,
  SessionClock,
  SessionEnd,
  SessionQuality,
  StreamSpec,
} from './messages.ts';
import {
  BITRATE_AGAIN,
  fitsBitrate,
  overBitrateReasons,
  overCapacity,
  overCapacityReasons,
  overCapacitySentence,
  retryAfterSeconds,
  type AdmissionFacts,
  type AdmissionLimits,
  type BitrateAccount,
  type OverBitrateReason,
  type OverCapacityReason,
  type StreamLimits,
} from './admission.ts';
import { Pressure } from './pressure.ts';
import { StreamRates } from './stream-rates.ts';
import type { Clock } from '../media/clock.ts';

/** What is measured once a second on the main thread (host-limits.ts). */
export interface HostLoad {
  readonly memory: { readonly usedBytes: number; readonly limitBytes: number };
  readonly mainUtilisation: number;
}

export interface AdmittingEngineOptions {
  readonly engine: BookedEngine;
  readonly limits: AdmissionLimits;
  /** Of the configuration as it is now. */
  readonly streamLimitsOf: (stream: string) => StreamLimits;
  /** Index of the media thread that a stream lives on. */
  readonly threadOf: (stream: string) => number | undefined;
  readonly readLoad: () => HostLoad;
  readonly clock: Clock;
  readonly random: () => number;
}

interface Place {
  readonly stream: string;
  readonly sinceMs: number;
  isConnected: boolean;
  /** Otherwise the substream alone, until it is granted more. */
  maySeeMain: boolean;
}

/** Of one stream: how many may see each rendition; of those who ask nobody knows yet what they will see. */
interface Viewers {
  asking: number;
  main: number;
  sub: number;
}

const nobody: Readonly<Viewers> = { asking: 0, main: 0, sub: 0 };

const SAMPLE_MS = 1000;
/** A second at full load, as when a wall joins, is not yet too much; three are. */
const threadLevels = { high: 0.95, low: 0.85, weight: 0.3 };
/** Below the limit by this, viewers are admitted again. */
const MEMORY_EASE = 0.05;
const LATER = 'The main stream follows when there is room.';
/** A viewer that has not connected by now gives its place to the next, should there be no other. */
const HELD_PLACE_MS = 3000;

/**
 * An engine that says no before it is too much. It lives on the main thread, because what it decides on belongs to the
 * host: every session of every media thread, the process's memory, both kinds of threads.
 */
export class AdmittingEngine implements EnginePort {
  readonly #options: AdmittingEngineOptions;
  readonly #engine: BookedEngine;
  /** By session; oldest first. */
  readonly #places = new Map<string, Place>();
  /** By stream: kept as they come and go, for a question must cost little. Streams without any are left out. */
  readonly #viewers = new Map<string, Viewers>();
  readonly #rates = new StreamRates();
  readonly #refused: Record<OverCapacityReason, number>;
  /** Questions after the main stream. */
  readonly #keptDown: Record<OverBitrateReason, number>;
  /** By index. */
  readonly #mediaThreads = new Map<number, Pressure>();
  readonly #mainThread = new Pressure(threadLevels);
  readonly #memory: Pressure;
  #load: HostLoad;
  #limits: AdmissionLimits;
  #isBitrateFull = false;
  /** Streams whose own limit is reached in the same way. */
  readonly #fullStreams = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: AdmittingEngineOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#limits = options.limits;
    this.#memory = new Pressure(memoryLevels(options.limits));
    this.#refused = countersOf(overCapacityReasons);
    this.#keptDown = countersOf(overBitrateReasons);
    this.#load = options.readLoad();
    this.#memory.add(this.#load.memory.usedBytes / this.#load.memory.limitBytes);
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#engine.onEvent((event) => {
      const place = event.kind === 'viewer-joined' ? this.#places.get(event.sessionId) : undefined;
      if (place) place.isConnected = true;
    });
    this.#engine.onSessionEnded((sessionId) => this.#leave(sessionId));
    this.#engine.setMainStreamBook({
      take: (sessionId) => this.#goUp(sessionId),
      giveBack: (sessionId) => {
        const place = this.#places.get(sessionId);
        if (place) this.#show(place, false);
      },
    });
  }

  get mediaPort(): number {
    return this.#engine.mediaPort;
  }

  /** Takes effect with the next offer, and the next who would go up to a main stream; viewers that are there stay. */
  setLimits(limits: AdmissionLimits): void {
    this.#limits = limits;
    this.#isBitrateFull = false;
    this.#fullStreams.clear();
    this.#memory.setLevels(memoryLevels(limits));
  }

  async offer(stream: string, sdp: string, wish?: QualityWish): Promise<OfferResult> {
    // There is none: the engine says so.
    if (this.#options.threadOf(stream) === undefined) return this.#engine.offer(stream, sdp, wish);
    const reason = this.#reasonToRefuse(stream);
    if (reason !== undefined) return this.#refuse(reason);
    this.#count(stream, 'asking', 1);
    try {
      const result = await this.#engine.offer(stream, sdp, wish);
      if (result.ok) this.#enter(result.sessionId, stream, result.playing !== 'sub');
      return result;
    } finally {
      this.#count(stream, 'asking', -1);
    }
  }

  /** Limits of the host that refuse every viewer at the moment. */
  get fullHost(): readonly OverCapacityReason[] {
    const reasons: OverCapacityReason[] = [];
    if (this.#hostViewers() >= this.#limits.viewers) reasons.push('host-viewers');
    if (this.#isBitrateFull) reasons.push('host-bitrate');
    const isBusy = ({ isHigh }: Pressure): boolean => isHigh;
    if (
      this.#mainThread.isHigh ||
      (this.#mediaThreads.size > 0 && [...this.#mediaThreads.values()].every(isBusy))
    )
      reasons.push('event-loop');
    if (this.#memory.isHigh) reasons.push('memory');
    return reasons;
  }

  snapshot(): HostSnapshot | undefined {
    const snapshot = this.#engine.snapshot();
    if (snapshot === undefined) return undefined;
    const refused = Object.values(this.#refused).reduce((sum, count) => sum + count, 0);
    const { memory } = this.#load;
    return {
      ...snapshot,
      joinsTotal: { ...snapshot.joinsTotal, 'over-capacity': refused },
      overCapacityTotal: { ...this.#refused },
      keptDownTotal: { ...this.#keptDown },
      connectingSessions: this.#connecting(),
      expectedBitrateBps: this.#hostBitrateBps(),
      mainEventLoopUtilisation: this.#load.mainUtilisation,
      memoryUsedBytes: memory.usedBytes,
      memoryLimitBytes: memory.limitBytes,
    };
  }

  setStream(spec: StreamSpec): void {
    this.#engine.setStream(spec);
  }

  removeStream(name: string): void {
    this.#engine.removeStream(name);
  }

  restartStream(name: string): void {
    this.#engine.restartStream(name);
  }

  sessionClock(sessionId: string, frames: number): Promise<SessionClock | undefined> {
    return this.#engine.sessionClock(sessionId, frames);
  }

  keyFrame(stream: string, question?: KeyFrameQuestion): Promise<KeyFrameResult> {
    return this.#engine.keyFrame(stream, question);
  }

  openFeed(stream: string, listener: FeedListener): Feed {
    return this.#engine.openFeed(stream, listener);
  }

  /** The thread has asked for the main stream, if that is what is wanted, before it answers. */
  async sessionQuality(sessionId: string, wish: QualityWish): Promise<SessionQuality | undefined> {
    const quality = await this.#engine.sessionQuality(sessionId, wish);
    const place = this.#places.get(sessionId);
    if (quality?.switchingTo !== 'main' || place === undefined || place.maySeeMain) return quality;
    const full = this.#fullAboveSub(place.stream);
    // There is room by now: it asks again in a moment.
    if (full === undefined) return quality;
    return { ...quality, switchingTo: undefined, reason: `${overCapacitySentence(full)} ${LATER}` };
  }

  /** Its place is free at once: a page that is loaded again must not meet itself. */
  closeSession(sessionId: string, reason?: SessionEnd): void {
    this.#leave(sessionId);
    this.#engine.closeSession(sessionId, reason);
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#engine.onEvent(listener);
  }

  onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void {
    this.#engine.onSessionEnded(listener);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#engine.close();
  }

  /** Whoever has been about to connect for long makes way first: offers alone must not fill the host. */
  #reasonToRefuse(stream: string): OverCapacityReason | undefined {
    for (;;) {
      const reason = overCapacity(this.#facts(stream), this.#limits);
      if (reason === 'host-bitrate') this.#isBitrateFull = true;
      if (reason === 'stream-bitrate') this.#fullStreams.add(stream);
      if (reason === undefined || reason === 'event-loop' || reason === 'memory') return reason;
      const isOfStream = reason === 'stream-viewers' || reason === 'stream-bitrate';
      const idle = this.#oldestUnconnected(isOfStream ? stream : undefined);
      if (idle === undefined) return reason;
      this.closeSession(idle, 'never-connected');
    }
  }

  /** Counted at once: many that go up in one moment do not take the same room. */
  #goUp(sessionId: string): boolean {
    const place = this.#places.get(sessionId);
    if (place === undefined || place.maySeeMain) return place !== undefined;
    const full = this.#fullAboveSub(place.stream);
    if (full !== undefined) this.#keptDown[full]++;
    else this.#show(place, true);
    return full === undefined;
  }

  /**
   * The limit that leaves no room for one more who goes up. What is above `BITRATE_AGAIN` is for those who come: they see
   * nothing yet. Where nobody else is sent anything, they need none of it.
   */
  #fullAboveSub(stream: string): OverBitrateReason | undefined {
    if (this.#limits.bitrateBps === undefined && this.#streamLimitBps(stream) === undefined) return undefined;
    const { mainBps, subBps } = this.#rates.of(stream);
    const fits = (sent: BitrateAccount): boolean =>
      fitsBitrate(mainBps - subBps, { ...sent, wasFull: sent.sentBps > subBps });
    if (!fits(this.#streamSent(stream))) return 'stream-bitrate';
    return fits(this.#hostSent()) ? undefined : 'host-bitrate';
  }

  #facts(stream: string): AdmissionFacts {
    const streamViewers = total(this.#viewersOf(stream));
    // By its first viewer it is measured: were that one refused by what is assumed, it would never be.
    const isFirst = streamViewers === 0 && !this.#rates.knows(stream);
    return {
      streamViewers,
      maxStreamViewers: this.#options.streamLimitsOf(stream).viewers,
      streamSent: this.#streamSent(stream),
      streamBitrateBps: isFirst ? 0 : this.#rates.of(stream).mainBps,
      hostViewers: this.#hostViewers(),
      hostSent: this.#hostSent(),
      connecting: this.#connecting(),
      isThreadBusy: this.#isThreadBusy(stream),
      isMemoryFull: this.#memory.isHigh,
    };
  }

  #refuse(reason: OverCapacityReason): OfferResult {
    this.#refused[reason]++;
    return {
      ok: false,
      code: 'over-capacity',
      message: overCapacitySentence(reason),
      retryAfterSeconds: retryAfterSeconds(reason, this.#options.random),
      reason,
    };
  }

  #sample(): void {
    this.#load = this.#options.readLoad();
    this.#mainThread.add(this.#load.mainUtilisation);
    this.#memory.add(this.#load.memory.usedBytes / this.#load.memory.limitBytes);
    const snapshot = this.#engine.snapshot();
    // One that hangs is no case of load: engine-client.ts ends it within seconds, and its offers are answered as late ones.
    for (const { index, eventLoopUtilisation } of snapshot?.threads ?? [])
      this.#mediaThread(index).add(eventLoopUtilisation);
    this.#rates.add(snapshot, (stream) => this.#options.threadOf(stream) !== undefined);
    if (isOpenAgain(this.#hostSent())) this.#isBitrateFull = false;
    for (const stream of this.#fullStreams)
      if (isOpenAgain(this.#streamSent(stream))) this.#fullStreams.delete(stream);
  }

  #isThreadBusy(stream: string): boolean {
    const index = this.#options.threadOf(stream);
    return this.#mainThread.isHigh || (index !== undefined && this.#mediaThread(index).isHigh);
  }

  #mediaThread(index: number): Pressure {
    const known = this.#mediaThreads.get(index);
    if (known !== undefined) return known;
    const added = new Pressure(threadLevels);
    this.#mediaThreads.set(index, added);
    return added;
  }

  #enter(sessionId: string, stream: string, maySeeMain: boolean): void {
    this.#places.set(sessionId, {
      stream,
      sinceMs: this.#options.clock(),
      isConnected: false,
      maySeeMain,
    });
    this.#count(stream, maySeeMain ? 'main' : 'sub', 1);
  }

  #show(place: Place, maySeeMain: boolean): void {
    if (place.maySeeMain === maySeeMain) return;
    place.maySeeMain = maySeeMain;
    this.#count(place.stream, 'main', maySeeMain ? 1 : -1);
    this.#count(place.stream, 'sub', maySeeMain ? -1 : 1);
  }

  #leave(sessionId: string): void {
    const place = this.#places.get(sessionId);
    if (place === undefined) return;
    this.#places.delete(sessionId);
    this.#count(place.stream, place.maySeeMain ? 'main' : 'sub', -1);
  }

  #count(stream: string, kind: keyof Viewers, change: 1 | -1): void {
    const viewers = { ...this.#viewersOf(stream) };
    viewers[kind] += change;
    if (total(viewers) === 0) this.#viewers.delete(stream);
    else this.#viewers.set(stream, viewers);
  }

  #viewersOf(stream: string): Readonly<Viewers> {
    return this.#viewers.get(stream) ?? nobody;
  }

  #asking(): number {
    return sum([...this.#viewers.values()].map(({ asking }) => asking));
  }

  #hostViewers(): number {
    return this.#places.size + this.#asking();
  }

  #connecting(): number {
    const unconnected = [...this.#places.values()].filter(({ isConnected }) => !isConnected);
    return unconnected.length + this.#asking();
  }

  #streamLimitBps(stream: string): number | undefined {
    return this.#options.streamLimitsOf(stream).bitrateBps;
  }

  #streamSent(stream: string): BitrateAccount {
    return {
      sentBps: this.#streamBitrateBps(stream, this.#viewersOf(stream)),
      limitBps: this.#streamLimitBps(stream),
      wasFull: this.#fullStreams.has(stream),
    };
  }

  #hostSent(): BitrateAccount {
    return {
      sentBps: this.#hostBitrateBps(),
      limitBps: this.#limits.bitrateBps,
      wasFull: this.#isBitrateFull,
    };
  }

  #hostBitrateBps(): number {
    let bps = 0;
    for (const [stream, viewers] of this.#viewers) bps += this.#streamBitrateBps(stream, viewers);
    return bps;
  }

  #streamBitrateBps(stream: string, { asking, main, sub }: Viewers): number {
    const { mainBps, subBps } = this.#rates.of(stream);
    return (asking + main) * mainBps + sub * subBps;
  }

  #oldestUnconnected(stream: string | undefined): string | undefined {
    const beforeMs = this.#options.clock() - HELD_PLACE_MS;
    for (const [sessionId, place] of this.#places) {
      if (place.sinceMs > beforeMs) return undefined;
      if (!place.isConnected && (stream === undefined || place.stream === stream)) return sessionId;
    }
    return undefined;
  }
}

function isOpenAgain({ sentBps, limitBps }: BitrateAccount): boolean {
  return limitBps === undefined || sentBps < limitBps * BITRATE_AGAIN;
}

function memoryLevels({ memoryShare }: AdmissionLimits) {
  return { high: memoryShare, low: Math.max(0, memoryShare - MEMORY_EASE), weight: 1 };
}

function countersOf<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

function total({ asking, main, sub }: Viewers): number {
  return asking + main + sub;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
