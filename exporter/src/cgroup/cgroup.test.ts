import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { shortTimeBox } from '../../../media-relay/src/testing/time-box.ts';
import { Samples } from '../samples.ts';
import { collectLines } from '../testing/collect-lines.ts';
import { FixtureRoot } from '../testing/fixture-root.ts';
import { mislabelled } from '../testing/mislabelled.ts';
import { cgroupCollector } from './collector.ts';
import { EffectiveLimits } from './effective-limits.ts';

const v2Mount = '30 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';

async function linesOf(texts: Record<string, string>): Promise<string[]> {
  using root = new FixtureRoot(texts);
  return collectLines(cgroupCollector(root.files));
}

test('version 2: limits of the groups around count, the smallest wins', async () => {
  const own = 'sys/fs/cgroup/system.slice/relay.service';
  const lines = await linesOf({
    'proc/self/cgroup': '0::/system.slice/relay.service\n',
    'proc/self/mountinfo': v2Mount,
    [`${own}/memory.max`]: 'max\n',
    [`${own}/memory.high`]: '500\n',
    'sys/fs/cgroup/system.slice/memory.max': '536870912\n',
    [`${own}/memory.current`]: '1000\n',
    [`${own}/memory.stat`]: 'anon 600\ninactive_file 300\n',
    [`${own}/memory.peak`]: '2000\n',
    [`${own}/memory.swap.current`]: '7\n',
    [`${own}/memory.events`]: 'low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 0\n',
    [`${own}/cpu.max`]: 'max 100000\n',
    'sys/fs/cgroup/system.slice/cpu.max': '50000 100000\n',
    [`${own}/cpu.stat`]: 'usage_usec 2500000\nnr_periods 17\nnr_throttled 16\nthrottled_usec 1500000\n',
    [`${own}/pids.current`]: '12\n',
    [`${own}/pids.max`]: '512\n',
    [`${own}/memory.pressure`]: 'some avg10=0.00 total=1000000\nfull avg10=0.00 total=500000\n',
  });
  expect(lines).toEqual([
    'sightline_cgroup_info{version="2"} 1',
    'sightline_cgroup_memory_limit_bytes 536870912',
    'sightline_cgroup_memory_high_bytes 500',
    'sightline_cgroup_memory_usage_bytes 1000',
    'sightline_cgroup_memory_working_set_bytes 700',
    'sightline_cgroup_memory_peak_bytes 2000',
    'sightline_cgroup_memory_swap_bytes 7',
    'sightline_cgroup_memory_events_total{event="low"} 0',
    'sightline_cgroup_memory_events_total{event="high"} 1',
    'sightline_cgroup_memory_events_total{event="max"} 2',
    'sightline_cgroup_memory_events_total{event="oom"} 3',
    'sightline_cgroup_memory_events_total{event="oom_kill"} 4',
    'sightline_cgroup_cpu_limit_cores 0.5',
    'sightline_cgroup_cpu_usage_seconds_total 2.5',
    'sightline_cgroup_cpu_periods_total 17',
    'sightline_cgroup_cpu_throttled_periods_total 16',
    'sightline_cgroup_cpu_throttled_seconds_total 1.5',
    'sightline_cgroup_pids 12',
    'sightline_cgroup_pids_limit 512',
    'sightline_cgroup_pressure_waiting_seconds_total{resource="memory"} 1',
    'sightline_cgroup_pressure_stalled_seconds_total{resource="memory"} 0.5',
  ]);
});

test('version 2 inside a container with its own namespace: the top is the own group', async () => {
  const lines = await linesOf({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': v2Mount,
    'sys/fs/cgroup/memory.max': '1048576\n',
    'sys/fs/cgroup/memory.current': '4096\n',
  });
  expect(lines).toContain('sightline_cgroup_memory_limit_bytes 1048576');
  expect(lines).toContain('sightline_cgroup_memory_usage_bytes 4096');
});

test.each(['0::/../../other.slice\n', '0::/docker/abc\n'])(
  'a group that cannot be seen from here: %j',
  async (text) => {
    const lines = await linesOf({
      'proc/self/cgroup': text,
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/memory.max': '1048576\n',
    });
    expect(lines).toContain('sightline_cgroup_memory_limit_bytes 1048576');
  },
);

const v1Files = {
  'memory.limit_in_bytes': '536870912\n',
  'memory.usage_in_bytes': '1000\n',
  'memory.max_usage_in_bytes': '2000\n',
  'memory.failcnt': '9\n',
  'memory.stat': 'inactive_file 1\ntotal_inactive_file 400\ntotal_swap 3\n',
  'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
};

const v1Lines = [
  'sightline_cgroup_info{version="1"} 1',
  'sightline_cgroup_memory_limit_bytes 536870912',
  'sightline_cgroup_memory_usage_bytes 1000',
  'sightline_cgroup_memory_working_set_bytes 600',
  'sightline_cgroup_memory_peak_bytes 2000',
  'sightline_cgroup_memory_swap_bytes 3',
  'sightline_cgroup_memory_events_total{event="oom_kill"} 2',
  'sightline_cgroup_memory_events_total{event="max"} 9',
];

function below(directory: string, texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([file, text]) => [`${directory}/${file}`, text]));
}

test('version 1 beside an empty version 2 (hybrid)', async () => {
  const lines = await linesOf({
    'proc/self/cgroup': '4:memory:/relay\n2:cpu,cpuacct:/\n0::/\n',
    'proc/self/mountinfo': `32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`,
    ...below('sys/fs/cgroup/memory/relay', v1Files),
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    ...below('sys/fs/cgroup/cpu,cpuacct', {
      'cpu.cfs_quota_us': '150000\n',
      'cpu.cfs_period_us': '100000\n',
      'cpu.stat': 'nr_periods 5\nnr_throttled 4\nthrottled_time 3000000000\n',
      'cpuacct.usage': '2000000000\n',
    }),
  });
  expect(lines).toEqual([
    ...v1Lines,
    'sightline_cgroup_cpu_limit_cores 1.5',
    'sightline_cgroup_cpu_usage_seconds_total 2',
    'sightline_cgroup_cpu_periods_total 5',
    'sightline_cgroup_cpu_throttled_periods_total 4',
    'sightline_cgroup_cpu_throttled_seconds_total 3',
  ]);
});

test("version 1 inside a container: the path is the host's, the mount shows the part below its root", async () => {
  const lines = await linesOf({
    'proc/self/cgroup': '4:memory:/docker/abc/worker\n',
    'proc/self/mountinfo': '35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n',
    ...below('sys/fs/cgroup/memory/worker', v1Files),
  });
  expect(lines).toEqual(v1Lines);
});

test('without limits there are no limit series', async () => {
  const lines = await linesOf({
    'proc/self/cgroup': '4:memory:/\n2:cpu:/\n',
    'proc/self/mountinfo': `35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
`,
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  });
  expect(lines).toEqual(['sightline_cgroup_info{version="1"} 1']);
});

test('where there are no control groups there is nothing', async () => {
  expect(await linesOf({})).toEqual([]);
});

test('a period of nothing is no quota', async () => {
  const lines = await linesOf({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': v2Mount,
    'sys/fs/cgroup/cpu.max': '50000 0\n',
  });
  expect(lines).toEqual(['sightline_cgroup_info{version="2"} 1']);
});

test('whatever the files hold: limits are numbers above 0, and never above those of the host', async () => {
  const host = { cpus: 8, memoryBytes: 2 ** 34 };
  const bits = fc.constantFrom(
    'max',
    '0',
    '-1',
    '1',
    '100000',
    '50000',
    '9223372036854771712',
    '1e400',
    'Infinity',
    ' ',
    '\n',
    'NaN',
    'inactive_file ',
    'total_inactive_file ',
    'usage_usec ',
    'oom_kill ',
    'some avg10=0 total=5',
    'nr_periods ',
  );
  const mixed = fc
    .array(fc.oneof({ weight: 3, arbitrary: bits }, fc.string({ maxLength: 4 })), { maxLength: 6 })
    .map((parts) => parts.join(''));
  const text = fc.oneof(bits, mixed);
  const place = fc
    .constantFrom('memory.max', 'memory.high', 'memory.current', 'memory.stat', 'cpu.max', 'cpu.stat')
    .map((name) => `sys/fs/cgroup/${name}`);
  const v1 = fc
    .constantFrom(
      'memory.limit_in_bytes',
      'memory.usage_in_bytes',
      'cpu.cfs_quota_us',
      'cpu.cfs_period_us',
      'pids.max',
    )
    .map((name) => `sys/fs/cgroup/a/${name}`);
  const v1Mount = '1 1 0:1 / /sys/fs/cgroup/a rw - cgroup c rw,memory,cpu,cpuacct,pids\n';
  const mounts = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(v2Mount, v1Mount) }, text);
  const membership = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('0::/\n', '4:memory,cpu,pids:/\n0::/../..\n') },
    text,
  );
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.oneof(place, v1), text, { maxKeys: 8 }),
      mounts,
      membership,
      async (texts, mountinfo, cgroup) => {
        using root = new FixtureRoot({
          ...texts,
          'proc/self/mountinfo': mountinfo,
          'proc/self/cgroup': cgroup,
        });
        const out = new Samples();
        await cgroupCollector(root.files).collect(out);
        expect(mislabelled(out)).toEqual([]);
        for (const [name, samples] of out.values) {
          if (!/_limit_|_high_|_limit$/.test(name)) continue;
          for (const { value } of samples)
            expect(value > 0 && value < Infinity, `${name} ${value}`).toBe(true);
        }
        const limits = new EffectiveLimits(host, root.files);
        for (const [limit, most] of [
          [limits.cpus, host.cpus],
          [limits.memoryBytes, host.memoryBytes],
          [limits.readMemory(1000).limitBytes, host.memoryBytes],
        ] as const)
          expect(limit > 0 && limit <= most).toBe(true);
        expect(limits.readMemory(1000).usedBytes).toBeGreaterThanOrEqual(0);
      },
    ),
    shortTimeBox,
  );
});
