import type { PluginConfigPageProps, AppPluginMeta } from '@grafana/data';
import { config, getDataSourceSrv } from '@grafana/runtime';
import { Alert, Button, LinkButton, Stack, Text } from '@grafana/ui';
import { useState } from 'react';
import { userLanguage } from '../i18n/language.ts';
import { RELAY_TYPE } from '../relay/relay-source.ts';
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
      <Stack direction="row" gap={1}>
        <LinkButton icon="plus" href={within(`/connections/datasources/${RELAY_TYPE}`)} variant="primary">
          {t('add')}
        </LinkButton>
        <LinkButton icon="apps" href={within('/dashboards?tag=sightline')} variant="secondary">
          {t('dashboards')}
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
