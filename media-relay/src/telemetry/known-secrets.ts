import type { Clock } from '../media/clock.ts';

/** A connection that is being closed still has something to say. */
const keepMs = 3_600_000;
const maxLeft = 4_096;

/**
 * What no log line may show: the secrets in use, by whose they are, and for an hour those that were. It stays small, as
 * every log line is searched for each of them: of those no longer in use it keeps some thousands.
 */
export class KnownSecrets implements Iterable<string> {
  readonly #clock: Clock;
  readonly #secretsOf = new Map<string, readonly string[]>();
  /** How often each is held: not at all when it is in `#leftMs`. */
  readonly #holders = new Map<string, number>();
  /** Since when nobody has held it; the oldest first. */
  readonly #leftMs = new Map<string, number>();
  #longestFirst: readonly string[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#holders.size;
  }

  /** The longest first: where one begins with another, the rest of it would stay. */
  [Symbol.iterator](): Iterator<string> {
    this.#longestFirst ??= [...this.#holders.keys()].toSorted((a, b) => b.length - a.length);
    return this.#longestFirst.values();
  }

  /** From now on these are the owner's, instead of those before. */
  set(owner: string, secrets: readonly string[]): void {
    const before = this.#secretsOf.get(owner) ?? [];
    if (secrets.length > 0) this.#secretsOf.set(owner, secrets);
    else this.#secretsOf.delete(owner);
    for (const secret of secrets) {
      this.#holders.set(secret, (this.#holders.get(secret) ?? 0) + 1);
      this.#leftMs.delete(secret);
    }
    for (const secret of before) this.#leave(secret);
    this.#forget();
    this.#longestFirst = undefined;
  }

  #leave(secret: string): void {
    const holders = (this.#holders.get(secret) ?? 0) - 1;
    this.#holders.set(secret, holders);
    if (holders === 0) this.#leftMs.set(secret, this.#clock());
  }

  #forget(): void {
    const nowMs = this.#clock();
    for (const [secret, leftMs] of this.#leftMs) {
      if (this.#leftMs.size <= maxLeft && nowMs - leftMs < keepMs) return;
      this.#leftMs.delete(secret);
      this.#holders.delete(secret);
    }
  }
}
