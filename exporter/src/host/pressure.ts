import type { HostFiles } from '../host-files.ts';
import { pressureResources } from '../known-labels.ts';
import type { Collector } from '../source.ts';

export interface Pressure {
  readonly waitingSeconds: number | undefined;
  /** Undefined where the kernel tells none. */
  readonly stalledSeconds: number | undefined;
}

/** Pressure stall information (Documentation/accounting/psi.rst): `some avg10=0.00 ... total=MICROSECONDS`, `full ...`. */
export function parsePressure(text: string): Pressure {
  const total = (kind: string): number | undefined => {
    const micros = new RegExp(`^${kind} .*total=(\\d+)`, 'm').exec(text)?.[1];
    return micros === undefined ? undefined : Number(micros) / 1e6;
  };
  return { waitingSeconds: total('some'), stalledSeconds: total('full') };
}

export function pressureCollector(files: HostFiles): Collector {
  return {
    name: 'pressure',
    collect(out) {
      for (const resource of pressureResources) {
        if (resource === 'cpu' && !out.wants('sightline_host_pressure_waiting_seconds_total')) continue;
        const text = files.read(`proc/pressure/${resource}`);
        if (text === undefined) continue;
        const { waitingSeconds, stalledSeconds } = parsePressure(text);
        out.set('sightline_host_pressure_waiting_seconds_total', waitingSeconds, { resource });
        // For the host as a whole the kernel's "full" of the CPU is always 0: it means nothing.
        if (resource !== 'cpu')
          out.set('sightline_host_pressure_stalled_seconds_total', stalledSeconds, { resource });
      }
    },
  };
}
