import { expect, test } from 'vitest';

import { resourceUrlFrom } from './resource-url.ts';

const whepUrl = 'https://grafana.example/api/datasources/proxy/uid/x/api/v1/whep/lobby';

test.each([
  'lobby/3q2-7w',
  './lobby/3q2-7w',
  `${whepUrl}/3q2-7w`,
  '/api/datasources/proxy/uid/x/api/v1/whep/lobby/3q2-7w',
])('%s is a session of this offer', (location) => {
  expect(resourceUrlFrom(location, whepUrl)).toBe(`${whepUrl}/3q2-7w`);
});

test.each([
  null,
  '',
  '/',
  'lobby',
  'lobby/',
  'garage/3q2-7w',
  'lobby/3q2-7w/quality',
  'lobby/..%2f..%2fadmin',
  'lobby/%2e%2e/garage/3q2-7w',
  '/api/dashboards/uid/abc',
  '../../../../../../../dashboards/uid/abc',
  'https://elsewhere.example/api/v1/whep/lobby/3q2-7w',
  '//elsewhere.example/api/datasources/proxy/uid/x/api/v1/whep/lobby/3q2-7w',
  'javascript:alert(1)',
  'http://[',
])('%s is none: no request goes there', (location) => {
  expect(resourceUrlFrom(location, whepUrl)).toBeUndefined();
});
