import { AlertState, LoadingState } from '@grafana/data';
import type { PanelProps } from '@grafana/data';
import { config } from '@grafana/runtime';
import { useMemo } from 'react';
import { Message } from './components/message.tsx';
import { Wall } from './components/wall.tsx';
import { relayUidIn } from './data/relay-uid.ts';
import { tilesOf } from './data/tiles.ts';
import { useRelay } from './hooks/use-relay.ts';
import { defaultOptions } from './options.ts';
import type { WallOptions } from './options.ts';
import { panelSentences } from './sentences.ts';

export function CameraPanel(props: PanelProps<WallOptions>) {
  const { data, replaceVariables } = props;
  const t = panelSentences();
  const options = useMemo(() => ({ ...defaultOptions, ...props.options }), [props.options]);
  const found = useMemo(() => tilesOf(data.series, options.streamField), [data.series, options.streamField]);
  const relay = useRelay(isPublic() ? undefined : relayUidIn(replaceVariables(options.relay), data));

  if (isPublic()) return <Message title={t('public')} text={t('public-why')} />;
  const trouble = data.errors?.[0]?.message ?? data.error?.message;
  if (found.kind === 'no-stream-field')
    return <Message title={t('no-stream-field')} text={t('no-stream-field-why')} />;
  if (found.tiles.length === 0) {
    if (trouble !== undefined) return <Message title={t('query-failed')} text={trouble} />;
    if (data.state === LoadingState.Loading || data.state === LoadingState.NotStarted)
      return <Message title={t('waiting')} />;
    return <Message title={t('no-tiles')} text={t('no-tiles-why')} />;
  }
  const uid = relayUidIn(replaceVariables(options.relay), data);
  if (uid === undefined) return <Message title={t('no-relay')} text={t('no-relay-why')} />;
  if (relay.kind === 'gone')
    return <Message title={t('relay-gone')} text={t('relay-gone-why', { name: relay.uid })} />;
  if (relay.kind === 'looking') return null;
  return (
    <Wall
      tiles={found}
      source={relay.source}
      options={options}
      width={props.width}
      height={props.height}
      timeZone={props.timeZone}
      fieldConfig={props.fieldConfig}
      replaceVariables={replaceVariables}
      eventBus={props.eventBus}
      isAlerting={data.alertState?.state === AlertState.Alerting}
    />
  );
}

/** Externally shared dashboards: the proxy wants an identity, and a link that anybody may open is none. */
function isPublic(): boolean {
  return (config.publicDashboardAccessToken ?? '') !== '';
}
