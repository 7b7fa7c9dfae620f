import type { QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, InlineFieldRow, Input, RadioButtonGroup } from '@grafana/ui';
import type { ComboboxOption } from '@grafana/ui';
import { userLanguage } from '../i18n/language.ts';
import type { RelayDataSource } from './data-source.ts';
import { sentencesIn } from './sentences.ts';
import type { RelayQuery, RelayQueryType } from './types.ts';

type Props = QueryEditorProps<RelayDataSource, RelayQuery>;

const LABEL_WIDTH = 14;
const INPUT_WIDTH = 30;
const METRIC_WIDTH = 60;

export function QueryEditor({ datasource, query, onChange, onRunQuery }: Props) {
  const t = sentencesIn(userLanguage());
  const queryType = query.queryType ?? 'streams';
  const choose = (change: Partial<RelayQuery>) => {
    onChange({ ...query, ...change });
    onRunQuery();
  };
  const textField = (
    key: 'streams' | 'labels' | 'kind',
    label: string,
    help: string,
    placeholder: string,
  ) => (
    <InlineField label={label} labelWidth={LABEL_WIDTH} tooltip={help}>
      <Input
        id={`${query.refId}-${key}`}
        width={INPUT_WIDTH}
        defaultValue={query[key] ?? ''}
        placeholder={placeholder}
        onBlur={(event) => choose({ [key]: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Enter') choose({ [key]: event.currentTarget.value });
        }}
      />
    </InlineField>
  );
  return (
    <InlineFieldRow>
      <InlineField label={t('kind')} labelWidth={LABEL_WIDTH}>
        <RadioButtonGroup<RelayQueryType>
          options={[
            { label: t('streams'), value: 'streams' },
            { label: t('events'), value: 'events' },
            { label: t('metrics'), value: 'metrics' },
          ]}
          value={queryType}
          onChange={(value) => choose({ queryType: value })}
        />
      </InlineField>
      {textField('streams', t('names'), t('names-help'), '*')}
      {queryType === 'streams' && textField('labels', t('labels'), t('labels-help'), 'site=North')}
      {queryType === 'events' && textField('kind', t('event-kind'), t('event-kind-help'), 'stream-down')}
      {queryType === 'metrics' && (
        <InlineField label={t('metric')} labelWidth={LABEL_WIDTH} tooltip={t('metric-help')}>
          <Combobox
            id={`${query.refId}-metric`}
            width={METRIC_WIDTH}
            createCustomValue
            options={async (typed) => optionsOf(await datasource.metrics(), typed)}
            value={query.metric ?? null}
            onChange={({ value }) => choose({ metric: value })}
          />
        </InlineField>
      )}
    </InlineFieldRow>
  );
}

function optionsOf(names: readonly string[], typed: string): ComboboxOption[] {
  return names.filter((name) => name.includes(typed)).map((value) => ({ value }));
}
