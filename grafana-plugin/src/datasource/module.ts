import { DataSourcePlugin } from '@grafana/data';
import type { DataSourceJsonData } from '@grafana/data';
import { ConfigEditor } from './config-editor.tsx';
import { RelayDataSource } from './data-source.ts';
import { QueryEditor } from './query-editor.tsx';
import type { RelayQuery, RelaySecrets } from './types.ts';

export const plugin = new DataSourcePlugin<RelayDataSource, RelayQuery, DataSourceJsonData, RelaySecrets>(
  RelayDataSource,
)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
