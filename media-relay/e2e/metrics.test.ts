/** /metrics of the real relay, with streams that are up, down and never seen, and a Chromium that reports what it sees. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { freePort } from './support/free-port.ts';
import { TestRelay } from './support/relay.ts';

let relay: TestRelay;
let browser: TestBrowser;

beforeAll(async () => {
  relay = await TestRelay.start({
    live: { url: 'demo:?width=320&height=180&fps=15', trustClock: true, site: 'A "site"\\with\nall' },
    down: `rtsp://127.0.0.1:${await freePort()}/live`,
    never: { url: `rtsp://127.0.0.1:${await freePort()}/live`, onDemand: true },
  });
  browser = await openBrowser();
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

async function scrape(): Promise<string> {
  const { status, body } = await relay.ask('/metrics', {
    headers: { Authorization: `Bearer ${relay.token('prometheus')}` },
  });
  expect(status).toBe(200);
  return body;
}

function valueOf(text: string, series: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? Number.NaN);
}

/** Resolves with the scrape in which all of these series have the value, or one above 0 for `undefined`. */
function told(expected: Readonly<Record<string, number | undefined>>): Promise<string> {
  return vi.waitFor(
    async () => {
      const text = await scrape();
      for (const [series, value] of Object.entries(expected)) {
        const found = valueOf(text, series);
        const asExpected = value === undefined ? found > 0 : found === value;
        expect([series, asExpected ? 'as expected' : found]).toEqual([series, 'as expected']);
      }
      return text;
    },
    { timeout: 20_000, interval: 200 },
  );
}

test('promtool finds nothing with streams up, down and never seen; all of them have their series', async () => {
  const text = await told({
    'sightline_stream_up{stream="live"}': 1,
    'sightline_stream_frames_total{stream="live"}': undefined,
    'sightline_stream_state{stream="down",state="offline"}': 1,
    'sightline_stream_reconnects_total{stream="down",reason="unreachable"}': undefined,
    'sightline_stream_up{stream="down"}': 0,
    'sightline_stream_expected{stream="down"}': 1,
    'sightline_stream_state{stream="never",state="idle"}': 1,
    'sightline_stream_expected{stream="never"}': 0,
    'sightline_stream_frames_total{stream="never"}': 0,
    'sightline_host_collector_success{collector="memory"}': 1,
    'sightline_event_loop_delay_seconds_count{thread="main"}': undefined,
    'sightline_event_loop_delay_seconds_count{thread="media-0"}': undefined,
    'sightline_media_thread_running{thread="media-0"}': 1,
    'sightline_media_thread_restarts_total{thread="media-0"}': 0,
    'sightline_admission_rejections_total{reason="memory"}': 0,
    'sightline_child_process_limit{kind="ffmpeg"}': undefined,
    'sightline_viewers_by_transport{stream="live",transport="udp"}': 0,
    'sightline_viewers_by_transport{stream="live",transport="tcp"}': 0,
    'sightline_viewers_limited{stream="live"}': 0,
    'sightline_log_messages_total{level="info"}': undefined,
    sightline_history_series: undefined,
    sightline_ready: 1,
  });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('a browser reports its first picture, its frames and the age of its pictures', async () => {
  const { page } = await browser.page();
  await page.goto(relay.url);
  const text = await told({
    sightline_client_beacons_total: undefined,
    sightline_time_to_first_frame_seconds_count: undefined,
    'sightline_client_frames_decoded_total{stream="live"}': undefined,
    sightline_client_round_trip_seconds_count: undefined,
    'sightline_viewers_by_transport{stream="live",transport="udp"}': 1,
    'sightline_viewers_by_transport{stream="live",transport="tcp"}': 0,
  });
  expect(valueOf(text, 'sightline_client_playback_seconds_total{stream="live"}')).toBeGreaterThan(1.5);
  expect(valueOf(text, 'sightline_client_playback_seconds_total{stream="down"}')).toBe(0);
  expect(valueOf(text, 'sightline_client_beacons_rejected_total{reason="invalid"}')).toBe(0);
  expect(valueOf(text, 'sightline_time_to_first_frame_seconds_sum')).toBeLessThan(10);
  // The first report may be out before the clocks are measured; the second, ten seconds later, has the age.
  const later = await told({ 'sightline_glass_to_glass_delay_seconds_count{from="ingest"}': undefined });
  expect(valueOf(later, 'sightline_glass_to_glass_delay_seconds_sum{from="ingest"}')).toBeLessThan(10);
  // The demo camera lives by the relay's own clock, and a beacon may come before the first picture of a second.
  const glass = await told({ 'sightline_glass_to_glass_delay_seconds_count{from="glass"}': undefined });
  expect(valueOf(glass, 'sightline_glass_to_glass_delay_seconds_sum{from="glass"}')).toBeLessThan(10);
  expect(valueOf(later, 'sightline_viewer_joins_total{outcome="ok"}')).toBeGreaterThanOrEqual(1);
});

test('what is shown as JSON is what Prometheus sees', async () => {
  const names = await vi.waitFor(
    async () => {
      const { body } = await relay.ask('/api/v1/metrics/current');
      const { metrics } = JSON.parse(body) as { metrics: { name: string }[] };
      expect(metrics.length).toBeGreaterThan(10);
      return metrics.map(({ name }) => name);
    },
    { timeout: 10_000 },
  );
  expect(names).toContain('sightline_stream_frames_per_second');
  const { body } = await relay.ask('/api/v1/metrics/history?metric=sightline_stream_up&stream=live');
  const { series } = JSON.parse(body) as { series: { values: (number | null)[] }[] };
  expect(series[0]?.values.filter((value) => value === 1).length).toBeGreaterThan(1);
});
