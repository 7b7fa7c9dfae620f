/** The pictures that a relay keeps of its streams' past, through Grafana's proxy. */
import { config } from '@grafana/runtime';
import type { Signalling } from '@sightline/media-relay/client';
import { keepsNone, keptMomentsFrom } from './kept-moments.ts';
import type { KeptMoments } from './kept-moments.ts';
import { proxyBlob } from './proxy-signalling.ts';
import type { Backend } from './proxy-signalling.ts';

export interface KeptPictures {
  /** Of which moments there are pictures, both ends included. Undefined when nobody answered. One request. */
  moments(
    stream: string,
    fromMs: number,
    toMs: number,
    signal: AbortSignal,
  ): Promise<KeptMoments | undefined>;
  /** That of this very moment as JPEG; undefined when it is gone. One request. Rejects when nobody answered. */
  picture(stream: string, atMs: number, signal: AbortSignal): Promise<Blob | undefined>;
  /** Its address for a page of Grafana, with Grafana's sub-path. */
  href(stream: string, atMs: number): string;
}

/** `path`: the data source's, without Grafana's sub-path. */
export function keptPictures(path: string, signalling: Signalling, backend: Backend): KeptPictures {
  const folder = (stream: string) => `${path}/api/v1/streams/${encodeURIComponent(stream)}/stills`;
  return {
    async moments(stream, fromMs, toMs, signal) {
      const query = `from=${whole(fromMs)}&to=${whole(toMs)}`;
      const answer = await signalling({
        method: 'GET',
        url: new URL(`${folder(stream)}?${query}`, location.origin).href,
        headers: {},
        signal,
      }).catch(() => undefined);
      // A relay that does not know the address is older than it.
      if (answer?.status === 404) return keepsNone;
      return answer?.status === 200 ? keptMomentsFrom(answer.body) : undefined;
    },
    async picture(stream, atMs, signal) {
      const answer = await proxyBlob(backend, `${folder(stream)}/${whole(atMs)}.jpg`, signal);
      return 'blob' in answer ? answer.blob : undefined;
    },
    href: (stream, atMs) => `${config.appSubUrl ?? ''}${folder(stream)}/${whole(atMs)}.jpg`,
  };
}

function whole(timeMs: number): number {
  return Math.max(0, Math.round(timeMs));
}
