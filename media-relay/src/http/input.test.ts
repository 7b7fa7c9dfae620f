import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { shortTimeBox } from '../testing/time-box.ts';
import { HttpProblem } from './errors.ts';
import { readBody, readQuery } from './input.ts';
import {
  currentQuerySchema,
  eventQuerySchema,
  historyQuerySchema,
  newStreamSchema,
  offerQuerySchema,
  qualityBeaconSchema,
  qualityWishSchema,
  snapshotQuerySchema,
  stillsQuerySchema,
  summaryQuerySchema,
} from './schemas.ts';

const secret = 'hunter2-hunter2';
const oddValues = fc.oneof(
  fc.constantFrom(
    secret,
    `rtsp://admin:${secret}@cam/`,
    '-1',
    '1e9',
    '99999999999999999',
    '0x10',
    '٣',
    'auto',
  ),
  fc.constantFrom(
    '2026-01-01T00:00:00Z',
    '2026-13-99T99:99:99Z',
    '90s',
    '5m',
    'sightline_viewers',
    'lobby',
    '..',
  ),
  fc.string({ maxLength: 20 }),
  fc.integer({ min: -1, max: 1e6 }).map(String),
);

/** What was read, or the problem; anything else that was thrown fails the test. */
function outcome<T>(read: () => T): { readonly read?: T; readonly problem?: HttpProblem } {
  try {
    return { read: read() };
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    return { problem: error };
  }
}

function expectSound(problem: HttpProblem): void {
  expect(problem.code).toBe('bad-request');
  expect(problem.message.length).toBeLessThanOrEqual(501);
  expect(problem.message).not.toContain(secret);
}

describe('readQuery', () => {
  const schemas = {
    current: currentQuerySchema,
    events: eventQuerySchema,
    history: historyQuerySchema,
    offer: offerQuerySchema,
    snapshot: snapshotQuerySchema,
    stills: stillsQuerySchema,
    summary: summaryQuerySchema,
  };
  const bounds: Readonly<Record<string, readonly [number, number]>> = {
    from: [-8.64e15, 8.64e15],
    to: [-8.64e15, 8.64e15],
    start_time: [-8.64e15, 8.64e15],
    end_time: [-8.64e15, 8.64e15],
    limit: [1, 1000],
    step: [1, 86_400],
    width: [1, 16_384],
    height: [1, 16_384],
    period: [0, 999_999 * 3_600_000],
  };

  test('gives numbers within their bounds or a short problem without a value, whatever the query', () => {
    const names = fc.oneof(
      fc.constantFrom(
        ...Object.keys(bounds),
        'stream',
        'metric',
        'quality',
        'type',
        '__proto__',
        'constructor',
      ),
      fc.string({ maxLength: 5 }),
    );
    const known = fc.constantFrom(...(Object.keys(schemas) as (keyof typeof schemas)[]));
    fc.assert(
      fc.property(known, fc.array(fc.tuple(names, oddValues), { maxLength: 5 }), (of, pairs) => {
        const { read, problem } = outcome(() => readQuery(schemas[of], new URLSearchParams(pairs)));
        if (problem !== undefined) return expectSound(problem);
        expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
        for (const [name, value] of Object.entries(read ?? {})) {
          const [min, max] = bounds[name] ?? [];
          if (min !== undefined && max !== undefined)
            expect(typeof value === 'number' && value >= min && value <= max, `${name} ${value}`).toBe(true);
        }
      }),
      shortTimeBox,
    );
  });
});

describe('readBody', () => {
  test('gives what the schema allows or a short problem without a value, whatever the body', () => {
    const good: Readonly<Record<string, unknown>> = {
      name: 'lobby',
      url: `rtsp://admin:${secret}@cam/`,
      labels: { site: secret },
      tile: { width: 1, height: 1 },
      seconds: 10,
      framesDecoded: 1,
      framesDropped: 0,
      freezes: 0,
      freezeSeconds: 0,
      packetsReceived: 1,
      packetsLost: 0,
    };
    const wrong = fc.oneof(
      oddValues,
      fc.constantFrom<unknown>(1e300, -1, 1.5, [secret], { x1: secret }, null),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const schema = fc.constantFrom(newStreamSchema, qualityWishSchema, qualityBeaconSchema);
    const body = fc.oneof(
      fc
        .tuple(
          fc.subarray(Object.keys(good)),
          fc.array(
            fc.tuple(fc.constantFrom(...Object.keys(good), 'quality', 'maxViewers', 'transport'), wrong),
            {
              maxLength: 2,
            },
          ),
        )
        .map(([kept, changed]): unknown =>
          Object.fromEntries([...kept.map((name) => [name, good[name]] as const), ...changed]),
        ),
      wrong,
    );
    fc.assert(
      fc.property(schema, body, (shape, value) => {
        const { read, problem } = outcome(() => readBody<typeof shape>(shape, value));
        if (problem !== undefined) return expectSound(problem);
        // Read again it is the same, and nothing came in that was not asked for.
        expect(readBody<typeof shape>(shape, read)).toEqual(read);
        for (const number of Object.values(read ?? {}).filter((each) => typeof each === 'number'))
          expect(number >= 0 && number <= 10_000_000).toBe(true);
      }),
      shortTimeBox,
    );
  });
});
