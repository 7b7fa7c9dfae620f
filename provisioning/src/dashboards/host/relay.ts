import { noneLimits, number, timeline, valueMappings } from '../panels.ts';
import { now, promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { of } from './lines.ts';

const upMappings = valueMappings({ 0: ['away', 'red'], 1: ['answers', 'green'] });
const configMappings = valueMappings({ 0: ['unreadable', 'red'], 1: ['read', 'green'] });
const readyMappings = valueMappings({ 0: ['no', 'orange'], 1: ['yes', 'green'] });

/** Whether each relay is there, and fit. */
export const relay: readonly Line[] = [
  [
    4,
    number({
      title: 'Takes viewers',
      description: 'No while it starts or drains.',
      unit: 'none',
      mappings: readyMappings,
      queries: [now(of('sightline_ready'), '{{instance}}')],
    }),
    number({
      title: 'Runs since',
      description: 'Time since the process started.',
      unit: 's',
      queries: [now(`time() - ${of('process_start_time_seconds', 'job="sightline"')}`, '{{instance}}')],
    }),
    number({
      title: 'Sessions',
      description: 'Viewers of all streams, those that still connect included.',
      unit: 'short',
      queries: [now(of('sightline_viewer_sessions'), '{{instance}}')],
    }),
    number({
      title: 'Media threads away',
      description: 'Media threads that do not run now: their streams play for nobody.',
      unit: 'short',
      limits: noneLimits,
      queries: [now(`sum by (instance) (1 - ${of('sightline_media_thread_running')})`, '{{instance}}')],
    }),
    number({
      title: 'Configuration',
      description:
        'Whether the last reading of it worked. A relay goes on with the last good one, but could not start anew.',
      unit: 'none',
      mappings: configMappings,
      queries: [now(of('sightline_config_last_reload_successful'), '{{instance}}')],
    }),
    number({
      title: 'Cameras configured',
      description: 'Streams of the configuration and of the API.',
      unit: 'short',
      queries: [now(of('sightline_streams_configured'), '{{instance}}')],
    }),
  ],
  [
    4,
    timeline({
      title: 'Answers Prometheus',
      description: 'Whether each scrape worked. While it does not, nobody knows of the cameras.',
      unit: 'none',
      mappings: upMappings,
      queries: [promql(of('up', 'job="sightline"'), '{{instance}}')],
    }),
  ],
];
