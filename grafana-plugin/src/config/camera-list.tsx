/** The cameras of a relay, each with what Grafana can make of it. Nothing is drawn for a user who may do neither. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import {
  config,
  getDataSourceSrv,
  hasAnyPermission,
  hasPermission,
  usePluginComponent,
} from '@grafana/runtime';
import { Button, LinkButton, Modal, Stack, Text, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { userLanguage } from '../i18n/language.ts';
import { useRelay, useRelayNews } from '../panel/hooks/use-relay.ts';
import { newAlertPath, panelOf, prometheusAmong } from './camera-actions.ts';
import type { Camera } from './camera-actions.ts';
import { cameraSentencesIn } from './camera-sentences.ts';

/** What Grafana's exposed form takes (13.2; the same since it came). */
interface AddToDashboardProps {
  readonly onClose: () => void;
  readonly buildPanel: () => ReturnType<typeof panelOf>;
  readonly options: { readonly useAbsolutePath: boolean };
}

export function CameraList({ uid, relay }: { readonly uid: string; readonly relay: string }) {
  const t = cameraSentencesIn(userLanguage());
  const styles = useStyles2(getStyles);
  const { component: AddToDashboard } = usePluginComponent<AddToDashboardProps>(
    'grafana/add-to-dashboard-form/v1',
  );
  const [adding, setAdding] = useState<Camera>();
  // The form has nothing to offer to whoever may write no dashboard, and does not expect to be asked.
  const canAdd = AddToDashboard != null && hasAnyPermission(['dashboards:create', 'dashboards:write']);
  const prometheus = hasPermission('alert.rule:create')
    ? prometheusAmong(
        getDataSourceSrv()
          .getList({ type: 'prometheus' })
          .map((source) => source.uid),
      )
    : undefined;
  const found = useRelay(canAdd || prometheus !== undefined ? uid : undefined);
  const { streams } = useRelayNews(found.kind === 'found' ? found.source : undefined);
  if (streams.size === 0) return null;
  const close = () => setAdding(undefined);
  return (
    <Stack direction="column" gap={0.5}>
      <Text element="h4">{t('cameras', { relay })}</Text>
      {[...streams.values()].map(({ name, title }) => (
        <div key={name} className={styles.camera}>
          <Text>{title}</Text>
          {canAdd && (
            <Button
              size="sm"
              variant="secondary"
              icon="apps"
              aria-label={t('add-panel-of', { title })}
              onClick={() => setAdding({ stream: name, title })}
            >
              {t('add-panel')}
            </Button>
          )}
          {prometheus !== undefined && (
            <LinkButton
              size="sm"
              variant="secondary"
              icon="bell"
              aria-label={t('new-alert-of', { title })}
              href={`${config.appSubUrl ?? ''}${newAlertPath(
                { stream: name, title },
                prometheus,
                t('alert-name', { title }),
                t('alert-summary', { title }),
              )}`}
            >
              {t('new-alert')}
            </LinkButton>
          )}
        </div>
      ))}
      {canAdd && adding !== undefined && (
        <Modal title={t('add-panel-of', { title: adding.title })} isOpen onDismiss={close}>
          <AddToDashboard
            onClose={close}
            buildPanel={() => panelOf(adding, uid)}
            options={{ useAbsolutePath: true }}
          />
        </Modal>
      )}
    </Stack>
  );
}

function getStyles(theme: GrafanaTheme2) {
  return {
    // Below each other, whatever the cameras are called.
    camera: css({
      display: 'grid',
      gridTemplateColumns: 'minmax(8em, 20em) max-content max-content',
      alignItems: 'center',
      gap: theme.spacing(1),
    }),
  };
}
