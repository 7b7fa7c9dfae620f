import { readFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';

import { parseConfig } from './parse.ts';
import { renderReference } from './reference.ts';

const path = new URL('../../../docs/CONFIGURATION.md', import.meta.url);
const page = await readFile(path, 'utf8');

test('docs/CONFIGURATION.md lists every key as the schema has it', async () => {
  const options = await resolveConfig(path);
  const table = await format(renderReference(), { ...options, parser: 'markdown' });
  // To update the page, put this text between its markers.
  expect(page.split('<!-- keys -->')[1]?.trim()).toBe(table.trim());
});

test('its example is a configuration', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const environment = { GATE_PASSWORD: 'x', GRAFANA_TOKEN: '0123456789abcdef' };
  const config = parseConfig(example, { file: 'relay.yaml', environment, readText: () => '' });
  expect([...config.streams.keys()]).toEqual(['lobby', 'gate']);
});
