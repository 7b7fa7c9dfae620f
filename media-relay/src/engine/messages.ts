/**
 * Everything that the main thread and a media thread say to each other. Plain data (structured clone), no functions,
 * no JSON. Numbers named `...Total` only grow for as long as the engine lives.
 */
import type { H264Facts } from '../media/track.ts';
import type { ViewerPathSummary } from '../stream/path-statistics.ts';
import type { Quality, RenditionName, StreamState, StreamWarning } from '../stream/states.ts';
import type { StreamReasonCode } from '../stream/stream-reason.ts';
import type { OverBitrateReason, OverCapacityReason } from './admission.ts';

/** What the media thread needs to know of a configured stream. The URL holds credentials: never log it. */
export interface StreamSpec {
  readonly name: string;
  readonly url: string;
  /** URL of the same camera's smaller picture; holds credentials as well. */
  readonly substream?: string | undefined;
  readonly onDemand: boolean;
  readonly transport: 'auto' | 'tcp' | 'udp';
  /** SHA-256 of the camera's certificate in hex, when pinned (RTSPS). */
  readonly tlsFingerprint: string | undefined;
}

export interface EngineSpec {
  /** One number for UDP on every local address. 0 lets the system choose (tests). */
  readonly mediaPort: number;
  /** Local addresses to bind; empty means all of them, loopback and link-local rules in webrtc/addresses.ts. */
  readonly mediaAddresses: readonly string[];
  /** Addresses or `address:port` to announce besides (NAT, containers). */
  readonly announcedAddresses: readonly string[];
  /** Halves to use whatever this machine can do (tests). A forced native half that does not work is an error. */
  readonly parts?: Partial<BackEnds>;
  /** Which of the media threads this is, from 0; default 0. */
  readonly threadIndex?: number;
  /** Whatever waits leaves at once (bench/burst.ts shows what that costs). */
  readonly unpaced?: boolean;
}

/** What a media thread begins with. */
export interface ThreadData {
  readonly spec: EngineSpec;
  /** Of a NativeLedger; the main thread reads it when the thread has ended. */
  readonly ledger: SharedArrayBuffer;
}

export type ToEngine =
  | { readonly type: 'set-stream'; readonly spec: StreamSpec }
  | { readonly type: 'remove-stream'; readonly name: string }
  | { readonly type: 'restart-stream'; readonly name: string }
  | {
      readonly type: 'offer';
      readonly requestId: number;
      readonly stream: string;
      readonly sdp: string;
      readonly wish: QualityWish;
    }
  | {
      readonly type: 'session-clock';
      readonly requestId: number;
      readonly sessionId: string;
      readonly frames: number;
    }
  | {
      readonly type: 'session-quality';
      readonly requestId: number;
      readonly sessionId: string;
      readonly wish: QualityWish;
    }
  | { readonly type: 'main-stream-answer'; readonly sessionId: string; readonly isGranted: boolean }
  | { readonly type: 'close-session'; readonly sessionId: string; readonly reason: SessionEnd }
  | {
      readonly type: 'key-frame';
      readonly requestId: number;
      readonly stream: string;
      readonly question: KeyFrameQuestion;
    }
  | { readonly type: 'open-feed'; readonly feedId: number; readonly stream: string }
  | { readonly type: 'feed-taken'; readonly feedId: number; readonly bytes: number }
  | { readonly type: 'close-feed'; readonly feedId: number }
  | { readonly type: 'shutdown' };

export type FromEngine =
  | { readonly type: 'ready'; readonly mediaPort: number; readonly back: BackEnds }
  | { readonly type: 'answer'; readonly requestId: number; readonly result: OfferResult }
  | { readonly type: 'session-clock'; readonly requestId: number; readonly clock: SessionClock | undefined }
  | {
      readonly type: 'session-quality';
      readonly requestId: number;
      readonly quality: SessionQuality | undefined;
    }
  /** The session sees the substream and wants the main stream: `main-stream-answer` says whether it may. */
  | { readonly type: 'ask-main-stream'; readonly sessionId: string }
  /** It may see the main stream, and has no use for it any more. */
  | { readonly type: 'leave-main-stream'; readonly sessionId: string }
  | {
      readonly type: 'session-ended';
      readonly sessionId: string;
      readonly stream: string;
      readonly reason: SessionEnd;
    }
  | { readonly type: 'key-frame'; readonly requestId: number; readonly result: KeyFrameResult }
  | { readonly type: 'feed-picture'; readonly feedId: number; readonly picture: CodedPicture }
  | { readonly type: 'feed-ended'; readonly feedId: number; readonly reason: FeedEnd }
  | { readonly type: 'statistics'; readonly snapshot: EngineSnapshot }
  | { readonly type: 'event'; readonly event: EngineEvent }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: LogFields;
    }
  | { readonly type: 'stopped' };

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Which half of each seam runs. */
export interface BackEnds {
  readonly dtls: 'native' | 'portable';
  readonly srtp: 'native' | 'portable';
  readonly udp: 'native' | 'portable';
}

export type OfferResult =
  | {
      readonly ok: true;
      readonly sessionId: string;
      readonly sdp: string;
      /** What it sees first; absent: the main stream. */
      readonly playing?: RenditionName;
    }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly message: string;
      readonly retryAfterSeconds?: number;
      /** With `over-capacity`: which limit. */
      readonly reason?: OverCapacityReason;
    };

/** Why an offer gets no answer. http/errors.ts gives each its status. */
export type RefusalCode =
  | 'stream-not-found'
  | 'offer-malformed'
  | 'offer-without-video'
  | 'no-common-codec'
  | 'stream-refused'
  | 'stream-not-ready'
  | 'over-capacity'
  | 'shutting-down';

export type SessionEnd =
  | 'closed-by-viewer'
  | 'closed-by-relay'
  | 'silent'
  | 'never-connected'
  | 'dtls-failed'
  | 'stream-removed'
  /** The media thread died with it. */
  | 'engine-stopped'
  | 'shutdown';

/** RTP timestamps of the newest frames sent to one viewer, with the moment each reached the relay. */
export interface SessionClock {
  readonly relayMs: number;
  /** Oldest first: [RTP timestamp as sent, arrival at the relay, by the same clock]. */
  readonly frames: readonly (readonly [rtpTimestamp: number, ingestMs: number])[];
}

/** What a viewer wants; what is left out stays as it was (at first: `auto`, size unknown). */
export interface QualityWish {
  readonly quality?: Quality | undefined;
  /** Of the picture's place on the screen, in device pixels (CSS pixels x devicePixelRatio). */
  readonly tile?: TileSize | undefined;
}

export interface TileSize {
  readonly width: number;
  readonly height: number;
}

export interface SessionQuality {
  readonly wanted: Quality;
  readonly playing: RenditionName;
  /** On its way: it begins with the next group of pictures of that rendition. */
  readonly switchingTo: RenditionName | undefined;
  /** A sentence when what is wanted cannot be had now. */
  readonly reason: string | undefined;
}

/** One picture as the camera coded it, for a decoder outside of the media thread. Its bytes are transferred. */
export interface CodedPicture {
  /** NAL units, each after its length in four bytes (ISO/IEC 14496-15, 5.3.3); a key frame begins with SPS and PPS. */
  readonly units: Uint8Array<ArrayBuffer>;
  readonly isKey: boolean;
  /** Counts the frames of its stream. */
  readonly number: number;
  readonly arrivalMs: number;
  /** By the camera's own clock, where it is known. */
  readonly captureMs: number | undefined;
}

export interface KeyFrameQuestion {
  /** Arrival of the one that the asker has: `unchanged` when there is no newer one. */
  readonly newerThanMs?: number | undefined;
  /** How long an on-demand camera is started and a first key frame waited for, less than 2 s; 0 or nothing: not at all. */
  readonly waitMs?: number | undefined;
}

/** The last whole key frame, whatever its age and the state of its stream. */
export type KeyFrameResult =
  | { readonly kind: 'picture'; readonly picture: CodedPicture }
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'none';
      readonly code: 'stream-not-found' | 'stream-not-ready';
      readonly message: string;
    };

export type FeedEnd = 'stream-not-found' | 'stream-removed' | 'engine-stopped';

export type EngineEvent = { readonly atMs: number; readonly stream: string } & (
  | { readonly kind: 'stream-up' }
  | { readonly kind: 'stream-down'; readonly reason: string; readonly message: string }
  | { readonly kind: 'stream-stalled' }
  | { readonly kind: 'stream-refused'; readonly message: string }
  | { readonly kind: 'stream-warning'; readonly warning: StreamWarning }
  | {
      readonly kind: 'reconnect';
      readonly reason: string;
      readonly attempt: number;
      readonly delayMs: number;
      /** Absent for the main stream. */
      readonly rendition?: 'sub';
    }
  | { readonly kind: 'viewer-joined' | 'viewer-left'; readonly sessionId: string; readonly reason?: string }
);

export interface StreamSnapshot {
  readonly name: string;
  readonly state: StreamState;
  readonly stateSinceMs: number;
  /** Human sentence: why it is offline or refused. Undefined while all is well. */
  readonly reason: string | undefined;
  readonly reasonCode: StreamReasonCode | undefined;
  readonly warnings: readonly StreamWarning[];
  readonly transport: string | undefined;
  readonly videoCodec: string | undefined;
  readonly audioCodec: string | undefined;
  readonly h264: H264Facts | undefined;
  /** Over the last second. */
  readonly framesPerSecond: number;
  readonly bitrateBps: number;
  /** From capture by the camera's clock to arrival by the relay's, mean of the last second; undefined while it tells no clock. */
  readonly captureDelaySeconds: number | undefined;
  readonly keyFrameIntervalSeconds: number | undefined;
  readonly lastFrameMs: number | undefined;
  readonly framesTotal: number;
  readonly keyFramesTotal: number;
  readonly brokenFramesTotal: number;
  readonly packetsTotal: number;
  readonly bytesTotal: number;
  readonly lostPacketsTotal: number;
  readonly reorderedPacketsTotal: number;
  readonly jitterSeconds: number | undefined;
  readonly roundTripSeconds: number | undefined;
  readonly reconnectsTotal: Readonly<Record<string, number>>;
  readonly viewers: number;
  /** Somebody asked for it in vain a moment ago and will ask again. */
  readonly isSought: boolean;
  readonly sentPacketsTotal: number;
  readonly sentBytesTotal: number;
  readonly resentPacketsTotal: number;
  readonly burstsTotal: number;
  readonly droppedFramesTotal: Readonly<Record<string, number>>;
  /**
   * Over the last second: how much later the last packets of live frames left than their paths could have taken them, as
   * far as a queue has shown what these carry.
   */
  readonly pacerDelay: { readonly meanSeconds: number; readonly maxSeconds: number };
  /** By the viewers' last receiver reports. */
  readonly viewerPaths: ViewerPathSummary;
  /** By reason; of every viewer. */
  readonly qualitySwitchesTotal: Readonly<Record<string, number>>;
  /** Undefined where none is configured. Everything above that is received is of the main rendition alone. */
  readonly substream: RenditionSnapshot | undefined;
}

export interface RenditionSnapshot {
  readonly state: StreamState;
  readonly reason: string | undefined;
  readonly h264: H264Facts | undefined;
  readonly transport: string | undefined;
  /** Over the last second. */
  readonly framesPerSecond: number;
  readonly bitrateBps: number;
  readonly keyFrameIntervalSeconds: number | undefined;
  readonly lastFrameMs: number | undefined;
  readonly framesTotal: number;
  readonly packetsTotal: number;
  readonly bytesTotal: number;
  readonly lostPacketsTotal: number;
  readonly reconnectsTotal: Readonly<Record<string, number>>;
  /** Of the stream's viewers, those who see it now. */
  readonly viewers: number;
}

/** What one media thread measures of itself. */
export interface ThreadSnapshot {
  /** From 0; its media port is `media.port` plus this. */
  readonly index: number;
  /** False from its death until its successor has begun; the figures below are 0 then. */
  readonly isRunning: boolean;
  /** 0..1, over the last second. */
  readonly eventLoopUtilisation: number;
  /** The longest that its event loop came late to a timer of 100 ms in the last second. */
  readonly eventLoopDelayMaxMs: number;
  /** How late it came since the thread began: by `loopDelayBounds`, not cumulative, and summed. */
  readonly eventLoopDelay: { readonly counts: readonly number[]; readonly sumSeconds: number };
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly arenaBytes: number;
  readonly arenaBlocks: number;
  readonly streams: number;
  readonly sessions: number;
  /** Times that it died and was followed by another. */
  readonly restartsTotal: number;
}

/** All media threads together. Totals go on when a thread dies; those of its streams begin anew. */
export interface EngineSnapshot {
  readonly atMs: number;
  /** In the order of their index. */
  readonly threads: readonly ThreadSnapshot[];
  readonly streams: readonly StreamSnapshot[];
  readonly sessions: number;
  readonly joinsTotal: Readonly<Record<string, number>>;
  /** Of the busiest media thread over the last second, 0..1. */
  readonly eventLoopUtilisation: number;
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly arenaBytes: number;
  readonly arenaBlocks: number;
  readonly sendCallsTotal: number;
  readonly sendErrorsTotal: number;
  /** Live frames of the last second, on the slowest thread: access unit complete at the relay to its first packet at the kernel. */
  readonly firstPacketP50Ms: number;
  readonly firstPacketP99Ms: number;
  readonly firstPacketMaxMs: number;
}

/** What the main thread adds to a snapshot: all of this host (admitting-engine.ts). */
export interface HostSnapshot extends EngineSnapshot {
  /** Offers refused with `over-capacity`, by the limit that they met. */
  readonly overCapacityTotal: Readonly<Record<OverCapacityReason, number>>;
  /** Times that a viewer of a substream was kept from the main stream, by the limit; each asks again every 4 to 6 s. */
  readonly keptDownTotal: Readonly<Record<OverBitrateReason, number>>;
  /** Sessions and offers without keys yet. */
  readonly connectingSessions: number;
  /** What all sessions count with for the limits: by the highest rates of late, cameras that are away included. */
  readonly expectedBitrateBps: number;
  /** Of the main thread over the last second, 0..1. */
  readonly mainEventLoopUtilisation: number;
  readonly memoryUsedBytes: number;
  /** The least of the host's memory and its control groups' limits. */
  readonly memoryLimitBytes: number;
}
