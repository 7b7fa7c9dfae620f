import { expect, test } from 'vitest';
import { sentencesIn } from './sentences.ts';
import { troubleOf } from './trouble.ts';

const t = sentencesIn('en');
const problem = (code: string, detail: string) => JSON.stringify({ code, detail });

test.each([
  [undefined, /cannot reach the relay at relay\.example/],
  [{ status: 502, body: '' }, /cannot reach/],
  [{ status: 403, body: problem('forbidden', 'x') }, /does not accept this view token/],
  [
    { status: 403, body: '{"message":"plugin proxy route access denied"}' },
    /Grafana refuses: plugin proxy route/,
  ],
  [{ status: 400, body: 'Authentication to data source failed' }, /it is no Sightline relay/],
  [{ status: 404, body: '<html>' }, /it is no Sightline relay/],
  [{ status: 200, body: '<html>' }, /it is no Sightline relay/],
  [{ status: 503, body: problem('shutting-down', 'It stops.') }, /status 503: It stops\./],
])('%j', (response, sentence) => {
  expect(troubleOf(response, undefined, 'relay.example', t)).toMatch(sentence);
});

test('without a token the remedy is to enter one', () => {
  expect(troubleOf({ status: 403, body: problem('forbidden', 'x') }, false, '', t)).toMatch(/wants a token/);
});
