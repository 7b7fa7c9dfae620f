/** Tells the relay how large a picture is shown, so that it can send the rendition that fits (docs/API.md, two qualities). */
import { retryDelayMs } from './back-off.ts';
import { devicePixels } from './quality-wish.ts';
import type { Tile } from './quality-wish.ts';
import type { SignalRequest } from './signalling.ts';

/** A window that is being dragged, or a wall that is being rearranged, is waited for. */
const SETTLED_MS = 250;

/** Of the element, in device pixels; undefined while it is not shown. */
export function tileOf(video: Element): Tile | undefined {
  const { width, height } = video.getBoundingClientRect();
  return devicePixels(width, height, devicePixelRatio);
}

export interface QualityReporterOptions {
  readonly video: Element;
  /** The session's own address. */
  readonly resourceUrl: string;
  /** What the offer said already. */
  readonly reported: Tile | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves with undefined when there was no answer. */
  readonly request: (request: SignalRequest) => Promise<{ readonly status: number } | undefined>;
}

export class QualityReporter {
  readonly #options: QualityReporterOptions;
  readonly #observer: ResizeObserver;
  #reported: Tile | undefined;
  #failures = 0;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: QualityReporterOptions) {
    this.#options = options;
    this.#reported = options.reported;
    this.#observer = new ResizeObserver(() => this.#reportIn(SETTLED_MS));
    this.#observer.observe(options.video);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#observer.disconnect();
  }

  #reportIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#report(), delayMs);
  }

  async #report(): Promise<void> {
    const { video, resourceUrl, headers, request } = this.#options;
    const tile = tileOf(video);
    const before = this.#reported;
    if (tile === undefined || (tile.width === before?.width && tile.height === before.height)) return;
    this.#reported = tile;
    const response = await request({
      method: 'POST',
      url: `${resourceUrl}/quality`,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify({ tile }),
    });
    // Overtaken by another report.
    if (this.#isClosed || this.#reported !== tile) return;
    if (response?.status === 200) {
      this.#failures = 0;
      return;
    }
    this.#reported = undefined;
    const isFinal = response !== undefined && response.status !== 429 && response.status < 500;
    if (isFinal) return;
    this.#failures++;
    this.#reportIn(retryDelayMs(this.#failures, Math.random));
  }
}
