import { Samples } from '@sightline/exporter';
import { expect, test } from 'vitest';

import { alertListSchema, historySchema, streamListSchema, streamSchema } from '../schemas.ts';
import { as, FakeMetrics, startTestRelay } from '../testing/test-relay.ts';
import { liveSnapshot, substreamSnapshot } from '../testing/fake-engine.ts';

/** The system's clock was set by a minute since the relay started. */
const clock = Object.assign(() => 10_000, { aheadMs: () => 60_000 });

test('after the system’s clock was set, the API tells and takes Unix time', async () => {
  const metrics = new FakeMetrics();
  for (const atMs of [8_000, 9_000, 10_000]) {
    const out = new Samples();
    out.set('sightline_cpu_utilisation_ratio', atMs / 100_000);
    metrics.history.record(out, atMs);
  }
  const what = {
    code: 'cpu',
    level: 'critical',
    message: 'Busy',
    labels: {},
    value: 1,
    threshold: 0.9,
  } as const;
  metrics.alerts = [{ ...what, sinceMs: 9_000 }];
  await using relay = await startTestRelay({ deps: { metrics, clock } });
  relay.engine.snapshots = [{ ...liveSnapshot, substream: substreamSnapshot }];
  const ask = async (path: string): Promise<unknown> =>
    (await relay.fetch(path, { headers: as.grafana })).json();

  const { nowMs, streams } = streamListSchema.parse(await ask('/api/v1/streams'));
  expect(nowMs).toBe(70_000);
  const times = {
    stateSinceMs: 61_000,
    lastFrameMs: 62_000,
    picture: { pictureMs: 60_900, checkedMs: 60_950 },
    substream: { lastFrameMs: 62_000 },
  };
  expect(streams[0]).toMatchObject(times);
  expect(streamSchema.parse(await ask('/api/v1/streams/lobby-1'))).toMatchObject(times);

  const { alerts, ...list } = alertListSchema.parse(await ask('/api/v1/alerts'));
  expect([list.nowMs, alerts[0]?.sinceMs]).toEqual([70_000, 69_000]);

  const query = '?metric=sightline_cpu_utilisation_ratio&start_time=68000&end_time=69000';
  const history = historySchema.parse(await ask(`/api/v1/metrics/history${query}`));
  expect(history.startMs).toBe(68_000);
  expect(history.series[0]?.values).toEqual([expect.closeTo(0.08, 5), expect.closeTo(0.09, 5)]);

  const still = await relay.fetch('/api/v1/streams/lobby-1/snapshot.jpg', { headers: as.grafana });
  // It came 1.5 s before the relay's clock was 0.
  expect(still.headers.get('last-modified')).toBe(new Date(58_500).toUTCString());
  expect(still.headers.get('age')).toBe('11');
});
