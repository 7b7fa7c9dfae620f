/** One viewer's audio: each frame leaves as it comes, on a clock of its own that starts anywhere. */
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import type { Destination } from './egress.ts';
import { NO_PLAYOUT_DELAY, type RtpSender } from './rtp-sender.ts';

export class AudioFeed {
  readonly sender: RtpSender;
  readonly #store: PacketStore;
  readonly #clockRate: number;
  readonly #firstTimestamp: number;
  #offset: number | undefined;

  constructor(sender: RtpSender, store: PacketStore, clockRate: number, firstTimestamp: number) {
    this.sender = sender;
    this.#store = store;
    this.#clockRate = clockRate;
    this.#firstTimestamp = firstTimestamp;
  }

  /** Returns the bytes that left: none for a frame of another store, as after a change of the camera's codec. */
  send(frame: StoredFrame, destination: Destination): number {
    if (this.#store.frame(frame.number) !== frame) return 0;
    this.#offset ??= -frame.ticks;
    return this.sender.sendPackets(
      destination,
      this.#store.memory,
      frame,
      0,
      1,
      this.#rtp(frame.ticks),
      NO_PLAYOUT_DELAY,
    );
  }

  /** Where the RTP clock stands now: for sender reports. Undefined before the first frame. */
  rtpTimestampAt(nowMs: number): number | undefined {
    const { newest } = this.#store;
    if (this.#offset === undefined || newest === undefined) return undefined;
    return this.#rtp(newest.ticks + Math.round(((nowMs - newest.arrivalMs) / 1000) * this.#clockRate));
  }

  #rtp(ticks: number): number {
    return (this.#firstTimestamp + ticks + (this.#offset ?? 0)) >>> 0;
  }
}
