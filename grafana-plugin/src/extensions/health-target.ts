/** Where "Camera health" leads from a panel: the dashboard of its camera, or of its cameras. Pure. */
import type { PluginExtensionPanelContext } from '@grafana/data';
import { relayUidIn } from '../panel/data/relay-uid.ts';
import { tilesOf } from '../panel/data/tiles.ts';
import { PANEL_TYPE, RELAY_TYPE } from '../relay/relay-source.ts';

/** An address is no place for a list of any length: beyond, the dashboard shows all. */
const MOST_STREAMS = 50;

export interface HealthTarget {
  /** Of a dashboard that comes with the app. */
  readonly uid: 'sightline-camera' | 'sightline-fleet';
  /** Its variables and the panel's time range. */
  readonly query: string;
}

type Context = Pick<PluginExtensionPanelContext, 'pluginId' | 'timeRange' | 'targets' | 'data'>;

/** Undefined for the panels of others. */
export function healthTarget(context: Context | undefined): HealthTarget | undefined {
  if (context?.pluginId !== PANEL_TYPE) return undefined;
  const streams = streamsOf(context);
  const relay = relayOf(context);
  const query = new URLSearchParams();
  if (relay !== undefined) query.set('var-relay', relay);
  if (streams.length <= MOST_STREAMS) for (const stream of streams) query.append('var-stream', stream);
  query.set('from', moment(context.timeRange.from));
  query.set('to', moment(context.timeRange.to));
  // The camera's dashboard shows one; the fleet's any number.
  return { uid: streams.length > 1 ? 'sightline-fleet' : 'sightline-camera', query: query.toString() };
}

/** What the tiles show, so variables, labels and transformations count. */
function streamsOf({ data }: Context): readonly string[] {
  const found = tilesOf(data?.series ?? [], '');
  return found.kind === 'tiles' ? [...new Set(found.tiles.map(({ stream }) => stream))] : [];
}

function relayOf({ data, targets }: Context): string | undefined {
  return (
    relayUidIn('', { series: data?.series ?? [], request: undefined }) ??
    targets.find(({ datasource }) => datasource?.type === RELAY_TYPE)?.datasource?.uid
  );
}

/** `now-6h` stays; a moment becomes Unix ms. */
function moment(time: { valueOf(): unknown }): string {
  return String(time.valueOf());
}
