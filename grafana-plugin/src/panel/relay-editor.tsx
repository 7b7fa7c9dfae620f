import type { StandardEditorProps } from '@grafana/data';
import { DataSourcePicker } from '@grafana/runtime';
import { RELAY_TYPE } from '../relay/relay-source.ts';

export function RelayEditor({ value, onChange }: StandardEditorProps<string>) {
  return (
    <DataSourcePicker
      type={RELAY_TYPE}
      noDefault
      current={value === '' ? null : value}
      onChange={({ uid }) => onChange(uid)}
      onClear={() => onChange('')}
    />
  );
}
