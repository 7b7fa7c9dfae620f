import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { RefObject } from 'react';
import type { RelaySource } from '../../relay/relay-source.ts';
import { PastPicture } from '../past/past-picture.ts';

export interface PastPictureShown {
  readonly canvas: HTMLCanvasElement;
  /** Relay clock, Unix ms. */
  readonly atMs: number;
}

/**
 * The kept picture that stands for the moment at which the crosshair points; undefined while there is none to show.
 * `relayOffsetMs`: relay clock minus the browser's.
 */
export function usePastPicture(
  source: RelaySource,
  stream: string,
  hoverMs: number | undefined,
  relayOffsetMs: number,
  tileRef: RefObject<HTMLElement | null>,
): PastPictureShown | undefined {
  const [past, setPast] = useState<PastPicture>();
  // It moves by milliseconds with each list of the relay's: no reason to forget what is kept.
  const offsetRef = useRef(relayOffsetMs);
  useEffect(() => {
    offsetRef.current = relayOffsetMs;
  }, [relayOffsetMs]);
  useEffect(() => {
    const next = new PastPicture({
      kept: source.kept,
      stream,
      clock: () => Date.now() + offsetRef.current,
      isSeen: () => isInView(tileRef.current),
    });
    setPast(next);
    return () => next.close();
  }, [source, stream, tileRef]);
  useEffect(() => past?.pointAt(hoverMs), [past, hoverMs]);
  const atMs = useSyncExternalStore(
    (listener) => past?.subscribe(listener) ?? (() => undefined),
    () => past?.shownMs,
  );
  return past === undefined || atMs === undefined ? undefined : { canvas: past.canvas, atMs };
}

function isInView(tile: HTMLElement | null): boolean {
  if (tile === null || tile.inert || document.visibilityState === 'hidden') return false;
  const { top, bottom, left, right } = tile.getBoundingClientRect();
  return bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
}
