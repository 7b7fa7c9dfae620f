import type {
  CodedPicture,
  EngineEvent,
  EngineSnapshot,
  FeedEnd,
  KeyFrameQuestion,
  KeyFrameResult,
  OfferResult,
  QualityWish,
  SessionClock,
  SessionEnd,
  SessionQuality,
  StreamSpec,
} from './messages.ts';

/** Pictures of one stream as they come, from a key frame on; `taken` makes room for more. */
export interface Feed {
  /** So many bytes of pictures were used up. While much is not, the engine leaves out pictures up to a key frame. */
  taken(bytes: number): void;
  /** `onEnd` is not called then. */
  close(): void;
}

export interface FeedListener {
  onPicture(picture: CodedPicture): void;
  onEnd(reason: FeedEnd): void;
}

/** Who may see the main stream of a stream that has a substream, too: the account of what the host sends. */
export interface MainStreamBook {
  /** Whether a session that sees the substream may go up from now on. */
  take(sessionId: string): boolean;
  /** One that might see the main stream sees the substream. */
  giveBack(sessionId: string): void;
}

/** The media engine as the main thread sees it; engine-client.ts implements it over a worker. */
export interface EnginePort {
  setStream(spec: StreamSpec): void;
  removeStream(name: string): void;
  restartStream(name: string): void;
  /** Answers within 2 s, always: a late engine becomes `stream-not-ready`. */
  offer(stream: string, sdp: string, wish?: QualityWish): Promise<OfferResult>;
  sessionClock(sessionId: string, frames: number): Promise<SessionClock | undefined>;
  /** Undefined when there is no such session (any more). */
  sessionQuality(sessionId: string, wish: QualityWish): Promise<SessionQuality | undefined>;
  /** Answers within 2 s, always. */
  keyFrame(stream: string, question?: KeyFrameQuestion): Promise<KeyFrameResult>;
  openFeed(stream: string, listener: FeedListener): Feed;
  /** `reason` is what its end is counted as; by itself `closed-by-viewer`. */
  closeSession(sessionId: string, reason?: SessionEnd): void;
  /** The newest statistics; undefined until the first second has passed. */
  snapshot(): EngineSnapshot | undefined;
  readonly mediaPort: number;
  onEvent(listener: (event: EngineEvent) => void): void;
  onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void;
  close(): Promise<void>;
}

/** What AdmittingEngine stands before. */
export interface BookedEngine extends EnginePort {
  /** Without one everybody may go up. */
  setMainStreamBook(book: MainStreamBook): void;
}
