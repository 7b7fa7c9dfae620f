/** One viewer's audio: each frame leaves as it comes, on a clock of its own that starts anywhere and never goes back. */
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import type { Stream } from '../stream/stream.ts';
import type { Destination } from './egress.ts';
import type { NegotiatedAudio } from './negotiation.ts';
import { NO_PLAYOUT_DELAY, type RtpSender } from './rtp-sender.ts';

/** Of G.711 and Opus (RFC 3551 4.2, RFC 7587 4.2), until two frames in a row have told. */
const USUAL_FRAME_SECONDS = 0.02;

export class AudioFeed {
  readonly sender: RtpSender;
  readonly #stream: Pick<Stream, 'audioStore' | 'audioTrack'>;
  readonly #negotiated: Pick<NegotiatedAudio, 'codec' | 'clockRate'>;
  readonly #firstTimestamp: number;
  #offset: number | undefined;
  /** Of the frame that left last. */
  #lastTicks = 0;
  #lastNumber = -1;
  #durationTicks: number;

  constructor(
    sender: RtpSender,
    stream: Pick<Stream, 'audioStore' | 'audioTrack'>,
    negotiated: Pick<NegotiatedAudio, 'codec' | 'clockRate'>,
    firstTimestamp: number,
  ) {
    this.sender = sender;
    this.#stream = stream;
    this.#negotiated = negotiated;
    this.#firstTimestamp = firstTimestamp;
    this.#durationTicks = negotiated.clockRate * USUAL_FRAME_SECONDS;
  }

  /** Undefined while the camera sends no sound, or sound of another codec: it may come back with the one that was negotiated. */
  get #store(): PacketStore | undefined {
    const { audioStore, audioTrack } = this.#stream;
    return audioTrack?.codec === this.#negotiated.codec ? audioStore : undefined;
  }

  /** Returns the bytes that left: none for a frame of another codec. */
  send(frame: StoredFrame, destination: Destination): number {
    const store = this.#store;
    if (store?.frame(frame.number) !== frame) return 0;
    this.#continue(frame);
    return this.sender.sendPackets(
      destination,
      store.memory,
      frame,
      0,
      1,
      this.#rtp(frame.ticks),
      NO_PLAYOUT_DELAY,
    );
  }

  /** Where the RTP clock stands now: for sender reports. Undefined before the first frame. */
  rtpTimestampAt(nowMs: number): number | undefined {
    const newest = this.#store?.newest;
    if (this.#offset === undefined || newest === undefined) return undefined;
    const { clockRate } = this.#negotiated;
    return this.#rtp(newest.ticks + Math.round(((nowMs - newest.arrivalMs) / 1000) * clockRate));
  }

  /**
   * A browser throws away sound that is older than what it played. Where a camera's clock is set back, which the stream's
   * timeline lets through up to some seconds, the sound goes on behind the last frame, and so does all that follows.
   */
  #continue({ ticks, number }: StoredFrame): void {
    if (this.#offset === undefined) {
      this.#offset = -ticks;
    } else {
      const step = ticks - this.#lastTicks;
      if (step <= 0) this.#offset += this.#durationTicks - step;
      else if (number === this.#lastNumber + 1) this.#durationTicks = step;
    }
    this.#lastTicks = ticks;
    this.#lastNumber = number;
  }

  #rtp(ticks: number): number {
    return (this.#firstTimestamp + ticks + (this.#offset ?? 0)) >>> 0;
  }
}
