import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { tileStates } from '../stream/states.ts';
import { timeBox } from '../testing/time-box.ts';
import { refusalFrom } from './refusal.ts';

const problem = (code: string, detail?: string) =>
  JSON.stringify({ type: 'about:blank', title: 'Title', status: 0, code, detail });

test.each([
  [
    403,
    null,
    problem('forbidden', 'The token may not watch gate.'),
    'denied',
    'The token may not watch gate.',
  ],
  [401, null, '', 'denied', 'Not allowed to watch this stream.'],
  [503, '7', problem('over-capacity', 'Full.'), 'over-capacity', 'Full.'],
  [429, '1', '', 'over-capacity', 'The relay is full; trying again later.'],
  [503, '2', problem('stream-not-ready'), 'offline', 'Title'],
  [404, null, '<html>', 'offline', 'The relay has no such stream.'],
  [502, null, '', 'offline', 'The relay cannot be reached.'],
  [500, null, '[]', 'offline', 'The relay answered with status 500.'],
] as const)('status %i, Retry-After %s, body %s', (status, retryAfter, body, tile, sentence) => {
  expect(refusalFrom(status, retryAfter, body)).toMatchObject({ tile, sentence });
});

test('reads the stable code and Retry-After in seconds, within reason', () => {
  expect(refusalFrom(503, '7', problem('over-capacity'))).toMatchObject({
    code: 'over-capacity',
    retryAfterMs: 7000,
  });
  expect(refusalFrom(503, '999999999', '').retryAfterMs).toBe(600_000);
  expect(refusalFrom(503, 'Fri, 31 Dec 1999 23:59:59 GMT', '').retryAfterMs).toBe(0);
  expect(refusalFrom(503, '-1', '').retryAfterMs).toBe(0);
});

test.each([
  [429, 'rate-limited', true],
  [502, undefined, true],
  [503, undefined, true],
  [500, undefined, true],
  [500, 'grafana-refuses', true],
  [500, 'internal', false],
  [503, 'shutting-down', true],
  [503, 'over-capacity', false],
  [503, 'stream-not-ready', false],
  [404, 'stream-not-found', false],
] as const)('status %i %s is of the relay and not of one stream: %s', (status, code, isOfRelay) => {
  expect(refusalFrom(status, null, code ? problem(code) : '').isOfRelay).toBe(isOfRelay);
});

test('any answer gives a state of the table, a sentence and a bounded wait', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.option(fc.oneof(fc.string(), fc.integer().map(String)), { nil: null }),
      fc.oneof(fc.string(), fc.json()),
      (status, retryAfter, body) => {
        const refusal = refusalFrom(status, retryAfter, body);
        expect(tileStates).toHaveProperty(refusal.tile);
        expect(refusal.sentence).not.toBe('');
        expect(refusal.retryAfterMs).toBeGreaterThanOrEqual(0);
        expect(refusal.retryAfterMs).toBeLessThanOrEqual(600_000);
      },
    ),
    timeBox,
  );
});
