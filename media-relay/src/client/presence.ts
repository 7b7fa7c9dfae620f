/**
 * Which players anybody can see: those on the screen of a page that is shown. What is out of sight lingers for some
 * seconds, so that a glance elsewhere costs no session; what comes into sight does so at once.
 */
export interface PresenceOptions<T> {
  readonly lingerMs: number;
  readonly onChange: (item: T, isPresent: boolean) => void;
}

interface Entry {
  /** Undefined until the browser has said; counts as on the screen. */
  isOnScreen: boolean | undefined;
  isPresent: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Presence<T> {
  readonly #options: PresenceOptions<T>;
  readonly #entries = new Map<T, Entry>();
  #isPageShown: boolean;

  constructor(isPageShown: boolean, options: PresenceOptions<T>) {
    this.#isPageShown = isPageShown;
    this.#options = options;
  }

  /** Returns whether it is present: `onChange` tells of changes only. */
  add(item: T): boolean {
    this.#entries.set(item, { isOnScreen: undefined, isPresent: this.#isPageShown, timer: undefined });
    return this.#isPageShown;
  }

  isPresent(item: T): boolean {
    return this.#entries.get(item)?.isPresent ?? false;
  }

  remove(item: T): void {
    clearTimeout(this.#entries.get(item)?.timer);
    this.#entries.delete(item);
  }

  showPage(isShown: boolean): void {
    this.#isPageShown = isShown;
    for (const [item, entry] of this.#entries) this.#review(item, entry, this.#options.lingerMs);
  }

  showItem(item: T, isOnScreen: boolean): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    // What was never on the screen need not linger.
    const lingerMs = entry.isOnScreen === undefined ? 0 : this.#options.lingerMs;
    entry.isOnScreen = isOnScreen;
    this.#review(item, entry, lingerMs);
  }

  close(): void {
    for (const item of this.#entries.keys()) this.remove(item);
  }

  #review(item: T, entry: Entry, lingerMs: number): void {
    clearTimeout(entry.timer);
    const isPresent = this.#isPageShown && entry.isOnScreen !== false;
    if (isPresent === entry.isPresent) return;
    const change = () => {
      entry.isPresent = isPresent;
      this.#options.onChange(item, isPresent);
    };
    if (isPresent || lingerMs === 0) change();
    else entry.timer = setTimeout(change, lingerMs);
  }
}
