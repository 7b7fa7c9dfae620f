import type { HostFiles } from '../host-files.ts';
import { toNumber } from '../host-files.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

/**
 * Loopback, and what containers and virtual machines plug together inside the host. Some Kubernetes networks call the host's end of
 * each pod otherwise: Calico `cali`, Cilium `lxc`, AWS `eni` and Azure `azv`, with a hash behind it.
 */
const notDevices =
  /^(lo|veth.*|ifb\d+|dummy\d+|docker\d+|podman\d+|br-.*|cni.*|flannel.*|cali.*|lxc.*|(eni|azv)[\da-f]{7,}|virbr.*|vnet\d+|tap.*)$/;
const maxDevices = 64;
const megabitBytes = 125_000;

/** /proc/self/net/dev (proc_pid_net(5)): the devices of the own network namespace. */
export function networkCollector(files: HostFiles): Collector {
  return {
    name: 'network',
    collect(out) {
      const wantsLinks = out.wants('sightline_host_network_up', 'sightline_host_network_speed_bytes');
      let devices = 0;
      for (const line of files.read(`${files.process}/net/dev`)?.split('\n') ?? []) {
        const colon = line.lastIndexOf(':');
        const device = line.slice(0, Math.max(0, colon)).trim();
        if (device === '' || notDevices.test(device) || ++devices > maxDevices) continue;
        const counts = line
          .slice(colon + 1)
          .trim()
          .split(/ +/)
          .map(Number);
        if (counts.length < 12) continue;
        const labels = { device };
        out.set('sightline_host_network_receive_bytes_total', counts[0], labels);
        out.set('sightline_host_network_receive_packets_total', counts[1], labels);
        out.set('sightline_host_network_receive_errors_total', counts[2], labels);
        out.set('sightline_host_network_receive_drops_total', counts[3], labels);
        out.set('sightline_host_network_transmit_bytes_total', counts[8], labels);
        out.set('sightline_host_network_transmit_packets_total', counts[9], labels);
        out.set('sightline_host_network_transmit_errors_total', counts[10], labels);
        out.set('sightline_host_network_transmit_drops_total', counts[11], labels);
        if (wantsLinks) link(files, device, out);
      }
    },
  };
}

/** RFC 2863; what has no link to lose (a tunnel) says `unknown`. The others are down, or wait for the device below or for a login. */
const upStates = new Set(['up', 'unknown']);

/** A device without a link, or without a speed of its own, answers with an error or with -1. */
function link(files: HostFiles, device: string, out: Samples): void {
  const state = files.read(`sys/class/net/${device}/operstate`)?.trim();
  if (state !== undefined) out.set('sightline_host_network_up', upStates.has(state) ? 1 : 0, { device });
  const megabits = toNumber(files.read(`sys/class/net/${device}/speed`));
  if (megabits !== undefined && megabits > 0)
    out.set('sightline_host_network_speed_bytes', megabits * megabitBytes, { device });
}
