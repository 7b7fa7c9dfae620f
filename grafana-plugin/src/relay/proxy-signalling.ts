/**
 * Requests to the relay through Grafana's data source proxy. `getBackendSrv().fetch` knows the sub-path under which
 * Grafana is served and who is logged in; it throws for any status but 2xx, without the headers of the answer.
 */
import { config, isFetchError } from '@grafana/runtime';
import type { BackendSrv } from '@grafana/runtime';
import type { Signalling, SignalRequest, SignalResponse } from '@sightline/media-relay/client';
import { firstValueFrom } from 'rxjs';
import { withGrafanaCode } from './grafana-refusal.ts';

export type Backend = Pick<BackendSrv, 'fetch'>;

/** `request.url` is absolute and lacks the sub-path, as `instanceSettings.url` does. */
export function proxySignalling(backend: Backend): Signalling {
  return async ({ method, url, headers, body, signal, keepalive }) => {
    const path = pathOf(url);
    if (keepalive === true) return lastWords(path, { method, headers, signal });
    try {
      const response = await firstValueFrom(
        backend.fetch<string>({
          url: path,
          method,
          headers: { ...headers },
          data: body,
          responseType: 'text',
          showErrorAlert: false,
          showSuccessAlert: false,
          hideFromInspector: true,
          ...(signal === undefined ? {} : { abortSignal: signal }),
        }),
      );
      return {
        status: response.status,
        header: (name) => response.headers.get(name),
        body: response.data ?? '',
      };
    } catch (error) {
      return answerOf(error);
    }
  };
}

export interface ProxiedBlob {
  readonly blob: Blob;
  readonly header: (name: string) => string | null;
}

/** A still picture, or the answer that there is none. */
export async function proxyBlob(
  backend: Backend,
  path: string,
  signal: AbortSignal,
): Promise<ProxiedBlob | SignalResponse> {
  try {
    const response = await firstValueFrom(
      backend.fetch<Blob>({
        url: path,
        method: 'GET',
        responseType: 'blob',
        showErrorAlert: false,
        hideFromInspector: true,
        abortSignal: signal,
      }),
    );
    return { blob: response.data, header: (name) => response.headers.get(name) };
  } catch (error) {
    return answerOf(error);
  }
}

/** BackendSrv cannot outlive the page; the browser's own fetch can, and then has to know the sub-path itself. */
async function lastWords(
  path: string,
  { method, headers, signal }: Pick<SignalRequest, 'method' | 'headers' | 'signal'>,
): Promise<SignalResponse> {
  const response = await fetch(`${config.appSubUrl ?? ''}${path}`, {
    method,
    headers,
    // Else a proxy that does not answer would keep the page's few last requests waiting behind it.
    signal: signal ?? null,
    keepalive: true,
    credentials: 'same-origin',
  });
  return { status: response.status, header: () => null, body: '' };
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** Rethrows what is no answer: a request that was cancelled, a network that is down. */
function answerOf(error: unknown): SignalResponse {
  if (!isFetchError<unknown>(error) || !(error.status > 0)) throw error;
  const body = withGrafanaCode(error.status, bodyOf(error.data));
  return {
    status: error.status,
    // The relay says in its problem, too, what this header said before Grafana dropped it.
    header: (name) => (name.toLowerCase() === 'retry-after' ? retryAfterOf(body) : null),
    body,
  };
}

/** BackendSrv wraps a text as `{message, error, response}` and leaves an object as it is. */
function bodyOf(data: unknown): string {
  if (typeof data === 'string') return data;
  if (typeof data !== 'object' || data === null) return '';
  const text: unknown = Reflect.get(data, 'response');
  return typeof text === 'string' ? text : JSON.stringify(data);
}

function retryAfterOf(body: string): string | null {
  try {
    const problem: unknown = JSON.parse(body);
    const seconds: unknown =
      typeof problem === 'object' && problem !== null ? Reflect.get(problem, 'retryAfterSeconds') : undefined;
    return typeof seconds === 'number' ? String(Math.ceil(seconds)) : null;
  } catch {
    return null;
  }
}
