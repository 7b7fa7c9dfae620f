import { expect, test } from 'vitest';

import { FixtureRoot } from '../testing/fixture-root.ts';
import { EffectiveLimits } from './effective-limits.ts';

const MB = 2 ** 20;
const host = { cpus: 8, memoryBytes: 16_000 * MB };
const residentBytes = 120 * MB;

const v2Mount = '30 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n';
const v1Mounts = (
  root: string,
): string => `35 31 0:32 ${root} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 31 0:29 ${root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
`;

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly cpus?: number;
  readonly limitBytes?: number;
  /** By default resident memory. */
  readonly usedBytes?: number;
}

test.each<Case>([
  {
    name: 'version 2, a container that sees its group as the root',
    files: {
      'proc/self/cgroup': '0::/\n',
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/memory.max': `${512 * MB}\n`,
      'sys/fs/cgroup/memory.current': `${300 * MB}\n`,
      'sys/fs/cgroup/memory.stat': `anon ${100 * MB}\nactive_file ${10 * MB}\ninactive_file ${150 * MB}\n`,
      'sys/fs/cgroup/cpu.max': '50000 100000\n',
    },
    cpus: 0.5,
    limitBytes: 512 * MB,
    usedBytes: 150 * MB,
  },
  {
    name: 'version 2, a service of systemd without a limit',
    files: {
      'proc/self/cgroup': '0::/system.slice/sightline.service\n',
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/system.slice/sightline.service/memory.max': 'max\n',
      'sys/fs/cgroup/system.slice/sightline.service/memory.current': `${900 * MB}\n`,
      'sys/fs/cgroup/system.slice/sightline.service/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/system.slice/memory.max': 'max\n',
    },
  },
  {
    name: 'version 2, a limit above counts, with what all below it use, when that is tighter',
    files: {
      'proc/self/cgroup': '0::/video.slice/sightline.service\n',
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/video.slice/sightline.service/memory.max': `${2000 * MB}\n`,
      'sys/fs/cgroup/video.slice/sightline.service/memory.current': `${150 * MB}\n`,
      'sys/fs/cgroup/video.slice/sightline.service/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/video.slice/memory.max': `${1000 * MB}\n`,
      'sys/fs/cgroup/video.slice/memory.current': `${950 * MB}\n`,
      'sys/fs/cgroup/video.slice/memory.stat': `inactive_file ${20 * MB}\n`,
      'sys/fs/cgroup/video.slice/cpu.max': 'max 100000\n',
    },
    cpus: 1.5,
    limitBytes: 1000 * MB,
    usedBytes: 930 * MB,
  },
  {
    name: "version 1 in a container, whose path is the host's, beside an empty version 2 (hybrid)",
    files: {
      'proc/self/cgroup': '9:name=systemd:/docker/0a\n4:memory:/docker/0a\n3:cpu,cpuacct:/docker/0a\n0::/\n',
      'proc/self/mountinfo': `${v1Mounts('/docker/0a')}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`,
      'sys/fs/cgroup/memory/memory.limit_in_bytes': `${256 * MB}\n`,
      'sys/fs/cgroup/memory/memory.usage_in_bytes': `${200 * MB}\n`,
      'sys/fs/cgroup/memory/memory.stat': `inactive_file 0\ntotal_inactive_file ${60 * MB}\n`,
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    },
    cpus: 0.5,
    limitBytes: 256 * MB,
    usedBytes: 140 * MB,
  },
  {
    name: 'version 1 without a limit: a number beyond any memory, a quota of -1',
    files: {
      'proc/self/cgroup': '4:memory:/user\n3:cpu,cpuacct:/user\n',
      'proc/self/mountinfo': v1Mounts('/'),
      'sys/fs/cgroup/memory/user/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/user/memory.usage_in_bytes': `${5000 * MB}\n`,
      'sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us': '100000\n',
    },
  },
  {
    name: 'hybrid with memory on version 2 and the CPU on version 1',
    files: {
      'proc/self/cgroup': '3:cpu,cpuacct:/relay\n0::/relay\n',
      'proc/self/mountinfo': `32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`,
      'sys/fs/cgroup/unified/relay/memory.max': `${400 * MB}\n`,
      'sys/fs/cgroup/unified/relay/memory.current': `${300 * MB}\n`,
      'sys/fs/cgroup/cpu,cpuacct/relay/cpu.cfs_quota_us': '200000\n',
      'sys/fs/cgroup/cpu,cpuacct/relay/cpu.cfs_period_us': '100000\n',
    },
    cpus: 2,
    limitBytes: 400 * MB,
    usedBytes: 300 * MB,
  },
  {
    name: 'resident memory counts where the working set is less: huge pages, shared memory',
    files: {
      'proc/self/cgroup': '0::/\n',
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/memory.max': `${512 * MB}\n`,
      'sys/fs/cgroup/memory.current': `${100 * MB}\n`,
    },
    limitBytes: 512 * MB,
  },
  {
    name: 'limits beyond the host limit nothing',
    files: {
      'proc/self/cgroup': '0::/\n',
      'proc/self/mountinfo': v2Mount,
      'sys/fs/cgroup/memory.max': `${64_000 * MB}\n`,
      'sys/fs/cgroup/memory.current': `${50_000 * MB}\n`,
      'sys/fs/cgroup/cpu.max': '6400000 100000\n',
    },
  },
  { name: 'no control groups at all', files: {} },
  {
    name: 'nonsense in every file',
    files: {
      'proc/self/cgroup': 'nonsense\n::\n0::/../../etc\n4:memory\n0::/\n',
      'proc/self/mountinfo': `nonsense\n - \n${v2Mount}`,
      'sys/fs/cgroup/memory.max': '-5\n',
      'sys/fs/cgroup/memory.current': '\n',
      'sys/fs/cgroup/cpu.max': 'a lot\n',
    },
  },
])('$name', ({ files, cpus = host.cpus, limitBytes = host.memoryBytes, usedBytes = residentBytes }) => {
  using root = new FixtureRoot(files);
  const limits = new EffectiveLimits(host, root.files);
  expect(limits.cpus).toBe(cpus);
  expect(limits.memoryBytes).toBe(limitBytes);
  expect(limits.readMemory(residentBytes)).toEqual({ limitBytes, usedBytes });
  limits.close();
});

test('usage is read anew each time', () => {
  using root = new FixtureRoot({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': v2Mount,
    'sys/fs/cgroup/memory.max': '1000\n',
    'sys/fs/cgroup/memory.current': '500\n',
  });
  const limits = new EffectiveLimits(host, root.files);
  for (const used of [500, 900, 100]) {
    root.write('sys/fs/cgroup/memory.current', `${used}\n`);
    expect(limits.readMemory(1)).toEqual({ limitBytes: 1000, usedBytes: used });
  }
  limits.close();
});
