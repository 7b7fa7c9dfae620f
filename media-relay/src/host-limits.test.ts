import { expect, test } from 'vitest';
import { HostMeter, readMemory } from './host-limits.ts';

const MB = 2 ** 20;
const HOST = 16_000 * MB;

/** Files as containers and hosts show them; whatever is not named cannot be read. */
const reader = (files: Readonly<Record<string, string>>) => (path: string) => files[path];

test.each([
  {
    name: 'a container of Docker on v2 sees its group as the root',
    files: {
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${512 * MB}\n`,
      '/sys/fs/cgroup/memory.current': `${300 * MB}\n`,
      '/sys/fs/cgroup/memory.stat': `anon ${100 * MB}\nfile ${200 * MB}\nactive_file ${10 * MB}\ninactive_file ${150 * MB}\n`,
    },
    expected: { limitBytes: 512 * MB, usedBytes: 150 * MB },
  },
  {
    name: 'a service of systemd on v2 without a limit',
    files: {
      '/proc/self/cgroup': '0::/system.slice/sightline.service\n',
      '/sys/fs/cgroup/system.slice/sightline.service/memory.max': 'max\n',
      '/sys/fs/cgroup/system.slice/sightline.service/memory.current': `${900 * MB}\n`,
      '/sys/fs/cgroup/system.slice/memory.max': 'max\n',
    },
    expected: { limitBytes: HOST, usedBytes: 120 * MB },
  },
  {
    name: 'a limit of a slice above it counts, with what all of the slice use',
    files: {
      '/proc/self/cgroup': '0::/video.slice/sightline.service\n',
      '/sys/fs/cgroup/video.slice/sightline.service/memory.max': `${2000 * MB}\n`,
      '/sys/fs/cgroup/video.slice/sightline.service/memory.current': `${150 * MB}\n`,
      '/sys/fs/cgroup/video.slice/memory.max': `${1000 * MB}\n`,
      '/sys/fs/cgroup/video.slice/memory.current': `${950 * MB}\n`,
      '/sys/fs/cgroup/video.slice/memory.stat': `inactive_file ${20 * MB}\n`,
    },
    expected: { limitBytes: 1000 * MB, usedBytes: 930 * MB },
  },
  {
    name: 'a container of v1, whose path is that of the host',
    files: {
      '/proc/self/cgroup': '9:name=systemd:/docker/0a\n4:memory:/docker/0a\n3:cpu,cpuacct:/docker/0a\n0::/\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${256 * MB}\n`,
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${200 * MB}\n`,
      '/sys/fs/cgroup/memory/memory.stat': `cache ${90 * MB}\ninactive_file 0\ntotal_inactive_file ${60 * MB}\n`,
    },
    expected: { limitBytes: 256 * MB, usedBytes: 140 * MB },
  },
  {
    name: 'v1 without a limit',
    files: {
      '/proc/self/cgroup': '4:memory:/user\n',
      '/sys/fs/cgroup/memory/user/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/user/memory.usage_in_bytes': `${5000 * MB}\n`,
    },
    expected: { limitBytes: HOST, usedBytes: 120 * MB },
  },
  {
    name: 'resident memory counts where the working set is less: huge pages, shared memory',
    files: {
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${512 * MB}\n`,
      '/sys/fs/cgroup/memory.current': `${100 * MB}\n`,
    },
    expected: { limitBytes: 512 * MB, usedBytes: 120 * MB },
  },
  { name: 'no control groups at all', files: {}, expected: { limitBytes: HOST, usedBytes: 120 * MB } },
  {
    name: 'nonsense in every file',
    files: {
      '/proc/self/cgroup': 'nonsense\n::\n0::/../../etc\n4:memory\n0::/\n',
      '/sys/fs/cgroup/memory.max': '-5\n',
      '/sys/fs/cgroup/memory.current': '\n',
    },
    expected: { limitBytes: HOST, usedBytes: 120 * MB },
  },
] as { name: string; files: Record<string, string>; expected: object }[])('$name', ({ files, expected }) => {
  expect(readMemory(reader(files), 120 * MB, HOST)).toEqual(expected);
});

test('the host that this runs on', () => {
  const { memory, mainUtilisation } = new HostMeter().read();
  expect(memory.usedBytes).toBeGreaterThan(20 * MB);
  expect(memory.usedBytes).toBeLessThan(memory.limitBytes);
  expect(mainUtilisation).toBeGreaterThanOrEqual(0);
  expect(mainUtilisation).toBeLessThanOrEqual(1);
});
