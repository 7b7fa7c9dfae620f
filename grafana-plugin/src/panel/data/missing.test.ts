import { expect, test } from 'vitest';
import { panelSentencesIn } from '../sentences-in.ts';
import { missingReason, missingReasons, missingSourceIn } from './missing.ts';

const coded = (code: string) => JSON.stringify({ code });

test.each([
  [undefined, 'unknown'],
  [{ status: 404, body: coded('grafana-source-gone') }, 'gone'],
  [{ status: 403, body: coded('grafana-not-permitted') }, 'not-permitted'],
  [{ status: 401, body: coded('grafana-logged-out') }, 'logged-out'],
  [{ status: 404, body: coded('grafana-plugin-gone') }, 'plugin-gone'],
  [{ status: 403, body: coded('grafana-refuses') }, 'unknown'],
  // It is there, whatever else is wrong with it.
  [{ status: 404, body: coded('grafana-not-a-relay') }, 'too-new'],
  [{ status: 502, body: coded('grafana-cannot-reach-relay') }, 'too-new'],
  [{ status: 403, body: coded('forbidden') }, 'too-new'],
  [{ status: 200, body: '{"streams":[]}' }, 'too-new'],
  [{ status: 500, body: '<html>' }, 'unknown'],
] as const)('%j', (answer, reason) => {
  expect(missingReason(answer)).toBe(reason);
});

test.each(['en', 'ko'])('each reason has a title and a next step of its own: %s', (language) => {
  const t = panelSentencesIn(language);
  const titles = missingReasons.map((reason) => t(`missing.${reason}`));
  const steps = missingReasons.map((reason) => t(`missing.${reason}-why`, { name: 'Relay' }));
  expect(new Set(titles).size).toBe(missingReasons.length);
  expect(new Set(steps).size).toBe(missingReasons.length);
  for (const step of steps) expect(step).toMatch(/\.$/);
});

test.each([
  ['Datasource relay-two was not found', 'relay-two'],
  ['Datasource named Relay two was not found', 'Relay two'],
  ['Data source relay-two was not found.', 'relay-two'],
  ['The relay cannot be reached.', undefined],
  [undefined, undefined],
])('%s', (trouble, uid) => {
  expect(missingSourceIn(trouble)).toBe(uid);
});
