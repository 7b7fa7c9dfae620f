import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import { isRendering } from '../../relay/rendering.ts';
import type { RelaySource } from '../../relay/relay-source.ts';
import { pageSessions } from '../player/page-sessions.ts';
import type { TileSession, TileSnapshot } from '../player/tile-session.ts';

/** Undefined during the first render only. */
export function useTileSession(source: RelaySource, stream: string): TileSession | undefined {
  const [session, setSession] = useState<TileSession>();
  // Before the tile is painted: the offer need not wait for a frame of the screen.
  useLayoutEffect(() => {
    const taken = pageSessions().take(source, stream, isRendering());
    setSession(taken);
    return () => {
      setSession(undefined);
      pageSessions().give(taken);
    };
  }, [source, stream]);
  return session;
}

export function useTileSnapshot(session: TileSession | undefined): TileSnapshot | undefined {
  return useSyncExternalStore(
    (listener) => session?.subscribe(listener) ?? (() => undefined),
    () => session?.snapshot,
  );
}
