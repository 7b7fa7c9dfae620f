import type { BookedEngine, Feed, FeedListener, MainStreamBook } from '../../engine/engine-port.ts';
import type {
  EngineSnapshot,
  KeyFrameResult,
  OfferResult,
  QualityWish,
  RenditionSnapshot,
  SessionClock,
  SessionEnd,
  SessionQuality,
  StreamSnapshot,
} from '../../engine/messages.ts';
import { summarisePaths } from '../../stream/path-statistics.ts';

/** An engine that answers as it is told and remembers what it was asked. */
export class FakeEngine implements BookedEngine {
  readonly mediaPort = 8641;
  readonly calls: string[] = [];
  readonly #endListeners: ((sessionId: string, stream: string, reason: SessionEnd) => void)[] = [];
  offerResult: OfferResult | Error | Promise<OfferResult> = {
    ok: true,
    sessionId: 'session-1',
    sdp: 'v=0\r\n',
  };
  clock: SessionClock | undefined = { relayMs: 5, frames: [[1, 2]] };
  onClose: ((sessionId: string) => void) | undefined;
  onOffer: (() => void) | undefined;
  snapshots: readonly StreamSnapshot[] = [];

  setStream(): void {}
  removeStream(): void {}
  restartStream(name: string): void {
    this.calls.push(`restart ${name}`);
  }
  offer(stream: string, sdp: string, wish: QualityWish = {}): Promise<OfferResult> {
    this.wishes.push(wish);
    this.calls.push(`offer ${stream} ${sdp.length}`);
    this.onOffer?.();
    return this.offerResult instanceof Error
      ? Promise.reject(this.offerResult)
      : Promise.resolve(this.offerResult);
  }
  sessionClock(sessionId: string, frames: number): Promise<SessionClock | undefined> {
    this.calls.push(`clock ${sessionId} ${frames}`);
    return Promise.resolve(this.clock);
  }
  quality: SessionQuality | undefined = {
    wanted: 'auto',
    playing: 'main',
    switchingTo: undefined,
    reason: undefined,
  };
  wishes: QualityWish[] = [];
  sessionQuality(sessionId: string, wish: QualityWish): Promise<SessionQuality | undefined> {
    this.calls.push(`quality ${sessionId}`);
    this.wishes.push(wish);
    return Promise.resolve(this.quality);
  }
  book: MainStreamBook | undefined;
  setMainStreamBook(book: MainStreamBook): void {
    this.book = book;
  }
  closeSession(sessionId: string): void {
    this.calls.push(`close ${sessionId}`);
    this.onClose?.(sessionId);
  }
  keyFrame(stream: string): Promise<KeyFrameResult> {
    this.calls.push(`key-frame ${stream}`);
    return Promise.resolve({ kind: 'none', code: 'stream-not-ready', message: 'No picture.' });
  }
  openFeed(stream: string, _listener: FeedListener): Feed {
    this.calls.push(`feed ${stream}`);
    return { taken: () => undefined, close: () => void this.calls.push(`close feed ${stream}`) };
  }
  snapshot(): EngineSnapshot | undefined {
    // The API reads the streams only.
    return { atMs: 0, streams: this.snapshots } as EngineSnapshot;
  }
  onEvent(): void {}
  onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void {
    this.#endListeners.push(listener);
  }
  endSession(sessionId: string, stream: string): void {
    for (const listener of this.#endListeners) listener(sessionId, stream, 'silent');
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const liveSnapshot: StreamSnapshot = {
  name: 'lobby-1',
  state: 'live',
  stateSinceMs: 1000,
  reason: undefined,
  reasonCode: undefined,
  warnings: ['no-clock'],
  transport: 'tcp',
  videoCodec: 'H264',
  audioCodec: undefined,
  h264: {
    profileLevelId: '64001f',
    profileName: 'High',
    width: 1280,
    height: 720,
    framesPerSecond: 30,
    maxReorderFrames: 0,
  },
  framesPerSecond: 30,
  bitrateBps: 4_000_000,
  captureDelaySeconds: undefined,
  keyFrameIntervalSeconds: 4,
  lastFrameMs: 2000,
  framesTotal: 1,
  keyFramesTotal: 1,
  brokenFramesTotal: 0,
  packetsTotal: 1,
  bytesTotal: 1,
  lostPacketsTotal: 0,
  reorderedPacketsTotal: 0,
  jitterSeconds: undefined,
  roundTripSeconds: undefined,
  reconnectsTotal: {},
  viewers: 2,
  isSought: false,
  sentPacketsTotal: 0,
  sentBytesTotal: 0,
  resentPacketsTotal: 0,
  burstsTotal: 0,
  droppedFramesTotal: {},
  qualitySwitchesTotal: {},
  substream: undefined,
  pacerDelay: { meanSeconds: 0, maxSeconds: 0 },
  viewerPaths: summarisePaths([]),
};

export const substreamSnapshot: RenditionSnapshot = {
  state: 'offline',
  reason: undefined,
  h264: {
    profileLevelId: '42e01e',
    profileName: 'Constrained Baseline',
    width: 640,
    height: 360,
    framesPerSecond: 15,
    maxReorderFrames: 0,
  },
  transport: 'tcp',
  framesPerSecond: 0,
  bitrateBps: 0,
  keyFrameIntervalSeconds: 2,
  lastFrameMs: 2000,
  framesTotal: 1,
  packetsTotal: 1,
  bytesTotal: 1,
  lostPacketsTotal: 0,
  reconnectsTotal: {},
  viewers: 0,
};
