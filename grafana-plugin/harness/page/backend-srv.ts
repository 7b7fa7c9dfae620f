/**
 * Stands in for Grafana's BackendSrv, as far as a data source meets it: addresses resolve against the page's base, at most
 * five data requests are under way at once, and any status but 2xx is thrown, without headers, with the body wrapped.
 */
import type { BackendSrvRequest, FetchError, FetchResponse } from '@grafana/runtime';
import { Observable } from 'rxjs';

const DATA_REQUESTS_AT_ONCE = 5;

export class HarnessBackendSrv {
  /** For tests: the most requests that were under way at one moment, by path. */
  readonly seen: string[] = [];
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  fetch<T>(options: BackendSrvRequest): Observable<FetchResponse<T>> {
    return new Observable((subscriber) => {
      const aborting = new AbortController();
      options.abortSignal?.addEventListener('abort', () => aborting.abort(), { once: true });
      void this.#ask<T>(options, aborting.signal).then(
        (response) => {
          subscriber.next(response);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => aborting.abort();
    });
  }

  async #ask<T>(options: BackendSrvRequest, signal: AbortSignal): Promise<FetchResponse<T>> {
    await this.#enter();
    try {
      const response = await fetch(options.url.replace(/^\//, ''), {
        method: options.method ?? 'GET',
        headers: { ...options.headers, 'X-Grafana-Org-Id': '1' },
        body: options.data ?? null,
        signal,
      });
      this.seen.push(`${options.method ?? 'GET'} ${options.url} ${response.status}`);
      if (this.seen.length > 1000) this.seen.shift();
      const data = await bodyOf(response, options.responseType);
      if (!response.ok) throw errorOf(options, response, data);
      const { ok, status, statusText, headers, redirected, type, url } = response;
      return { data: data as T, ok, status, statusText, headers, redirected, type, url, config: options };
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running >= DATA_REQUESTS_AT_ONCE)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }
}

/** Without a type, what can be read as JSON is. */
async function bodyOf(response: Response, type: BackendSrvRequest['responseType']): Promise<unknown> {
  if (type === 'blob') return response.blob();
  const text = await response.text();
  if (type !== undefined) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function errorOf(config: BackendSrvRequest, { status, statusText }: Response, data: unknown): FetchError {
  const wrapped = typeof data === 'string' ? { message: data, error: statusText, response: data } : data;
  return { status, statusText, data: wrapped, config };
}
