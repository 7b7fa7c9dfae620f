/** Which relay a panel watches, and what that relay says of its streams. */
import { getBackendSrv, getDataSourceSrv } from '@grafana/runtime';
import { useEffect, useState } from 'react';
import type { RelayStream } from '../../relay/relay-streams.ts';
import { proxySignalling } from '../../relay/proxy-signalling.ts';
import { isRelaySource } from '../../relay/relay-source.ts';
import type { RelaySource } from '../../relay/relay-source.ts';
import { missingReason } from '../data/missing.ts';
import type { MissingReason } from '../data/missing.ts';

export type RelayFound =
  | { readonly kind: 'looking' }
  | { readonly kind: 'found'; readonly source: RelaySource }
  | { readonly kind: 'missing'; readonly uid: string; readonly why: MissingReason };

const PROBE_TIMEOUT_MS = 10_000;
const looking: RelayFound = { kind: 'looking' };

/** `uid` may hold variables' values; undefined while nothing says which relay. */
export function useRelay(uid: string | undefined): RelayFound {
  const [found, setFound] = useState<{ readonly uid: string; readonly relay: RelayFound }>();
  useEffect(() => {
    if (uid === undefined) return;
    const leaving = new AbortController();
    void getDataSourceSrv()
      .get(uid)
      .then(
        (source: unknown): RelayFound =>
          isRelaySource(source) ? { kind: 'found', source } : { kind: 'missing', uid, why: 'not-a-relay' },
        async (): Promise<RelayFound> => ({
          kind: 'missing',
          uid,
          why: await askWhy(uid, leaving.signal),
        }),
      )
      .then((relay) => {
        if (!leaving.signal.aborted) setFound({ uid, relay });
      });
    return () => {
      leaving.abort();
      setFound(undefined);
    };
  }, [uid]);
  // The effect comes after the tiles are drawn: until then the relay before would be asked for the cameras of this one.
  return found !== undefined && found.uid === uid ? found.relay : looking;
}

/** Of Grafana's proxy, which knows data sources that this page was not told of. Never rejects. */
async function askWhy(uid: string, leaving: AbortSignal): Promise<MissingReason> {
  const path = `/api/datasources/proxy/uid/${encodeURIComponent(uid)}/api/v1/streams`;
  const ask = proxySignalling(getBackendSrv());
  const signal = AbortSignal.any([leaving, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
  const url = new URL(path, location.origin).href;
  return missingReason(await ask({ method: 'GET', url, headers: {}, signal }).catch(() => undefined));
}

export interface RelayNews {
  readonly streams: ReadonlyMap<string, RelayStream>;
  /** Relay clock minus the browser's, in ms: good enough for ages in seconds. */
  readonly offsetMs: number;
}

const nothing: RelayNews = { streams: new Map(), offsetMs: 0 };

/** The last good list stays while the relay is away. */
export function useRelayNews(source: RelaySource | undefined): RelayNews {
  const [news, setNews] = useState(nothing);
  useEffect(() => {
    if (source === undefined) return;
    const subscription = source.watchStreams().subscribe((next) => {
      if (!next.ok) return;
      setNews({
        streams: new Map(next.streams.map((stream) => [stream.name, stream])),
        offsetMs: next.nowMs - Date.now(),
      });
    });
    return () => subscription.unsubscribe();
  }, [source]);
  return news;
}
