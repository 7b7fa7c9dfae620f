import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { grafanaRefusal, withGrafanaCode } from './grafana-refusal.ts';

const message = (text: string) => JSON.stringify({ message: text });
const noPermission = {
  accessErrorId: 'ACE0000000001',
  message: "You'll need additional permissions to perform this action. Permissions needed: datasources:query",
  title: 'Access denied',
};

test.each([
  [401, message('Unauthorized'), 'grafana-logged-out'],
  [403, JSON.stringify(noPermission), 'grafana-not-permitted'],
  [403, message('Access denied to datasource'), 'grafana-not-permitted'],
  [403, message('plugin proxy route access denied'), 'grafana-not-permitted'],
  [403, message('Data proxy hostname and ip are not included in whitelist'), 'grafana-not-listed'],
  [403, message('origin not allowed'), 'grafana-refuses'],
  [404, message('Unable to find datasource'), 'grafana-source-gone'],
  [404, message('Unable to find datasource plugin'), 'grafana-plugin-gone'],
  [500, message('Unable to find datasource plugin'), 'grafana-plugin-gone'],
  [500, message('Unable to load datasource metadata'), 'grafana-refuses'],
  [502, '', 'grafana-cannot-reach-relay'],
  [504, '', 'grafana-cannot-reach-relay'],
  [400, 'Authentication to data source failed', 'grafana-not-a-relay'],
  [404, '<html>', 'grafana-not-a-relay'],
  [500, '<html>', undefined],
  [403, JSON.stringify({ code: 'forbidden', detail: 'The token may not.' }), undefined],
  [404, JSON.stringify({ code: 'stream-not-found', detail: 'No.', message: 'x' }), undefined],
])('%i %s', (status, body, code) => {
  expect(grafanaRefusal(status, body)).toBe(code);
});

test('the code travels in a body like the relay’s, and the relay’s own stays', () => {
  const denied = withGrafanaCode(403, message('Access denied to datasource'));
  expect(JSON.parse(denied)).toEqual({
    code: 'grafana-not-permitted',
    detail: 'Access denied to datasource',
  });
  const own = JSON.stringify({ code: 'forbidden', detail: 'No.' });
  expect(withGrafanaCode(403, own)).toBe(own);
});

test('no body makes it throw, and it changes nothing when it is done again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
      const once = withGrafanaCode(status, body);
      expect(withGrafanaCode(status, once)).toBe(once);
    }),
    timeBox,
  );
});
