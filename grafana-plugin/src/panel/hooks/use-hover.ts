/** Grafana's shared crosshair: the moment that another panel points at, and ours to tell the others. */
import { DashboardCursorSync, DataHoverClearEvent, DataHoverEvent } from '@grafana/data';
import type { EventBus } from '@grafana/data';
import { usePanelContext } from '@grafana/ui';
import { useCallback, useEffect, useState } from 'react';

export interface Hover {
  /** Unix ms; undefined while nobody points at a moment. */
  readonly atMs: number | undefined;
  readonly publish: (atMs: number | undefined) => void;
}

export function useHover(eventBus: EventBus): Hover {
  const { sync } = usePanelContext();
  const [atMs, setAtMs] = useState<number>();
  useEffect(() => {
    const isForeign = (event: { readonly origin?: unknown }) => event.origin !== eventBus && isShared(sync);
    const hover = eventBus.getStream(DataHoverEvent).subscribe((event) => {
      const time: unknown = event.payload.point?.['time'];
      if (isForeign(event) && typeof time === 'number') setAtMs(time);
    });
    const clear = eventBus.getStream(DataHoverClearEvent).subscribe((event) => {
      if (isForeign(event)) setAtMs(undefined);
    });
    return () => {
      hover.unsubscribe();
      clear.unsubscribe();
      setAtMs(undefined);
    };
  }, [eventBus, sync]);
  const publish = useCallback(
    (time: number | undefined) => {
      if (!isShared(sync)) return;
      eventBus.publish(
        time === undefined ? new DataHoverClearEvent() : new DataHoverEvent({ point: { time } }),
      );
    },
    [eventBus, sync],
  );
  return { atMs, publish };
}

/** Outside a dashboard, as in the page of another app, nobody shares a crosshair. */
function isShared(sync: (() => DashboardCursorSync) | undefined): boolean {
  return sync !== undefined && sync() !== DashboardCursorSync.Off;
}
