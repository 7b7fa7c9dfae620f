import { cpuLimits } from '../panels.ts';
import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, rate, recorded } from './lines.ts';

/** CPU of the host, and what waits for it. */
export const processor: readonly Line[] = [
  graphs(
    {
      title: 'CPU',
      description:
        'In use, of what may be used: the quota of the control group, else the host. Alerts fire at 75 and 90 %.',
      unit: 'percentunit',
      max: 1,
      limits: cpuLimits,
      queries: [
        promql(recorded('sightline_cpu_utilisation_ratio', 'avg'), '{{instance}}'),
        promql(recorded('sightline_cpu_utilisation_ratio', 'max'), '{{instance}} highest'),
      ],
    },
    {
      title: 'CPU of the host by mode',
      description:
        'Processors that are busy. Steal is what the hypervisor gave to others, iowait what waits for disks.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(`sum by (mode) (${rate('sightline_host_cpu_seconds_total', 'mode!="idle"')})`, '{{mode}}'),
      ],
    },
    {
      title: 'Load per processor',
      description: 'Processes that run or wait, of 1 minute, divided by processors. Above 1 some wait.',
      unit: 'short',
      limits: ['green', [1, 'orange'], [2, 'red']],
      queries: [promql(`${of('sightline_host_load1')} / ${of('sightline_host_cpus')}`, '{{instance}}')],
    },
    {
      title: 'Pressure',
      description:
        'Share of the time in which at least one task waited for the resource (PSI some): the earliest sign of too little.',
      unit: 'percentunit',
      queries: [promql(rate('sightline_host_pressure_waiting_seconds_total'), '{{instance}} {{resource}}')],
    },
  ),
];
