import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { decoders } from './host/decoders.ts';
import { group } from './host/group.ts';
import { media } from './host/media.ts';
import { memory } from './host/memory.ts';
import { processor } from './host/processor.ts';
import { relay } from './host/relay.ts';
import { service } from './host/service.ts';
import { storage } from './host/storage.ts';
import { viewers } from './host/viewers.ts';
import { alertAnnotations, datasourceVariables, page, relayEvents, relayVariable } from './page.ts';
import { instanceVariable } from './streams.ts';

/** Utilisation, saturation and errors of a relay and the host under it. */
export function host(): Dashboard {
  return page({
    uid: 'sightline-host',
    title: 'Sightline relay and host',
    description:
      'Utilisation, saturation and errors of relays and the hosts under them: what is nearly used up, and by what.',
    from: 'now-3h',
    refresh: '30s',
    variables: [...datasourceVariables(), relayVariable(), instanceVariable()],
    annotations: [relayEvents(''), alertAnnotations('instance=~"$instance"')],
    content: [
      { title: 'Relay', lines: relay },
      { title: 'Processor', lines: processor },
      { title: 'Memory', lines: memory },
      { title: 'Control group', lines: group },
      { title: 'Event loops and media', lines: media },
      { title: 'Viewers', lines: viewers },
      { title: 'Decoders', lines: decoders },
      { title: 'Disks and network', lines: storage },
      { title: 'Service', lines: service },
    ],
  });
}
