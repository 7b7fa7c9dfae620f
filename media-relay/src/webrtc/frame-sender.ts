/**
 * The frames of one viewer on their way out, one at a time and run by run: under which sequence numbers and timestamp
 * they leave, for resends, and all who count what leaves.
 */
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';
import type { PathStatistics } from '../stream/path-statistics.ts';
import type { Destination } from './egress.ts';
import type { PathEstimate } from './path-estimate.ts';
import { NO_PLAYOUT_DELAY, type RtpSender } from './rtp-sender.ts';
import { SentFrames } from './sent-frames.ts';
import type { ViewerBudget } from './viewer-budget.ts';

export interface FrameSenderOptions {
  readonly sender: Pick<RtpSender, 'nextExtendedSeq' | 'nextTransportSeq' | 'sendPackets'>;
  readonly budget: ViewerBudget;
  readonly estimate: Pick<PathEstimate, 'sent'>;
  readonly statistics: PathStatistics;
}

export class FrameSender {
  readonly sent = new SentFrames();
  readonly #sender: FrameSenderOptions['sender'];
  readonly #budget: ViewerBudget;
  readonly #estimate: FrameSenderOptions['estimate'];
  readonly #statistics: PathStatistics;
  /** So many packets of the frame have left. */
  #packet = 0;
  #timestamp = 0;
  #playoutDelay = NO_PLAYOUT_DELAY;

  constructor({ sender, budget, estimate, statistics }: FrameSenderOptions) {
    this.#sender = sender;
    this.#budget = budget;
    this.#estimate = estimate;
    this.#statistics = statistics;
  }

  /** Part of a frame has left, and the rest has not. */
  get isAmidFrame(): boolean {
    return this.#packet > 0;
  }

  /** The frame that leaves from now on, under an RTP timestamp, with a playout-delay as on the wire. */
  begin(store: PacketStore, frame: StoredFrame, timestamp: number, playoutDelay: number): void {
    this.#timestamp = timestamp;
    this.#playoutDelay = playoutDelay;
    this.sent.add(
      store,
      this.#sender.nextExtendedSeq,
      frame.payloadLengths.length,
      frame.number,
      timestamp,
      playoutDelay,
      frame.arrivalMs,
    );
  }

  /** Sends its next packets, at most so many. Returns their bytes; `isAmidFrame` tells whether there are more. */
  sendRun(
    destination: Destination,
    store: PacketStore,
    frame: StoredFrame,
    mostPackets: number,
    nowMs: number,
  ): number {
    const total = frame.payloadLengths.length;
    const from = this.#packet;
    const upTo = Math.min(total, from + mostPackets);
    const { nextTransportSeq: transportSeq, nextExtendedSeq: mediaSeq } = this.#sender;
    const bytes = this.#sender.sendPackets(
      destination,
      store.memory,
      frame,
      from,
      upTo,
      this.#timestamp,
      this.#playoutDelay,
    );
    this.#budget.sent(bytes, nowMs);
    this.#estimate.sent(transportSeq, upTo - from, bytes, nowMs, mediaSeq);
    this.#statistics.sent(upTo - from, bytes);
    this.#packet = upTo < total ? upTo : 0;
    return bytes;
  }

  /** Nothing more of it leaves. */
  cutShort(): void {
    this.#packet = 0;
  }
}
