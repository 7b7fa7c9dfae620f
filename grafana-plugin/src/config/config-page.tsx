import type { PluginConfigPageProps, AppPluginMeta } from '@grafana/data';
import { config, getDataSourceSrv } from '@grafana/runtime';
import { Alert, Button, LinkButton, Stack, Text } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { userLanguage } from '../i18n/language.ts';
import { RELAY_TYPE } from '../relay/relay-source.ts';
import { CameraList } from './camera-list.tsx';
import type { DashboardFound } from './dashboards.ts';
import { findDashboards } from './find-dashboards.ts';
import { configSentencesIn } from './sentences.ts';

interface Outcome {
  readonly status: 'success' | 'error';
  readonly message: string;
}

export function ConfigPage({ plugin }: PluginConfigPageProps<AppPluginMeta>) {
  const t = configSentencesIn(userLanguage());
  const relays = getDataSourceSrv().getList({ type: RELAY_TYPE });
  return (
    <Stack direction="column" gap={2}>
      <Text element="p">{t('intro')}</Text>
      <Text element="p" color="secondary">
        {t('version', { version: plugin.meta.info.version })}
      </Text>
      <Text element="h3">{t('relays')}</Text>
      {relays.length === 0 && <Alert severity="info" title={t('none')} />}
      {relays.map(({ uid, name }) => (
        <Relay key={uid} uid={uid} name={name} />
      ))}
      <Text element="h3">{t('dashboards')}</Text>
      <Dashboards />
      <Stack direction="row" gap={1}>
        <LinkButton icon="plus" href={within(`/connections/datasources/${RELAY_TYPE}`)} variant="primary">
          {t('add')}
        </LinkButton>
      </Stack>
    </Stack>
  );
}

function Relay({ uid, name }: { readonly uid: string; readonly name: string }) {
  const t = configSentencesIn(userLanguage());
  const [outcome, setOutcome] = useState<Outcome | 'testing'>();
  const test = async () => {
    setOutcome('testing');
    setOutcome(await outcomeOf(uid));
  };
  return (
    <Stack direction="column" gap={1}>
      <Stack direction="row" gap={1} alignItems="center">
        <Text>{name}</Text>
        <Button size="sm" variant="secondary" disabled={outcome === 'testing'} onClick={() => void test()}>
          {t(outcome === 'testing' ? 'testing' : 'test')}
        </Button>
        <LinkButton size="sm" variant="secondary" href={within(`/connections/datasources/edit/${uid}`)}>
          {t('open')}
        </LinkButton>
      </Stack>
      {outcome !== undefined && outcome !== 'testing' && (
        <Alert severity={outcome.status} title={outcome.message} />
      )}
      <CameraList uid={uid} relay={name} />
    </Stack>
  );
}

/** Those that are provisioned here and that this user may see; the list is Grafana's own. */
function Dashboards() {
  const t = configSentencesIn(userLanguage());
  const [found, setFound] = useState<readonly DashboardFound[]>();
  useEffect(() => {
    const leaving = new AbortController();
    void findDashboards(leaving.signal).then((dashboards) => {
      if (!leaving.signal.aborted) setFound(dashboards);
    });
    return () => leaving.abort();
  }, []);
  if (found === undefined) return null;
  if (found.length === 0) return <Text color="secondary">{t('no-dashboards')}</Text>;
  return (
    <Stack direction="row" gap={1} wrap="wrap">
      {found.map(({ uid, title, url }) => (
        // Grafana's search gives addresses with its sub-path.
        <LinkButton key={uid} icon="apps" href={url} variant="secondary">
          {title}
        </LinkButton>
      ))}
    </Stack>
  );
}

async function outcomeOf(uid: string): Promise<Outcome> {
  try {
    const source = await getDataSourceSrv().get(uid);
    const { status, message } = await source.testDatasource();
    return { status: status === 'success' ? 'success' : 'error', message };
  } catch (error) {
    return { status: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}

function within(path: string): string {
  return `${config.appSubUrl ?? ''}${path}`;
}
