/** Which relay a panel watches, and what that relay says of its streams. */
import { getDataSourceSrv } from '@grafana/runtime';
import { useEffect, useState } from 'react';
import type { RelayStream } from '../../relay/relay-streams.ts';
import { isRelaySource } from '../../relay/relay-source.ts';
import type { RelaySource } from '../../relay/relay-source.ts';

export type RelayFound =
  | { readonly kind: 'looking' }
  | { readonly kind: 'found'; readonly source: RelaySource }
  /** It is gone, or the user may not query it. */
  | { readonly kind: 'gone'; readonly uid: string };

/** `uid` may hold variables' values; undefined while nothing says which relay. */
export function useRelay(uid: string | undefined): RelayFound {
  const [found, setFound] = useState<RelayFound>({ kind: 'looking' });
  useEffect(() => {
    if (uid === undefined) return;
    let isCurrent = true;
    void getDataSourceSrv()
      .get(uid)
      .then(
        (source: unknown): RelayFound =>
          isRelaySource(source) ? { kind: 'found', source } : { kind: 'gone', uid },
        (): RelayFound => ({ kind: 'gone', uid }),
      )
      .then((outcome) => isCurrent && setFound(outcome));
    return () => {
      isCurrent = false;
      setFound({ kind: 'looking' });
    };
  }, [uid]);
  return found;
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
