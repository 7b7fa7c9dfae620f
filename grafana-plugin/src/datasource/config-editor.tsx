import type { DataSourceJsonData, DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Alert, Field, Input, SecretInput } from '@grafana/ui';
import { userLanguage } from '../i18n/language.ts';
import { sentencesIn } from './sentences.ts';
import type { RelaySecrets } from './types.ts';

type Props = DataSourcePluginOptionsEditorProps<DataSourceJsonData, RelaySecrets>;

const WIDTH = 50;

export function ConfigEditor({ options, onOptionsChange }: Props) {
  const t = sentencesIn(userLanguage());
  const setToken = (token: string) =>
    onOptionsChange({ ...options, secureJsonData: { ...options.secureJsonData, token } });
  const forgetToken = () =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...options.secureJsonFields, token: false },
      secureJsonData: { ...options.secureJsonData, token: '' },
    });
  return (
    <>
      <Field noMargin label={t('address')} description={t('address-help')}>
        <Input
          id="sightline-address"
          width={WIDTH}
          placeholder="http://relay:8640"
          value={options.url}
          onChange={(event) => onOptionsChange({ ...options, url: event.currentTarget.value.trim() })}
        />
      </Field>
      <br />
      <Field noMargin label={t('token')} description={t('token-help')}>
        <SecretInput
          id="sightline-token"
          width={WIDTH}
          isConfigured={options.secureJsonFields['token'] === true}
          value={options.secureJsonData?.token ?? ''}
          onChange={(event) => setToken(event.currentTarget.value.trim())}
          onReset={forgetToken}
        />
      </Field>
      <br />
      <Alert severity="info" title={t('media-title')}>
        {t('media-text')}
      </Alert>
    </>
  );
}
