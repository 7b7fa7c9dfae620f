import { expect, test } from 'vitest';

import { hostLimits } from './host-limits.ts';

const GiB = 2 ** 30;

function limits(files: Readonly<Record<string, string>>) {
  return hostLimits({ cpus: 8, memoryBytes: 16 * GiB, read: (path) => files[path] });
}

test('without a cgroup: the host', () => {
  expect(limits({})).toEqual({ cpus: 8, memoryBytes: 16 * GiB });
});

test('cgroup v2: the tightest of the own group and those above it', () => {
  const files = {
    '/proc/self/cgroup': '0::/system.slice/relay.service\n',
    '/sys/fs/cgroup/system.slice/relay.service/memory.max': 'max\n',
    '/sys/fs/cgroup/system.slice/relay.service/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/system.slice/memory.max': '536870912\n',
    '/sys/fs/cgroup/system.slice/cpu.max': 'max 100000\n',
  };
  expect(limits(files)).toEqual({ cpus: 1.5, memoryBytes: GiB / 2 });
});

test('cgroup v1, where "no limit" is a huge number and a quota of -1', () => {
  const files = {
    '/proc/self/cgroup': '4:memory:/relay\n2:cpu,cpuacct:/relay\n',
    '/sys/fs/cgroup/memory/relay/memory.limit_in_bytes': '1073741824\n',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    '/sys/fs/cgroup/cpu,cpuacct/relay/cpu.cfs_quota_us': '50000\n',
    '/sys/fs/cgroup/cpu,cpuacct/relay/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  };
  expect(limits(files)).toEqual({ cpus: 0.5, memoryBytes: GiB });
});

test('a container that sees its own group as the root', () => {
  const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': '268435456' };
  expect(limits(files).memoryBytes).toBe(GiB / 4);
});
