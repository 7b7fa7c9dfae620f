/**
 * One live camera for the pages of other apps. It is the panel itself with one row: Grafana loads the panel's module when the
 * first tile is drawn, and its sessions are those of the page, shared with every wall on it.
 */
import { dateTime, FieldType, LoadingState } from '@grafana/data';
import type { PanelData } from '@grafana/data';
import { PanelRenderer } from '@grafana/runtime';
import { useEffect, useMemo, useRef, useState } from 'react';
import { PANEL_TYPE } from '../relay/relay-source.ts';

export interface CameraTileProps {
  /** Uid of a data source of type "Sightline relay". */
  readonly dataSourceUid: string;
  /** Name of the stream, as the relay has it. */
  readonly stream: string;
  /** Above the figures; the relay's own title when left out. */
  readonly title?: string;
  /** Name, figures and state below the picture. Default: yes. */
  readonly showCaption?: boolean;
  /** Of the picture in the tile. Default: contain. */
  readonly fit?: 'contain' | 'cover';
}

/** Fills the element that it is put into, which needs a height. */
export function CameraTile({ dataSourceUid, stream, title = '', showCaption = true, fit }: CameraTileProps) {
  const boxRef = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const box = boxRef.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => setSize({ width: box.clientWidth, height: box.clientHeight }));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const data = useMemo(() => rowOf(stream), [stream]);
  const options = useMemo(
    () => ({
      relay: dataSourceUid,
      title,
      showTitles: showCaption,
      ...(showCaption ? {} : { figures: [] }),
      ...(fit === undefined ? {} : { fit }),
    }),
    [dataSourceUid, title, showCaption, fit],
  );
  return (
    <div ref={boxRef} style={{ width: '100%', height: '100%', overflow: 'hidden' }}>
      {size.width > 0 && size.height > 0 && (
        <PanelRenderer pluginId={PANEL_TYPE} title={title} data={data} options={options} {...size} />
      )}
    </div>
  );
}

function rowOf(stream: string): PanelData {
  const now = dateTime();
  return {
    state: LoadingState.Done,
    series: [
      { length: 1, fields: [{ name: 'stream', type: FieldType.string, config: {}, values: [stream] }] },
    ],
    timeRange: { from: now, to: now, raw: { from: now, to: now } },
  };
}
