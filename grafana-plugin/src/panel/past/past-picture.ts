/**
 * The kept picture of one stream that is nearest to the moment at which the shared crosshair points. Without React. It waits
 * until the pointer rests, and has one request under way at most: through the proxy all tiles of a page share a handful of connections.
 */
import { keepsNone } from '../../relay/kept-moments.ts';
import type { KeptMoments } from '../../relay/kept-moments.ts';
import type { KeptPictures } from '../../relay/kept-pictures.ts';
import { pause } from '../../relay/pause.ts';
import { MOST_REACH_MS, nearestMoment, reachMs } from './nearest.ts';

const REST_MS = 150;
/** Moments are asked for by the hour. */
const HOUR_MS = 3_600_000;
const MOST_HOURS = 8;
const MOST_WIDTH_PIXELS = 1280;
/** A relay that keeps nothing is asked again after this. */
const KEEPS_NONE_MS = 300_000;
/** A list that may have grown is good for this at least. */
const LIST_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface PastPictureOptions {
  readonly kept: KeptPictures;
  readonly stream: string;
  /** Of the relay, Unix ms. */
  readonly clock: () => number;
  /** Whether anybody can see the tile. */
  readonly isSeen: () => boolean;
}

interface Listed {
  readonly moments: KeptMoments;
  readonly askedMs: number;
}

export class PastPicture {
  /** Holds the picture while `shownMs` is defined. */
  readonly canvas = document.createElement('canvas');
  readonly #options: PastPictureOptions;
  readonly #hours = new Map<number, Listed>();
  readonly #listeners = new Set<() => void>();
  #wantedMs: number | undefined;
  #shownMs: number | undefined;
  #running: AbortController | undefined;

  constructor(options: PastPictureOptions) {
    this.#options = options;
    this.canvas.setAttribute('aria-hidden', 'true');
  }

  /** When the picture reached the relay, Unix ms; undefined while none is to be shown. */
  get shownMs(): number | undefined {
    return this.#shownMs;
  }

  /** Called after each change of `shownMs`; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Unix ms, or undefined when nobody points any more: then nothing is shown at once. */
  pointAt(atMs: number | undefined): void {
    this.#wantedMs = atMs;
    if (atMs === undefined) {
      this.#running?.abort();
      this.#running = undefined;
      this.#show(undefined);
    } else if (this.#running === undefined) {
      this.#running = new AbortController();
      void this.#follow(this.#running.signal);
    }
  }

  close(): void {
    this.pointAt(undefined);
    this.#listeners.clear();
    this.canvas.remove();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let doneMs: number | undefined;
    while (!signal.aborted && doneMs !== this.#wantedMs) {
      const atMs = this.#wantedMs;
      await pause(REST_MS, signal);
      if (signal.aborted) return;
      if (atMs === undefined || atMs !== this.#wantedMs) continue;
      await this.#load(atMs, signal).catch(() => {
        // Else another round shows its own by now.
        if (!signal.aborted) this.#show(undefined);
      });
      doneMs = atMs;
    }
    if (!signal.aborted) this.#running = undefined;
  }

  async #load(atMs: number, signal: AbortSignal): Promise<void> {
    const { kept, stream, clock, isSeen } = this.#options;
    if (!isSeen()) return;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const { everySeconds = 0, timesMs } = await this.#momentsAround(atMs, limited);
    if (signal.aborted) return;
    const foundMs = nearestMoment(timesMs, atMs, clock(), reachMs(everySeconds));
    if (foundMs === this.#shownMs) return;
    const jpeg = foundMs === undefined ? undefined : await kept.picture(stream, foundMs, limited);
    if (jpeg === undefined) return signal.aborted ? undefined : this.#show(undefined);
    const bitmap = await createImageBitmap(jpeg);
    if (!signal.aborted) {
      this.#draw(bitmap);
      this.#show(foundMs);
    }
    bitmap.close();
  }

  async #momentsAround(atMs: number, signal: AbortSignal): Promise<KeptMoments> {
    const hour = Math.floor(atMs / HOUR_MS);
    const known = this.#hours.get(hour);
    if (known !== undefined && this.#isGood(hour, known)) return known.moments;
    const { kept, stream, clock } = this.#options;
    const fromMs = hour * HOUR_MS - MOST_REACH_MS;
    const toMs = (hour + 1) * HOUR_MS + MOST_REACH_MS;
    const askedMs = clock();
    const moments = await kept.moments(stream, fromMs, toMs, signal);
    if (moments === undefined) return known?.moments ?? keepsNone;
    this.#hours.delete(hour);
    this.#hours.set(hour, { moments, askedMs });
    for (const oldest of this.#hours.keys()) {
      if (this.#hours.size <= MOST_HOURS) break;
      this.#hours.delete(oldest);
    }
    return moments;
  }

  #isGood(hour: number, { moments, askedMs }: Listed): boolean {
    const ageMs = this.#options.clock() - askedMs;
    if (moments.everySeconds === undefined) return ageMs < KEEPS_NONE_MS;
    const isOver = askedMs > (hour + 1) * HOUR_MS + MOST_REACH_MS;
    return isOver || ageMs < Math.max(LIST_MS, moments.everySeconds * 1000);
  }

  #draw(bitmap: ImageBitmap): void {
    const scale = Math.min(1, MOST_WIDTH_PIXELS / bitmap.width);
    this.canvas.width = Math.round(bitmap.width * scale);
    this.canvas.height = Math.round(bitmap.height * scale);
    this.canvas.getContext('2d')?.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
  }

  #show(atMs: number | undefined): void {
    if (atMs === this.#shownMs) return;
    this.#shownMs = atMs;
    for (const listener of this.#listeners) listener();
  }
}
