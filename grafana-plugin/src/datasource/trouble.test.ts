import { expect, test } from 'vitest';
import { saidIn } from '../relay/relay-sentences.ts';
import { sentencesIn } from './sentences.ts';
import { troubleOf } from './trouble.ts';

const t = sentencesIn('en');
const said = saidIn('en');
const problem = (code: string, detail: string) => JSON.stringify({ code, detail });

test.each([
  [undefined, /^Grafana does not answer/],
  [{ status: 502, body: '' }, /cannot reach the relay at relay\.example/],
  [{ status: 403, body: problem('forbidden', 'x') }, /does not accept this view token/],
  [
    { status: 403, body: '{"message":"plugin proxy route access denied"}' },
    /Grafana does not let you query .*“relay\.example”.*“Query”/,
  ],
  [{ status: 400, body: 'Authentication to data source failed' }, /it is no Sightline relay/],
  [{ status: 403, body: '{"message":"Access denied to datasource"}' }, /does not let you query/],
  [{ status: 403, body: '{"message":"hostname and ip are not included in whitelist"}' }, /_proxy_whitelist/],
  [{ status: 403, body: '{"message":"origin not allowed"}' }, /^Grafana refuses: origin not allowed$/],
  [{ status: 401, body: '{"message":"Unauthorized"}' }, /log in again/],
  [{ status: 404, body: '{"message":"Unable to find datasource"}' }, /does not exist any more/],
  [{ status: 404, body: '{"message":"Unable to find datasource plugin"}' }, /allow_loading_unsigned/],
  [{ status: 404, body: problem('not-found', 'x') }, /update it/],
  [{ status: 404, body: problem('metric-not-kept', 'No history of x.') }, /status 404: No history of x\./],
  [{ status: 404, body: '<html>' }, /it is no Sightline relay/],
  [{ status: 200, body: '<html>' }, /it is no Sightline relay/],
  [{ status: 503, body: problem('shutting-down', 'It stops.') }, /status 503: It stops\./],
])('%j', (response, sentence) => {
  expect(troubleOf(response, undefined, 'relay.example', t, said)).toMatch(sentence);
});

test('without a token the remedy is to enter one', () => {
  expect(troubleOf({ status: 403, body: problem('forbidden', 'x') }, false, '', t, said)).toMatch(
    /wants a token/,
  );
});

test('a Korean user reads Korean, whoever refuses', () => {
  const ko = [sentencesIn('ko'), saidIn('ko')] as const;
  const full = JSON.stringify({ code: 'over-capacity', reason: 'memory', detail: 'No memory left.' });
  expect(troubleOf({ status: 503, body: full }, undefined, '', ...ko)).toMatch(/503.*메모리/);
  expect(
    troubleOf({ status: 403, body: '{"message":"Access denied to datasource"}' }, undefined, '', ...ko),
  ).toMatch(/권한이 없습니다/);
});
