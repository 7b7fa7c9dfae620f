import { spawnSync } from 'node:child_process';

import { expect, test } from 'vitest';

import { createCollectors } from './collectors.ts';
import { Exporter } from './exporter.ts';
import { renderText } from './exposition.ts';
import { Histogram } from './histogram.ts';
import { Samples } from './samples.ts';

test('values, labels that need escaping, and special numbers', async () => {
  const out = new Samples();
  out.set('sightline_host_load1', 1.5);
  out.set('sightline_storage_readonly', 1, { volume: 'C:\\a "b"\nc|d' });
  out.set('sightline_storage_readonly', 0, { volume: 'C:\\a "b"\nc' });
  out.set('sightline_host_load5', undefined);
  out.set('sightline_host_load15', Number.NaN);
  out.set('sightline_memory_utilisation_ratio', Infinity);
  expect(await renderText(out)).toBe(`# HELP sightline_host_load1 Processes that run or wait, mean of 1 minute
# TYPE sightline_host_load1 gauge
sightline_host_load1 1.5
# HELP sightline_storage_readonly 1 when it is mounted read-only
# TYPE sightline_storage_readonly gauge
sightline_storage_readonly{volume="C:\\\\a \\"b\\"\\nc|d"} 1
sightline_storage_readonly{volume="C:\\\\a \\"b\\"\\nc"} 0
# HELP sightline_memory_utilisation_ratio Memory in use, of what may be used (limit or host)
# TYPE sightline_memory_utilisation_ratio gauge
sightline_memory_utilisation_ratio +Inf
`);
});

test('histograms are cumulative', async () => {
  const delays = new Histogram([0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 7]) delays.observe(seconds);
  const out = new Samples();
  out.setHistogram('sightline_event_loop_delay_seconds', delays, { thread: 'main' });
  const text = await renderText(out);
  expect(text.split('\n').slice(2)).toEqual([
    'sightline_event_loop_delay_seconds_bucket{le="0.1",thread="main"} 2',
    'sightline_event_loop_delay_seconds_bucket{le="1",thread="main"} 3',
    'sightline_event_loop_delay_seconds_bucket{le="+Inf",thread="main"} 4',
    'sightline_event_loop_delay_seconds_sum{thread="main"} 7.65',
    'sightline_event_loop_delay_seconds_count{thread="main"} 4',
    '',
  ]);
});

test('a metric with very many series is written in pieces that are one text', async () => {
  const out = new Samples();
  for (let stream = 0; stream < 4_500; stream++)
    out.set('sightline_viewers', stream, { stream: String(stream) });
  const lines = (await renderText(out)).split('\n');
  expect(lines).toHaveLength(2 + 4_500 + 1);
  expect(lines.filter((line) => line.startsWith('#'))).toHaveLength(2);
  expect(lines[2_002]).toBe('sightline_viewers{stream="2000"} 2000');
  expect(lines.at(-2)).toBe('sightline_viewers{stream="4499"} 4499');
});

test('promtool finds nothing to complain about on this host', async () => {
  const exporter = new Exporter({ collectors: createCollectors({ on: ['cpu-cores'] }), version: '1' });
  const text = await renderText(await exporter.collect());
  exporter.close();
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  const series = text.split('\n').flatMap((line) => /^([^#].*) \S+$/.exec(line)?.[1] ?? []);
  expect(new Set(series).size).toBe(series.length);
});
