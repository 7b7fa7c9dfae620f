import { expect, test } from 'vitest';
import plugin from '../plugin.json';
import { isTooOld, oldestGrafana } from './grafana-version.ts';

test.each([
  ['11.6.11', true],
  ['12.3.2', true],
  ['9.5.0', true],
  ['12.4.0', false],
  ['12.4.0-pre', false],
  ['12.10.0', false],
  ['13.2.2', false],
  ['13.0.0-17250456', false],
  ['', false],
  ['unknown', false],
])('%s', (version, tooOld) => {
  expect(isTooOld(version)).toBe(tooOld);
});

test('is what plugin.json says', () => {
  const { major, minor } = oldestGrafana;
  expect(plugin.dependencies.grafanaDependency).toBe(`>=${major}.${minor}.0`);
});
