import { AlertState, LoadingState } from '@grafana/data';
import type { PanelProps } from '@grafana/data';
import { config } from '@grafana/runtime';
import type { TileState } from '@sightline/media-relay/client';
import { useMemo } from 'react';
import { Message } from './components/message.tsx';
import { Wall } from './components/wall.tsx';
import { isTooOld } from './data/grafana-version.ts';
import { missingSourceIn } from './data/missing.ts';
import type { MissingReason } from './data/missing.ts';
import { relayUidIn } from './data/relay-uid.ts';
import { relayUidOf, tilesOf } from './data/tiles.ts';
import { useRelay } from './hooks/use-relay.ts';
import { defaultOptions } from './options.ts';
import type { WallOptions } from './options.ts';
import { panelSentences } from './sentences.ts';

export function CameraPanel(props: PanelProps<WallOptions>) {
  const { data, replaceVariables } = props;
  const t = panelSentences();
  const options = useMemo(() => ({ ...defaultOptions, ...props.options }), [props.options]);
  const found = useMemo(() => tilesOf(data.series, options.streamField), [data.series, options.streamField]);
  const trouble = data.errors?.[0]?.message ?? data.error?.message;
  const uid = relayUidIn(replaceVariables(options.relay), data);
  const isEmpty = found.kind === 'tiles' && found.tiles.length === 0;
  // A query whose data source is missing gets no answer from which a relay could be read.
  const missing = isEmpty ? missingSourceIn(trouble) : undefined;
  const version = config.buildInfo?.version ?? '';
  const canWork = !isPublic() && !isTooOld(version);
  const relay = useRelay(canWork ? (missing ?? uid) : undefined);

  if (isTooOld(version))
    return <Message shape="blocked" title={t('old-grafana')} text={t('old-grafana-why', { version })} />;
  if (isPublic()) return <Message shape="denied" title={t('public')} text={t('public-why')} />;
  if (relay.kind === 'missing')
    return (
      <Message
        shape={missingShapes[relay.why]}
        title={t(`missing.${relay.why}`)}
        text={t(`missing.${relay.why}-why`, { name: relay.uid })}
      />
    );
  if (found.kind === 'no-stream-field')
    return <Message shape="blocked" title={t('no-stream-field')} text={t('no-stream-field-why')} />;
  if (isEmpty) {
    if (missing !== undefined && relay.kind === 'looking') return null;
    if (trouble !== undefined) return <Message shape="offline" title={t('query-failed')} text={trouble} />;
    if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted)
      return <Message shape="connecting" title={t('waiting')} />;
    if (data.series.some((frame) => relayUidOf(frame) !== undefined))
      return <Message title={t('no-match')} text={t('no-match-why')} />;
    return <Message title={t('no-tiles')} text={t('no-tiles-why')} />;
  }
  if (uid === undefined) return <Message shape="blocked" title={t('no-relay')} text={t('no-relay-why')} />;
  if (relay.kind !== 'found') return null;
  return (
    <Wall
      tiles={found}
      source={relay.source}
      options={options}
      width={props.width}
      height={props.height}
      timeZone={props.timeZone}
      toMs={data.timeRange.to.valueOf()}
      fieldConfig={props.fieldConfig}
      replaceVariables={replaceVariables}
      eventBus={props.eventBus}
      isAlerting={data.alertState?.state === AlertState.Alerting}
    />
  );
}

const missingShapes: Readonly<Record<MissingReason, TileState>> = {
  gone: 'offline',
  'not-permitted': 'denied',
  'logged-out': 'denied',
  'plugin-gone': 'offline',
  'too-new': 'connecting',
  'not-a-relay': 'blocked',
  unknown: 'offline',
};

/** Externally shared dashboards: the proxy wants an identity, and a link that anybody may open is none. */
function isPublic(): boolean {
  return (config.publicDashboardAccessToken ?? '') !== '';
}
