import { describe, expect, test } from 'vitest';

import { Samples } from '../samples.ts';
import type { AlertThresholds } from './alerts.ts';
import { AlertWatch } from './alerts.ts';
import { Baseline } from './baseline.ts';
import { History } from './history.ts';
import { keptMetrics, sampledMetrics } from './kept.ts';
import { HistoryRing } from './ring.ts';

type Fill = (out: Samples, second: number) => void;

/** A history of so many seconds, from 1,000,000 ms on. */
function historyOf(seconds: number, fill: Fill, options = {}): History {
  const history = new History(options);
  for (let second = 0; second < seconds; second++) {
    const out = new Samples(sampledMetrics);
    fill(out, second);
    history.record(out, startMs + second * 1_000);
  }
  return history;
}
const startMs = 1_000_000;
const endOf = (seconds: number): number => startMs + (seconds - 1) * 1_000;

describe('history', () => {
  test('gauges as they are, counters as what they grow by in a second', () => {
    const history = historyOf(4, (out, second) => {
      out.set('sightline_host_load1', second / 2);
      // 10 a second, begun anew in between.
      out.set('sightline_egress_bytes_total', second === 2 ? 5 : second * 10, { stream: 'lobby' });
      out.set('sightline_host_cpus', 2);
    });
    const range = { fromMs: startMs, toMs: endOf(4), stepMs: 1_000 };
    expect(history.query({ metric: 'sightline_host_load1', ...range })).toEqual({
      startMs,
      stepMs: 1_000,
      series: [{ labels: {}, values: [0, 0.5, 1, 1.5] }],
    });
    expect(history.query({ metric: 'sightline_egress_bytes_total', ...range }).series).toEqual([
      { labels: { stream: 'lobby' }, values: [null, 10, null, 25] },
    ]);
    expect(history.query({ metric: 'sightline_host_cpus', ...range }).series).toEqual([]);
  });

  test('steps are means; what is not there is null', () => {
    const history = historyOf(10, (out, second) => {
      if (second < 4 || second > 7) out.set('sightline_host_load1', second);
    });
    const query = {
      metric: 'sightline_host_load1',
      fromMs: startMs,
      toMs: endOf(10),
      stepMs: 2_000,
    } as const;
    expect(history.query(query).series[0]?.values).toEqual([0.5, 2.5, null, null, 8.5]);
    expect(
      history.query({ ...query, fromMs: startMs - 4_000, toMs: startMs + 1_000 }).series[0]?.values,
    ).toEqual([null, null, 0.5]);
  });

  test('the oldest make way, in memory of one size; series that ended are forgotten', () => {
    const history = historyOf(
      25,
      (out, second) => {
        out.set('sightline_host_load1', second);
        if (second < 3) out.set('sightline_viewers', 1, { stream: 'gone' });
      },
      { capacity: 10 },
    );
    const all = history.query({ metric: 'sightline_host_load1', fromMs: 0, toMs: endOf(25), stepMs: 1_000 });
    expect(all.series[0]?.values.filter((value) => value !== null)).toEqual([
      15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    ]);
    expect(history.ring.size).toBe(1);
    expect(history.ring.oldestMs).toBe(startMs + 15_000);
  });

  test('there is a bound to the series, and those without room are counted', () => {
    const history = historyOf(
      2,
      (out) => {
        for (let stream = 0; stream < 5; stream++)
          out.set('sightline_viewers', 1, { stream: String(stream) });
      },
      { maxSeries: 3 },
    );
    expect(history.ring.size).toBe(3);
    const out = new Samples();
    history.collect(out);
    expect(out.find('sightline_history_series')).toBe(3);
    expect(out.find('sightline_history_series_refused')).toBe(2);
  });

  test('summaries', () => {
    const history = historyOf(100, (out, second) => out.set('sightline_host_load1', second + 1));
    expect(history.summarise('sightline_host_load1', 0, endOf(100))).toEqual([
      { labels: {}, samples: 100, min: 1, max: 100, mean: 50.5, p95: 96, last: 100 },
    ]);
    expect(history.summarise('sightline_host_load1', 0, 1)).toEqual([]);
  });

  test('what is kept is sampled', () => {
    for (const name of keptMetrics) expect(sampledMetrics.has(name)).toBe(true);
  });
});

const thresholds: AlertThresholds = {
  cpuWarning: 0.75,
  cpuCritical: 0.9,
  memoryWarning: 0.8,
  memoryCritical: 0.9,
  diskWarning: 0.8,
  diskCritical: 0.9,
  activeResourcesWarning: 5_000,
  activeResourcesCritical: 10_000,
  eventLoopWarning: 0.75,
  eventLoopCritical: 0.9,
  streamErrorsWarning: 0.02,
  streamDownSeconds: 20,
  unusual: true,
};

/** `code level value` of what holds after so many seconds. */
function alertsOf(seconds: number, fill: Fill): string[] {
  const { ring } = historyOf(seconds, fill);
  const watch = new AlertWatch(ring, thresholds);
  watch.evaluate(endOf(seconds));
  return watch.alerts.map(({ code, level, value }) => `${code} ${level} ${value.toFixed(2)}`);
}

describe('alerts', () => {
  test.each([
    [0.74, []],
    [0.75, ['warning']],
    [0.9, ['critical']],
  ])('a CPU at %d for a minute', (ratio, levels) => {
    const alerts = alertsOf(60, (out) => out.set('sightline_cpu_utilisation_ratio', ratio));
    expect(alerts).toEqual(levels.map((level) => `cpu ${level} ${ratio.toFixed(2)}`));
  });

  test('one busy second in a minute is none', () => {
    expect(
      alertsOf(60, (out, second) => out.set('sightline_cpu_utilisation_ratio', second === 59 ? 1 : 0.1)),
    ).toEqual([]);
  });

  test('memory, disks, threads and resources, the worst first', () => {
    const alerts = alertsOf(10, (out) => {
      out.set('sightline_memory_utilisation_ratio', 0.85);
      out.set('sightline_storage_size_bytes', 100, { volume: '/' });
      out.set('sightline_storage_available_bytes', 5, { volume: '/' });
      out.set('sightline_event_loop_utilisation_ratio', 0.8, { thread: 'media-0' });
      out.set('sightline_active_resources', 4_000, { resource: 'TCPSocketWrap' });
      out.set('sightline_active_resources', 2_000, { resource: 'Timeout' });
    });
    expect(alerts).toEqual([
      'disk critical 0.95',
      'memory warning 0.85',
      'active-resources warning 6000.00',
      'event-loop warning 0.80',
    ]);
  });

  const stream = (out: Samples, state: number, up: number, expected = 1): void => {
    out.set('sightline_stream_state_code', state, { stream: 'a' });
    out.set('sightline_stream_up', up, { stream: 'a' });
    out.set('sightline_stream_expected', expected, { stream: 'a' });
  };

  test('streams: down and stalled after a while, refused at once, idle never', () => {
    expect(alertsOf(19, (out) => stream(out, 4, 0))).toEqual([]);
    expect(alertsOf(20, (out) => stream(out, 4, 0))).toEqual(['stream-down critical 0.00']);
    expect(alertsOf(20, (out) => stream(out, 1, 0))).toEqual(['stream-down critical 0.00']);
    expect(alertsOf(20, (out) => stream(out, 3, 0))).toEqual(['stream-stalled warning 0.00']);
    expect(alertsOf(1, (out) => stream(out, 5, 0))).toEqual(['stream-refused warning 5.00']);
    expect(alertsOf(60, (out) => stream(out, 0, 0, 0))).toEqual([]);
    expect(alertsOf(60, (out, second) => stream(out, second < 50 ? 2 : 4, second < 50 ? 1 : 0))).toEqual([]);
  });

  test('a stream on demand is away from when somebody wants it, not from when it was idle', () => {
    const wantedFrom =
      (first: number): Fill =>
      (out, second) =>
        stream(out, second < first ? 0 : 1, 0, second < first ? 0 : 1);
    expect(alertsOf(60, wantedFrom(59))).toEqual([]);
    expect(alertsOf(60, wantedFrom(41))).toEqual([]);
    expect(alertsOf(60, wantedFrom(40))).toEqual(['stream-down critical 0.00']);
  });

  test('a stream that loses more than two packets in a hundred', () => {
    const losing = (lostPerSecond: number): string[] =>
      alertsOf(30, (out, second) => {
        stream(out, 2, 1);
        out.set('sightline_stream_rtp_packets_expected_total', second * 100, { stream: 'a' });
        out.set('sightline_stream_rtp_packets_lost_total', second * lostPerSecond, { stream: 'a' });
      });
    expect(losing(1)).toEqual([]);
    expect(losing(3)).toEqual(['stream-errors warning 0.03']);
  });

  test('an alert keeps the moment at which it began while it holds, also when its level changes', () => {
    const history = new History();
    const watch = new AlertWatch(history.ring, thresholds);
    const at = (second: number, ratio: number): void => {
      const out = new Samples();
      out.set('sightline_memory_utilisation_ratio', ratio);
      history.record(out, startMs + second * 1_000);
      watch.evaluate(startMs + second * 1_000);
    };
    at(0, 0.85);
    at(1, 0.95);
    expect(watch.alerts).toMatchObject([{ level: 'critical', sinceMs: startMs, threshold: 0.9 }]);
    at(2, 0.5);
    expect(watch.alerts).toEqual([]);
    at(3, 0.85);
    expect(watch.alerts).toMatchObject([{ level: 'warning', sinceMs: startMs + 3_000 }]);
  });

  test('unusual: far from the same hour of the day before', () => {
    const baseline = new Baseline();
    const ring = new HistoryRing();
    const hourMs = 3_600_000;
    const name = 'sightline_viewer_sessions';
    const live = (fromMs: number, minutes: number, value: (minute: number) => number): void => {
      for (let minute = 0; minute < minutes; minute++) {
        // A moment a minute is enough for means.
        ring.begin(fromMs + minute * 60_000);
        ring.set(name, name, {}, value(minute));
        baseline.learn(ring, fromMs + minute * 60_000);
      }
    };
    const morning = 500_000 * hourMs;
    live(morning, 60, (minute) => 100 + (minute % 5));
    const next = morning + 24 * hourMs;
    for (let moment = 0; moment < 300; moment++) {
      ring.begin(next + moment * 1_000);
      ring.set(name, name, {}, 101);
    }
    expect(baseline.find(ring, next + 300_000)).toEqual([]);
    for (let moment = 0; moment < 300; moment++) {
      ring.begin(next + 300_000 + moment * 1_000);
      ring.set(name, name, {}, 10);
    }
    const [unusual] = baseline.find(ring, next + 600_000);
    expect(unusual).toMatchObject({ metric: name, value: 10 });
    expect(unusual?.usual).toBeCloseTo(102, -1);
    // Nothing is known of this hour.
    expect(baseline.find(ring, next + 2 * hourMs)).toEqual([]);
  });
});
