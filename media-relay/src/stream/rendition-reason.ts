/**
 * Why a rendition is not shown: its refusal, because a browser could not show it, else the failure of the newest attempt
 * to reach its camera. Pure.
 */
import type { AccessUnit } from '../media/access-unit.ts';
import { ReorderWatch } from '../media/reorder-watch.ts';
import type { SupervisorState } from '../sources/supervisor.ts';
import type { StreamReasonCode } from './stream-reason.ts';

export const B_FRAMES =
  'The camera sends B-frames, which browsers cannot show over WebRTC. Set its profile to Baseline, or its B-frames to 0.';

export class RenditionReason {
  #refusal: string | undefined;
  #failure: string | undefined;
  #failureCode: StreamReasonCode | undefined;
  /** Failures that were told, until pictures come again; an on-demand camera stops and starts in between. */
  readonly #told = new Set<StreamReasonCode>();
  readonly #reorder = new ReorderWatch();

  get refusal(): string | undefined {
    return this.#refusal;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /** Of the refusal, else of the failure. */
  get code(): StreamReasonCode | undefined {
    if (this.#refusal !== undefined) return this.#refusal === B_FRAMES ? 'b-frames' : 'unsupported-codec';
    return this.#failure === undefined ? undefined : this.#failureCode;
  }

  /** A source is started or stopped: the failure of the one before says nothing of it. */
  startedOrStopped(): void {
    this.#failure = undefined;
  }

  /**
   * An attempt has failed. True when that is news: a camera that is away for a night fails thousands of times in the same
   * way, and one event of these tells it.
   */
  failed({ reason, message }: SupervisorState & { readonly kind: 'waiting' }): boolean {
    const isNews = !this.#told.has(reason);
    this.#told.add(reason);
    this.#failure = message;
    this.#failureCode = reason;
    return isNews;
  }

  /** Whoever restarts it has changed something: the next failure is news. */
  forgetTold(): void {
    this.#told.clear();
  }

  /** The source has told its tracks: a browser could show it, for all that is known. */
  tracksCame(): void {
    this.#refusal = undefined;
    this.#reorder.reset();
  }

  /** It is there; the next failure is news. */
  pictureCame(): void {
    this.#failure = undefined;
    this.#told.clear();
  }

  /** True when pictures come in an order that browsers cannot show, and it is not refused yet. */
  hasNewReordering(unit: AccessUnit): boolean {
    this.#reorder.accessUnit(unit);
    if (this.#reorder.isReordered) return this.#refusal === undefined;
    if (this.#refusal === B_FRAMES) this.#refusal = undefined;
    return false;
  }

  /** True when it is news: the codec is found anew at every attempt, and only a new reason is a change. */
  refuse(message: string): boolean {
    const isNews = this.#refusal !== message;
    this.#refusal = message;
    return isNews;
  }

  /** Nobody knows any more what it would send. */
  withdrawRefusal(): void {
    this.#refusal = undefined;
  }
}
