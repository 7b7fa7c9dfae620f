import { expect, test } from 'vitest';

import { createCollectors } from '../collectors.ts';
import { Exporter } from '../exporter.ts';
import type { CollectorName } from '../known-labels.ts';
import { collectLines } from '../testing/collect-lines.ts';
import { FixtureRoot } from '../testing/fixture-root.ts';

const device = (name: string): string =>
  `Inter-|   Receive\n face |bytes\n${name}: 11 2 0 0 0 0 0 0 33 4 0 0 0 0 0 0\n`;

test('a container tells of the network and the mounts of the host that is mounted in it, and of its own group', async () => {
  using own = new FixtureRoot({ 'proc/self/net/dev': device('eth0') });
  using host = new FixtureRoot({
    'proc/self/net/dev': device('eth0'),
    'proc/1/net/dev': device('enp3s0'),
    'proc/1/net/snmp': 'Udp: InDatagrams NoPorts InErrors OutDatagrams\nUdp: 7 0 0 9\n',
    'proc/1/mountinfo':
      '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n90 27 0:77 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw\n',
    'proc/self/mountinfo': '27 1 0:99 / / rw,relatime - overlay overlay rw\n',
  });
  const collectors = createCollectors({ root: own.path, hostRoot: host.path, platform: 'linux' });
  const lines = async (name: CollectorName): Promise<string> => {
    const collector = collectors.find((candidate) => candidate.name === name);
    return collector === undefined ? `no collector ${name}` : (await collectLines(collector)).join('\n');
  };

  expect(await lines('network')).toContain('sightline_host_network_receive_bytes_total{device="enp3s0"} 11');
  expect(await lines('network')).not.toContain('eth0');
  expect(await lines('sockets')).toContain('sightline_host_udp_received_datagrams_total 7');
  expect(await lines('filesystems')).toContain(
    'sightline_storage_info{volume="/",device="/dev/vda",fstype="ext4"} 1',
  );
  expect(await lines('filesystems')).not.toContain('docker');
  // Statfs of the host's root as it is seen here, which is a folder that exists.
  expect(await lines('filesystems')).toContain('sightline_storage_error{volume="/"} 0');
});

test('what is in use is the host’s there, whatever limits the container that watches it', async () => {
  using own = new FixtureRoot({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': '30 29 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n',
    'sys/fs/cgroup/memory.max': '200000\n',
    'sys/fs/cgroup/memory.current': '50000\n',
    'sys/fs/cgroup/cpu.max': '10000 100000\n',
    'sys/fs/cgroup/cpu.stat': 'usage_usec 1000\n',
  });
  using host = new FixtureRoot({
    'proc/1/mountinfo': '',
    'proc/meminfo': 'MemTotal: 1000 kB\nMemAvailable: 40 kB\n',
  });
  const inUse = async (watchesHost: boolean): Promise<number | undefined> => {
    const collectors = createCollectors({ root: own.path, hostRoot: host.path, platform: 'linux' });
    const exporter = new Exporter({ version: '1', collectors, watchesHost });
    const out = await exporter.collect();
    exporter.close();
    expect(out.find('sightline_cgroup_memory_limit_bytes')).toBe(200_000);
    return out.find('sightline_memory_utilisation_ratio');
  };
  expect(await inUse(true)).toBeCloseTo(0.96);
  expect(await inUse(false)).toBe(0.25);
});
