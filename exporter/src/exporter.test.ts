import { expect, test, vi } from 'vitest';

import { createCollectors } from './collectors.ts';
import { Exporter } from './exporter.ts';
import { sampledCollectors, sampledMetrics } from './history/kept.ts';
import { slowly } from './host/slowly.ts';
import { Samples } from './samples.ts';
import type { Collector } from './source.ts';
import { collectLines } from './testing/collect-lines.ts';
import { FixtureRoot } from './testing/fixture-root.ts';
import { Utilisation } from './utilisation.ts';

test('a collector that fails is told and costs no other; its recovery is told, too', async () => {
  let error: Error | undefined = new Error('no such bus');
  const failing: Collector = {
    name: 'gpu',
    collect(out) {
      out.set('sightline_host_gpu_info', 1, { gpu: 'card0', driver: 'x' });
      if (error !== undefined) throw error;
    },
  };
  const changes: unknown[] = [];
  const exporter = new Exporter({
    version: '1',
    collectors: [failing, { name: 'load', collect: (out) => out.set('sightline_host_load1', 2) }],
    onCollectorChange: (name, reason) => changes.push([name, reason?.message]),
  });
  const first = await exporter.collect();
  expect(first.find('sightline_host_collector_success', { collector: 'gpu' })).toBe(0);
  expect(first.find('sightline_host_collector_success', { collector: 'load' })).toBe(1);
  expect(first.find('sightline_host_load1')).toBe(2);
  expect(first.find('sightline_host_gpu_info')).toBe(1);
  expect(
    first.find('sightline_host_collector_duration_seconds', { collector: 'gpu' }),
  ).toBeGreaterThanOrEqual(0);
  await exporter.collect();
  error = undefined;
  await exporter.collect();
  expect(changes).toEqual([
    ['gpu', 'no such bus'],
    ['gpu', undefined],
  ]);
});

test('each collector can be switched off, and cores on', () => {
  const names = (choice: Parameters<typeof createCollectors>[0]): string[] =>
    createCollectors({ platform: 'linux', ...choice }).map(({ name }) => name);
  const all = names({});
  expect(all).not.toContain('cpu-cores');
  expect(names({ on: ['cpu-cores'] })).toContain('cpu-cores');
  for (const name of createCollectors({ platform: 'linux' }).map((collector) => collector.name))
    expect(names({ off: [name] })).toEqual(all.filter((other) => other !== name));
  expect(createCollectors({ platform: 'darwin' }).map(({ name }) => name)).toEqual([
    'portable',
    'process',
    'inventory',
  ]);
});

test('what asks hardware is read once in a while, and one that hangs holds up nobody', async () => {
  let reads = 0;
  let hang: Promise<void> | undefined;
  const chip: Collector = {
    name: 'temperatures',
    async collect(out) {
      reads++;
      await hang;
      out.set('sightline_host_temperature_celsius', reads, { sensor: 'chip' });
    },
  };
  const often = slowly(chip, { everyMs: 1e9, waitMs: 1_000 });
  const first = await collectLines(often);
  expect(await collectLines(often)).toEqual(first);
  expect(reads).toBe(1);

  hang = new Promise(() => undefined);
  const hanging = slowly(chip, { everyMs: 0, waitMs: 1 });
  expect(await collectLines(hanging)).toEqual([]);
  expect(await collectLines(hanging)).toEqual([]);
  expect(reads).toBe(2);
});

test('while the next reading is under way the last one is told, unless it is old', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    let finish = (): void => undefined;
    let reads = 0;
    const chip: Collector = {
      name: 'temperatures',
      async collect(out) {
        reads++;
        await new Promise<void>((resolve) => (finish = resolve));
        out.set('sightline_host_temperature_celsius', reads, { sensor: 'chip' });
      },
    };
    const calm = slowly(chip, { everyMs: 1_000, waitMs: 1e6 });
    const first = collectLines(calm);
    finish();
    const [told] = await first;
    vi.advanceTimersByTime(1_500);
    expect(await collectLines(calm)).toEqual([told]);
    expect(reads).toBe(2);
    vi.advanceTimersByTime(1_500);
    const waited = collectLines(calm);
    finish();
    expect(await waited).not.toEqual([told]);
  } finally {
    vi.useRealTimers();
  }
});

test('what a reading that hangs leaves behind is told for a minute, and then fails', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    let hang: Promise<void> | undefined;
    let finish = (): void => undefined;
    const chip: Collector = {
      name: 'temperatures',
      async collect(out) {
        await hang;
        out.set('sightline_host_temperature_celsius', 40, { sensor: 'chip' });
      },
    };
    const slow = slowly(chip, { everyMs: 1_000, waitMs: 1 });
    const patient = slowly(chip, { everyMs: 1_000, waitMs: 1_000_000 });
    const told = await collectLines(slow);
    hang = new Promise((resolve) => (finish = resolve));
    vi.advanceTimersByTime(1_500);
    expect(await collectLines(slow)).toEqual(told);
    vi.advanceTimersByTime(61_000);
    await expect(collectLines(slow)).rejects.toThrow('more than 60 s');
    // Nobody waits for it any more, either.
    const waiting = collectLines(patient);
    vi.advanceTimersByTime(61_000);
    await expect(collectLines(patient)).rejects.toThrow('more than 60 s');
    finish();
    await hang;
    expect(await waiting).toEqual(told);
    await vi.waitFor(async () => expect(await collectLines(slow)).toEqual(told));
  } finally {
    vi.useRealTimers();
  }
});

test('CPU and memory in use are measured against the quota where there is one', () => {
  const utilisation = new Utilisation();
  const at = (group: number, busy: number, idle: number): Samples => {
    const out = new Samples();
    out.set('sightline_host_cpu_seconds_total', busy, { mode: 'user' });
    out.set('sightline_host_cpu_seconds_total', idle, { mode: 'idle' });
    out.set('sightline_cgroup_cpu_usage_seconds_total', group);
    out.set('sightline_cgroup_cpu_limit_cores', 0.5);
    out.set('sightline_cgroup_memory_limit_bytes', 1000);
    out.set('sightline_cgroup_memory_working_set_bytes', 900);
    out.set('sightline_host_memory_total_bytes', 10_000);
    out.set('sightline_host_memory_available_bytes', 9_000);
    return out;
  };
  const first = at(10, 100, 100);
  utilisation.derive(first, 0);
  expect(first.find('sightline_cpu_utilisation_ratio')).toBeUndefined();
  expect(first.find('sightline_memory_utilisation_ratio')).toBe(0.9);
  const second = at(10.4, 100.2, 101.8);
  utilisation.derive(second, 1_000);
  expect(second.find('sightline_cpu_utilisation_ratio')).toBeCloseTo(0.8);
});

test('without a quota they are measured against the host', () => {
  const utilisation = new Utilisation();
  const at = (busy: number, idle: number): Samples => {
    const out = new Samples();
    out.set('sightline_host_cpu_seconds_total', busy, { mode: 'user' });
    out.set('sightline_host_cpu_seconds_total', idle, { mode: 'idle' });
    out.set('sightline_host_memory_total_bytes', 1_000);
    out.set('sightline_host_memory_available_bytes', 750);
    return out;
  };
  utilisation.derive(at(100, 100), 0);
  const out = at(101.5, 100.5);
  utilisation.derive(out, 1_000);
  expect(out.find('sightline_cpu_utilisation_ratio')).toBe(0.75);
  expect(out.find('sightline_memory_utilisation_ratio')).toBe(0.25);
});

test('a limit that is more than the host has limits nothing', () => {
  const utilisation = new Utilisation();
  const at = (busy: number, idle: number): Samples => {
    const out = new Samples();
    out.set('sightline_host_cpus', 2);
    out.set('sightline_host_cpu_seconds_total', busy, { mode: 'user' });
    out.set('sightline_host_cpu_seconds_total', idle, { mode: 'idle' });
    out.set('sightline_cgroup_cpu_usage_seconds_total', busy);
    out.set('sightline_cgroup_cpu_limit_cores', 8);
    out.set('sightline_cgroup_memory_limit_bytes', 4_000);
    out.set('sightline_cgroup_memory_working_set_bytes', 900);
    out.set('sightline_host_memory_total_bytes', 1_000);
    out.set('sightline_host_memory_available_bytes', 50);
    return out;
  };
  utilisation.derive(at(100, 100), 0);
  const out = at(101.9, 100.1);
  utilisation.derive(out, 1_000);
  expect(out.find('sightline_cpu_utilisation_ratio')).toBeCloseTo(0.95);
  expect(out.find('sightline_memory_utilisation_ratio')).toBeCloseTo(0.95);
});

test('an empty host tells of the process alone', async () => {
  using root = new FixtureRoot();
  const exporter = new Exporter({
    version: '1',
    collectors: createCollectors({ root: root.path, platform: 'linux' }),
  });
  const out = await exporter.collect();
  exporter.close();
  expect(
    [...out.values.keys()].filter((name) => /^sightline_(host|cgroup|storage)_(?!collector)/.test(name)),
  ).toEqual([]);
  expect(out.find('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(out.find('sightline_heap_limit_bytes')).toBeGreaterThan(
    out.find('nodejs_heap_size_used_bytes') ?? Infinity,
  );
});

test('what is sampled every second finds all that is kept, and asks no more than it must', async () => {
  const exporter = new Exporter({ version: '1', collectors: createCollectors() });
  const kept = (out: Samples): string[] =>
    [...out.values.keys()].filter((name) => sampledMetrics.has(name)).toSorted();
  // The first one has nothing to compare with.
  await exporter.collect();
  await new Promise((resolve) => setTimeout(resolve, 510));
  const all = await exporter.collect();
  const sampled = await exporter.collect(sampledMetrics, sampledCollectors);
  exporter.close();
  expect(kept(sampled)).toEqual(kept(all));
  expect(sampled.find('sightline_memory_utilisation_ratio')).toBeCloseTo(
    all.find('sightline_memory_utilisation_ratio') ?? NaN,
    1,
  );
});
