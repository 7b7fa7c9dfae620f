import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { timeBox } from '../../../media-relay/src/testing/time-box.ts';
import type { HostFiles } from '../host-files.ts';
import { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';
import { collectLines } from '../testing/collect-lines.ts';
import { FixtureRoot } from '../testing/fixture-root.ts';
import { cpuFrequencyCollector } from './cpu-frequency.ts';
import { cpuCollector, cpuCoresCollector } from './cpu.ts';
import { disksCollector } from './disks.ts';
import { gpuCollector } from './gpu.ts';
import { loadCollector } from './load.ts';
import { memoryCollector } from './memory.ts';
import { networkCollector } from './network.ts';
import { pagingCollector } from './paging.ts';
import { pressureCollector } from './pressure.ts';
import { socketsCollector } from './sockets.ts';
import { tcpStatesCollector } from './tcp-states.ts';
import { temperaturesCollector } from './temperatures.ts';

const stat = `cpu  30820 346 8743 98532 738 0 789 32 7 0
cpu0 13814 206 3773 51713 73 0 324 10 7 0
cpu1 17006 140 4970 46819 665 0 465 22 0 0
intr 955203 0 0
ctxt 3899347
btime 1795691496
processes 13863
procs_running 3
procs_blocked 1
`;

/** Collector, the files of a Linux host, and what is to be told of them. */
const cases: readonly [(files: HostFiles) => Collector, Record<string, string>, string[]][] = [
  [
    cpuCollector,
    { 'proc/stat': stat },
    [
      'sightline_host_cpus 2',
      'sightline_host_cpu_seconds_total{mode="user"} 308.2',
      'sightline_host_cpu_seconds_total{mode="nice"} 3.46',
      'sightline_host_cpu_seconds_total{mode="system"} 87.43',
      'sightline_host_cpu_seconds_total{mode="idle"} 985.32',
      'sightline_host_cpu_seconds_total{mode="iowait"} 7.38',
      'sightline_host_cpu_seconds_total{mode="irq"} 0',
      'sightline_host_cpu_seconds_total{mode="softirq"} 7.89',
      'sightline_host_cpu_seconds_total{mode="steal"} 0.32',
      'sightline_host_processes_running 3',
      'sightline_host_processes_blocked 1',
      'sightline_host_context_switches_total 3899347',
      'sightline_host_forks_total 13863',
      'sightline_host_boot_timestamp_seconds 1795691496',
    ],
  ],
  [
    loadCollector,
    { 'proc/loadavg': '1.14 0.72 0.47 3/163 13865\n' },
    ['sightline_host_load1 1.14', 'sightline_host_load5 0.72', 'sightline_host_load15 0.47'],
  ],
  [
    memoryCollector,
    {
      'proc/meminfo':
        'MemTotal:       1000 kB\nMemAvailable:    600 kB\nHugePages_Total:   5\nSwapFree: 2 kB\n',
    },
    [
      'sightline_host_memory_total_bytes 1024000',
      'sightline_host_memory_available_bytes 614400',
      'sightline_host_swap_free_bytes 2048',
    ],
  ],
  [
    pagingCollector,
    { 'proc/vmstat': 'pswpin 1\npswpout 2\npgfault 3\npgmajfault 4\noom_kill 5\n' },
    [
      'sightline_host_swap_in_pages_total 1',
      'sightline_host_swap_out_pages_total 2',
      'sightline_host_page_faults_total 3',
      'sightline_host_major_page_faults_total 4',
      'sightline_host_oom_kills_total 5',
    ],
  ],
  [
    pressureCollector,
    {
      'proc/pressure/cpu':
        'some avg10=8.74 avg60=12.02 avg300=10.56 total=84344954\nfull avg10=0.00 total=0\n',
      'proc/pressure/io':
        'some avg10=0.02 avg60=0.05 total=6500000\nfull avg10=0.02 avg60=0.05 total=5500000\n',
    },
    [
      'sightline_host_pressure_waiting_seconds_total{resource="cpu"} 84.344954',
      'sightline_host_pressure_waiting_seconds_total{resource="io"} 6.5',
      'sightline_host_pressure_stalled_seconds_total{resource="io"} 5.5',
    ],
  ],
  [
    disksCollector,
    {
      'proc/diskstats': `   7       0 loop0 1 0 1 1 1 1 1 1 0 1 1
 254       0 vda 93254 9344 3577810 43567 33549 64431 5599496 28379 0 11940 73169 10409 18 668720 905 5970 316
 254       1 vda1 1 0 1 1 1 1 1 1 0 1 1
 259       0 nvme0n1 1 2 3 4000 5 6 7 8000 9 10000 11000
 259       1 nvme0n1p1 1 2 3 4 5 6 7 8 9 10 11
`,
    },
    [
      'sightline_host_disk_read_bytes_total{device="vda"} 1831838720',
      'sightline_host_disk_read_bytes_total{device="nvme0n1"} 1536',
      'sightline_host_disk_written_bytes_total{device="vda"} 2866941952',
      'sightline_host_disk_written_bytes_total{device="nvme0n1"} 3584',
      'sightline_host_disk_reads_total{device="vda"} 93254',
      'sightline_host_disk_reads_total{device="nvme0n1"} 1',
      'sightline_host_disk_writes_total{device="vda"} 33549',
      'sightline_host_disk_writes_total{device="nvme0n1"} 5',
      'sightline_host_disk_read_seconds_total{device="vda"} 43.567',
      'sightline_host_disk_read_seconds_total{device="nvme0n1"} 4',
      'sightline_host_disk_write_seconds_total{device="vda"} 28.379',
      'sightline_host_disk_write_seconds_total{device="nvme0n1"} 8',
      'sightline_host_disk_io_seconds_total{device="vda"} 11.94',
      'sightline_host_disk_io_seconds_total{device="nvme0n1"} 10',
      'sightline_host_disk_io_weighted_seconds_total{device="vda"} 73.169',
      'sightline_host_disk_io_weighted_seconds_total{device="nvme0n1"} 11',
    ],
  ],
  [
    networkCollector,
    {
      'proc/self/net/dev': `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0
  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
veth12: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
lxc1a2b: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
eni3a52ce78d95: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
azv768e8de: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
`,
      'sys/class/net/eth0/operstate': 'up\n',
      'sys/class/net/eth0/speed': '1000\n',
    },
    [
      'sightline_host_network_receive_bytes_total{device="eth0"} 1',
      'sightline_host_network_transmit_bytes_total{device="eth0"} 5',
      'sightline_host_network_receive_packets_total{device="eth0"} 2',
      'sightline_host_network_transmit_packets_total{device="eth0"} 6',
      'sightline_host_network_receive_errors_total{device="eth0"} 3',
      'sightline_host_network_transmit_errors_total{device="eth0"} 7',
      'sightline_host_network_receive_drops_total{device="eth0"} 4',
      'sightline_host_network_transmit_drops_total{device="eth0"} 8',
      'sightline_host_network_speed_bytes{device="eth0"} 125000000',
      'sightline_host_network_up{device="eth0"} 1',
    ],
  ],
  [
    socketsCollector,
    {
      'proc/self/net/snmp':
        'Tcp: CurrEstab RetransSegs\nTcp: 7 4\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 10 1 2 20 3 4\n',
      'proc/self/net/snmp6': 'Udp6InDatagrams                 \t5\nUdp6RcvbufErrors                \t1\n',
      'proc/self/net/netstat': 'TcpExt: TW ListenDrops\nTcpExt: 3 6\n',
      'proc/self/net/sockstat':
        'sockets: used 143\nTCP: inuse 2 orphan 0 tw 1 alloc 2 mem 0\nUDP: inuse 3 mem 179\n',
      'proc/self/net/sockstat6': 'TCP6: inuse 1\nUDP6: inuse 2\n',
      'proc/self/net/softnet_stat': '000e99d5 00000001 00000000\n001027c5 0000000a 00000001\n',
    },
    [
      'sightline_host_tcp_retransmitted_segments_total 4',
      'sightline_host_tcp_listen_drops_total 6',
      'sightline_host_udp_sockets 5',
      'sightline_host_udp_received_datagrams_total 15',
      'sightline_host_udp_sent_datagrams_total 20',
      'sightline_host_udp_no_port_total 1',
      'sightline_host_udp_in_errors_total 2',
      'sightline_host_udp_receive_buffer_errors_total 4',
      'sightline_host_udp_send_buffer_errors_total 4',
      'sightline_host_softnet_dropped_total 11',
    ],
  ],
  [
    tcpStatesCollector,
    {
      'proc/self/net/tcp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:21C0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:21C0 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 1 1
   2: 0100007F:21C0 0100007F:D2F1 0C 00000000:00000000 00:00000000 00000000     0        0 1 1
`,
      'proc/self/net/tcp6': `  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:21C0 00000000000000000000000000000000:0000 0A 00000000:00000000
`,
    },
    [
      'sightline_host_tcp_connections{state="established"} 1',
      'sightline_host_tcp_connections{state="syn_sent"} 0',
      'sightline_host_tcp_connections{state="syn_recv"} 1',
      'sightline_host_tcp_connections{state="fin_wait1"} 0',
      'sightline_host_tcp_connections{state="fin_wait2"} 0',
      'sightline_host_tcp_connections{state="time_wait"} 0',
      'sightline_host_tcp_connections{state="close"} 0',
      'sightline_host_tcp_connections{state="close_wait"} 0',
      'sightline_host_tcp_connections{state="last_ack"} 0',
      'sightline_host_tcp_connections{state="listen"} 2',
      'sightline_host_tcp_connections{state="closing"} 0',
    ],
  ],
  [
    temperaturesCollector,
    {
      'sys/class/hwmon/hwmon0/name': 'coretemp\n',
      'sys/class/hwmon/hwmon0/temp1_input': '45000\n',
      'sys/class/hwmon/hwmon0/temp1_label': 'Package id 0\n',
      'sys/class/hwmon/hwmon0/temp1_crit': '100000\n',
      'sys/class/hwmon/hwmon1/name': 'nvme\n',
      'sys/class/hwmon/hwmon1/temp1_input': '30000\n',
      'sys/class/hwmon/hwmon1/temp1_crit': '0\n',
      'sys/class/hwmon/hwmon2/name': 'nvme\n',
      'sys/class/hwmon/hwmon2/temp1_input': '31000\n',
      'sys/class/thermal/thermal_zone0/type': 'acpitz\n',
      'sys/class/thermal/thermal_zone0/temp': '27800\n',
      'sys/class/thermal/cooling_device0/type': 'fan\n',
    },
    [
      'sightline_host_temperature_celsius{sensor="coretemp Package id 0"} 45',
      'sightline_host_temperature_celsius{sensor="nvme temp1"} 30',
      'sightline_host_temperature_celsius{sensor="nvme_2 temp1"} 31',
      'sightline_host_temperature_celsius{sensor="acpitz zone0"} 27.8',
      'sightline_host_temperature_critical_celsius{sensor="coretemp Package id 0"} 100',
    ],
  ],
  [
    gpuCollector,
    {
      'sys/class/drm/card0/device/uevent': 'DRIVER=amdgpu\nPCI_ID=1002:73BF\n',
      'sys/class/drm/card0/device/gpu_busy_percent': '37\n',
      'sys/class/drm/card0/device/mem_info_vram_total': '17163091968\n',
      'sys/class/drm/card0/device/mem_info_vram_used': '1000\n',
      'sys/class/drm/card0-DP-1/status': 'connected\n',
      'sys/class/drm/card1/device/uevent': 'DRIVER=i915\n',
    },
    [
      'sightline_host_gpu_info{gpu="card0",driver="amdgpu"} 1',
      'sightline_host_gpu_info{gpu="card1",driver="i915"} 1',
      'sightline_host_gpu_utilisation_ratio{gpu="card0"} 0.37',
      'sightline_host_gpu_memory_total_bytes{gpu="card0"} 17163091968',
      'sightline_host_gpu_memory_used_bytes{gpu="card0"} 1000',
    ],
  ],
  [
    cpuFrequencyCollector,
    {
      'sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq': '2000000\n',
      'sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq': '3000000\n',
      'sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq': '4000000\n',
      'sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count': '2\n',
      'sys/devices/system/cpu/cpufreq/policy0': 'x',
    },
    [
      'sightline_host_cpu_frequency_hertz 2500000000',
      'sightline_host_cpu_frequency_max_hertz 4000000000',
      'sightline_host_cpu_thermal_throttles_total 2',
    ],
  ],
];

test.each(cases)('%o', async (make, texts, expected) => {
  using root = new FixtureRoot(texts);
  expect((await collectLines(make(root.files))).toSorted()).toEqual(expected.toSorted());
});

test.each([
  ['up', 1],
  ['unknown', 1],
  ['down', 0],
  // A VLAN whose device is down; 802.1X without a login; a card that is gone.
  ['lowerlayerdown', 0],
  ['dormant', 0],
  ['notpresent', 0],
])('a link that is %s', async (state, up) => {
  using root = new FixtureRoot({
    'proc/self/net/dev': 'eth0.7: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n',
    'sys/class/net/eth0.7/operstate': `${state}\n`,
  });
  expect(await collectLines(networkCollector(root.files))).toContain(
    `sightline_host_network_up{device="eth0.7"} ${up}`,
  );
});

test.each(['ens5', 'eno1', 'end0', 'enp3s0', 'bond0', 'vlan10', 'wlan0'])(
  '%s is a device of the host',
  async (device) => {
    using root = new FixtureRoot({
      'proc/self/net/dev': `${device}: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n`,
    });
    expect(await collectLines(networkCollector(root.files))).toHaveLength(8);
  },
);

test('a processor has its own time on request', async () => {
  using root = new FixtureRoot({ 'proc/stat': stat });
  const lines = await collectLines(cpuCoresCollector(root.files));
  expect(lines).toHaveLength(16);
  expect(lines).toContain('sightline_host_cpu_core_seconds_total{cpu="1",mode="steal"} 0.22');
});

test.each(cases)('%o tells nothing where the kernel tells nothing', async (make) => {
  using root = new FixtureRoot();
  expect(await collectLines(make(root.files))).toEqual([]);
});

test('whatever the files hold, nothing is thrown and every value is a number', async () => {
  const bits = cases.flatMap(([, texts]) => Object.values(texts).flatMap((text) => text.split(/(\s+)/)));
  const mangled = fc.array(fc.oneof(fc.constantFrom(...bits), fc.string({ maxLength: 8 })), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...cases),
      mangled.map((parts) => parts.join('')),
      async ([make, texts], text) => {
        using root = new FixtureRoot(Object.fromEntries(Object.keys(texts).map((path) => [path, text])));
        const out = new Samples();
        await make(root.files).collect(out);
        for (const samples of out.values.values())
          for (const { value } of samples) expect(value).not.toBeNaN();
      },
    ),
    timeBox,
  );
});
