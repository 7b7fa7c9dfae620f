import type { PanelData } from '@grafana/data';
import { RELAY_TYPE } from '../../relay/relay-source.ts';
import { relayUidOf } from './tiles.ts';

/** The relay that was chosen, else the one that the data comes from, else the one that was asked; undefined: none. */
export function relayUidIn(chosen: string, data: Pick<PanelData, 'series' | 'request'>): string | undefined {
  if (chosen !== '') return chosen;
  for (const frame of data.series) {
    const uid = relayUidOf(frame);
    if (uid !== undefined) return uid;
  }
  return data.request?.targets.find(({ datasource }) => datasource?.type === RELAY_TYPE)?.datasource?.uid;
}
