/** What queries of dashboards make of given series, reckoned by promtool. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { DashboardJson } from './dashboard-json.ts';
import { promqlOf } from './dashboard-json.ts';
import { dashboardFiles } from '../write-dashboards.ts';

/** `place`: title and letter of the query. `series`: a sample each second, in promtool's notation. After 20 s the answer is this alone. */
function expectAnswer(
  uid: string,
  place: string,
  series: Readonly<Record<string, string>>,
  labels: string,
  value: number,
): void {
  const dashboard = JSON.parse(dashboardFiles()[`dashboards/${uid}.json`] ?? '') as DashboardJson;
  const expr = promqlOf(dashboard).find((query) => query.place === place)?.expr;
  const filledIn = expr?.replaceAll('$__rate_interval', '15s').replaceAll('$instance', '.+');
  using folder = new Folder();
  const file = join(folder.path, 'test.yml');
  const sample = { labels, value };
  const input = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  writeFileSync(
    file,
    JSON.stringify({
      evaluation_interval: '1s',
      tests: [
        {
          interval: '1s',
          input_series: input,
          promql_expr_test: [{ expr: filledIn, eval_time: '20s', exp_samples: [sample] }],
        },
      ],
    }),
  );
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  expect(status, stdout + stderr).toBe(0);
}

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sightline-numbers-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

test.each(['1', '1.0'])('the share of first pictures within a second, its bucket written as %s', (bound) => {
  expectAnswer(
    'sightline-slo',
    'First picture within a second A',
    {
      [`sightline_time_to_first_frame_seconds_bucket{instance="r1",le="${bound}"}`]: '0+1x30',
      'sightline_time_to_first_frame_seconds_bucket{instance="r1",le="10"}': '0+2x30',
      'sightline_time_to_first_frame_seconds_count{instance="r1"}': '0+2x30',
    },
    '{instance="r1"}',
    0.5,
  );
});

test('pictures are as old as they are since ingest, also where a camera tells when it took them', () => {
  const bucket = (from: string, le: string): string =>
    `sightline_glass_to_glass_delay_seconds_bucket{instance="r1",from="${from}",le="${le}"}`;
  expectAnswer(
    'sightline-host',
    'Age of pictures on screens A',
    {
      [bucket('ingest', '0.025')]: '0+2x30',
      [bucket('ingest', '1')]: '0+2x30',
      [bucket('ingest', '+Inf')]: '0+2x30',
      [bucket('glass', '0.025')]: '0x30',
      [bucket('glass', '1')]: '0+2x30',
      [bucket('glass', '+Inf')]: '0+2x30',
    },
    '{}',
    0.0125,
  );
});

test('a camera that is frozen and black is one camera with a poor picture', () => {
  const flags = (stream: string, raised: readonly string[]): [string, string][] =>
    ['frozen', 'black', 'overexposed', 'underexposed', 'blurred'].map((flag) => [
      `sightline_stream_${flag}{job="sightline",instance="r1",stream="${stream}"}`,
      raised.includes(flag) ? '1x30' : '0x30',
    ]);
  expectAnswer(
    'sightline-wall',
    'Poor picture A',
    Object.fromEntries([
      ...flags('covered', ['frozen', 'black']),
      ...flags('foggy', ['blurred']),
      ...flags('fine', []),
    ]),
    '{}',
    2,
  );
});
