import type { HostFiles } from '../host-files.ts';
import { tcpStates } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

/** A line for each socket is more than a fraction of a millisecond beyond this. */
const maxCounted = 4_000;
const newSynReceived = 12;

/**
 * /proc/self/net/{tcp,tcp6} (proc_pid_net(5)): the sockets of the own network namespace by state. The kernel walks its whole
 * table for either file, milliseconds on a large host: in the thread pool, and not every second.
 */
export function tcpStatesCollector(files: HostFiles): Collector {
  return {
    name: 'tcp-states',
    async collect(out) {
      const texts = [
        await files.readSlow(`${files.process}/net/tcp`),
        await files.readSlow(`${files.process}/net/tcp6`),
      ];
      const lines = texts.flatMap((text) => text?.trimEnd().split('\n').slice(1) ?? []);
      if (texts.every((text) => text === undefined) || lines.length > maxCounted) return;
      count(lines, out);
    },
  };
}

function count(lines: readonly string[], out: Samples): void {
  const counts = new Uint32Array(tcpStates.length + 1);
  for (const line of lines) {
    const state = Number.parseInt(line.trimStart().split(' ', 4)[3] ?? '', 16);
    // A request that waits for its last packet has a number of its own.
    const index = state === newSynReceived ? tcpStates.indexOf('syn_recv') + 1 : state;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  tcpStates.forEach((state, index) =>
    out.set('sightline_host_tcp_connections', counts[index + 1], { state }),
  );
}
