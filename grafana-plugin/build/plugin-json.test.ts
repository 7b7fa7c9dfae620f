import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dashboardUids } from '../src/config/dashboards.ts';
import { cameraHealth, cameraTile } from '../src/extensions/ids.ts';

function read(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<string, unknown>;
}

test('plugin.json tells Grafana for what it has to load the app', () => {
  expect(read('../src/plugin.json')['extensions']).toEqual({
    addedLinks: [{ targets: ['grafana/dashboard/panel/menu'], ...cameraHealth }],
    exposedComponents: [cameraTile],
  });
});

test('the dashboards that the app knows are those that come with it', () => {
  const folder = new URL('../../provisioning/dashboards/', import.meta.url);
  const uids = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => read(`../../provisioning/dashboards/${name}`)['uid'])
    .map(String);
  expect([...dashboardUids].sort()).toEqual(uids.sort());
});
