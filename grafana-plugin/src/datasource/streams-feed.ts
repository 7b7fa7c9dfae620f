/** One poll of the relay's list for all who watch it on this page, asleep while the page is hidden or nobody watches. */
import type { Signalling } from '@sightline/media-relay/client';
import { Observable } from 'rxjs';
import { pause } from '../relay/pause.ts';
import { relayStreamsFrom } from '../relay/relay-streams.ts';
import type { StreamsNews } from '../relay/relay-source.ts';

const POLL_MS = 2000;
const POLL_TIMEOUT_MS = 10_000;

export interface StreamsFeedOptions {
  /** Absolute, without Grafana's sub-path. */
  readonly url: string;
  readonly signal: Signalling;
  /** What an answer that is no list means. */
  readonly explain: (response: { readonly status: number; readonly body: string } | undefined) => string;
  readonly pollMs?: number;
}

export class StreamsFeed {
  readonly #options: StreamsFeedOptions;
  readonly #listeners = new Set<(news: StreamsNews) => void>();
  #newest: StreamsNews | undefined;
  #etag: string | null = null;
  #running: AbortController | undefined;

  constructor(options: StreamsFeedOptions) {
    this.#options = options;
  }

  /** The newest news at once where there are any that are fresh, then every change. */
  watch(): Observable<StreamsNews> {
    return new Observable((subscriber) => {
      const listener = (news: StreamsNews) => subscriber.next(news);
      this.#listeners.add(listener);
      if (this.#newest !== undefined && this.#running !== undefined) listener(this.#newest);
      this.#start();
      return () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) this.#stop();
      };
    });
  }

  #start(): void {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#newest = undefined;
    this.#etag = null;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const news = await this.#poll();
      if (signal.aborted) return;
      if (news !== undefined) this.#tell(news);
      await pause(this.#options.pollMs ?? POLL_MS, signal);
      await untilVisible(signal);
    }
  }

  /** Undefined when nothing has changed. */
  async #poll(): Promise<StreamsNews | undefined> {
    const { url, signal, explain } = this.#options;
    const headers: Record<string, string> = this.#etag === null ? {} : { 'If-None-Match': this.#etag };
    const response = await signal({
      method: 'GET',
      url,
      headers,
      signal: AbortSignal.timeout(POLL_TIMEOUT_MS),
    }).catch(() => undefined);
    if (response?.status === 304) return undefined;
    const list = response?.status === 200 ? relayStreamsFrom(response.body) : undefined;
    this.#etag = list === undefined ? null : (response?.header('ETag') ?? null);
    if (list !== undefined) return { ok: true, ...list };
    return { ok: false, status: response?.status ?? 0, sentence: explain(response) };
  }

  #tell(news: StreamsNews): void {
    this.#newest = news;
    for (const listener of this.#listeners) listener(news);
  }
}

function untilVisible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    document.addEventListener('visibilitychange', check);
    signal.addEventListener('abort', check);
    check();
    function check(): void {
      if (document.visibilityState === 'hidden' && !signal.aborted) return;
      document.removeEventListener('visibilitychange', check);
      signal.removeEventListener('abort', check);
      resolve();
    }
  });
}
