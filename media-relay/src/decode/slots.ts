/** Who may run now: a fixed number of slots, a short queue with a deadline, and a limit on the rate of starts. */
import { DecodeError } from './decode-error.ts';

export interface SlotOptions {
  readonly slots: number;
  /** Of them, how many may be held for long; the rest stays for those who are quick. */
  readonly longSlots: number;
  readonly queueLength: number;
  /** Whoever waits longer is refused. */
  readonly queueMs: number;
  readonly startsPerSecond: number;
}

export type SlotKind = 'short' | 'long';

interface Waiter {
  readonly kind: SlotKind;
  readonly resolve: (release: () => void) => void;
  readonly timer: NodeJS.Timeout;
  readonly reject: (error: DecodeError) => void;
}

export class Slots {
  readonly #options: SlotOptions;
  readonly #queue: Waiter[] = [];
  #running = 0;
  #runningLong = 0;
  /** Starts that may happen at once; refilled with time. */
  #starts: number;
  #startsAtMs = performance.now();
  #wake: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Refused with `busy`. */
  rejectedTotal = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#starts = options.startsPerSecond;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Resolves with the function that gives the slot back; rejects with DecodeError `busy` or `closing`. */
  acquire(kind: SlotKind): Promise<() => void> {
    const { queueLength, queueMs, longSlots } = this.#options;
    if (this.#isClosed) return Promise.reject(closing());
    // Those are held for minutes: waiting is of no use.
    if (kind === 'long' && this.#runningLong >= longSlots)
      return this.#refuse(`All ${longSlots} decoders for moving pictures are in use.`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        this.rejectedTotal++;
        reject(new DecodeError('busy', 'The decoders are busy.'));
      }, queueMs);
      const waiter: Waiter = { kind, resolve, reject, timer };
      this.#queue.push(waiter);
      this.#serve();
      // After serving: a queue of none is allowed.
      if (this.#queue.length <= queueLength || this.#queue.at(-1) !== waiter) return;
      this.#queue.pop();
      clearTimeout(timer);
      this.rejectedTotal++;
      reject(new DecodeError('busy', 'The decoders are busy, and enough others are waiting.'));
    });
  }

  /** Refuses all who wait, and all to come. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#wake);
    for (const { reject, timer } of this.#queue.splice(0)) {
      clearTimeout(timer);
      reject(closing());
    }
  }

  #refuse(message: string): Promise<never> {
    this.rejectedTotal++;
    return Promise.reject(new DecodeError('busy', message));
  }

  #serve(): void {
    const { slots, longSlots } = this.#options;
    while (this.#running < slots) {
      const index = this.#queue.findIndex(({ kind }) => kind === 'short' || this.#runningLong < longSlots);
      const waiter = this.#queue[index];
      if (waiter === undefined) return;
      if (!this.#mayStart()) return;
      this.#queue.splice(index, 1);
      clearTimeout(waiter.timer);
      waiter.resolve(this.#take(waiter.kind));
    }
  }

  #take(kind: SlotKind): () => void {
    this.#running++;
    if (kind === 'long') this.#runningLong++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#running--;
      if (kind === 'long') this.#runningLong--;
      if (!this.#isClosed) this.#serve();
    };
  }

  /** Takes one start from the bucket, or comes back when there is one. */
  #mayStart(): boolean {
    const { startsPerSecond } = this.#options;
    const nowMs = performance.now();
    const refilled = this.#starts + ((nowMs - this.#startsAtMs) / 1000) * startsPerSecond;
    this.#starts = Math.min(startsPerSecond, refilled);
    this.#startsAtMs = nowMs;
    if (this.#starts >= 1) {
      this.#starts--;
      return true;
    }
    this.#wake ??= setTimeout(
      () => {
        this.#wake = undefined;
        this.#serve();
      },
      ((1 - this.#starts) / startsPerSecond) * 1000 + 1,
    );
    return false;
  }
}

function closing(): DecodeError {
  return new DecodeError('closing', 'The relay is stopping.');
}
