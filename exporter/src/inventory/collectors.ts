import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';
import type { InventoryFacts, PortableFacts } from './facts.ts';
import { Inquiry } from './inquiry.ts';

const inventoryWithinMs = 30_000;
const portableWithinMs = 5_000;

export interface InventoryOptions {
  /** After the first collection: a process that starts has better things to do, one that lives for a moment needs none. */
  readonly afterMs?: number;
}

/** What machine this is: asked once, then told for ever. */
export function inventoryCollector({ afterMs = 10_000 }: InventoryOptions = {}): Collector {
  const inquiry = new Inquiry();
  let facts: InventoryFacts | undefined;
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function ask(): Promise<void> {
    try {
      const answer = await inquiry.ask('inventory', inventoryWithinMs);
      if (answer.question === 'inventory') facts = answer.facts;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    } finally {
      inquiry.close();
    }
  }

  return {
    name: 'inventory',
    collect(out) {
      timer ??= setTimeout(() => void ask(), afterMs).unref();
      if (failure !== undefined) throw failure;
      if (facts === undefined) return;
      const { isVirtual, ...labels } = facts;
      out.set('sightline_host_info', 1, { ...labels, virtual: isVirtual ? 'true' : 'false' });
    },
    close() {
      clearTimeout(timer);
      inquiry.close();
    },
  };
}

/** Systems without /proc: the same metrics, as far as systeminformation has them. */
export function portableCollector(): Collector {
  const inquiry = new Inquiry();
  let asking: Promise<PortableFacts> | undefined;

  async function ask(): Promise<PortableFacts> {
    const answer = await inquiry.ask('portable', portableWithinMs);
    if (answer.question !== 'portable') throw new Error('an answer to another question');
    return answer.facts;
  }

  return {
    name: 'portable',
    async collect(out) {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      tell(await asking, out);
    },
    close: () => inquiry.close(),
  };
}

function tell(facts: PortableFacts, out: Samples): void {
  out.set('sightline_host_load1', facts.load1);
  out.set('sightline_host_cpus', facts.cpus);
  for (const mode of ['user', 'system', 'idle'] as const)
    out.set('sightline_host_cpu_seconds_total', facts.cpuSeconds[mode], { mode });
  out.set('sightline_host_memory_total_bytes', facts.memoryTotal);
  out.set('sightline_host_memory_available_bytes', facts.memoryAvailable);
  out.set('sightline_host_memory_free_bytes', facts.memoryFree);
  out.set('sightline_host_swap_total_bytes', facts.swapTotal);
  out.set('sightline_host_swap_free_bytes', facts.swapFree);
  const volumes = new Map(facts.volumes.map((volume) => [volume.volume, volume]));
  for (const { volume, device, fstype, size, available } of volumes.values()) {
    out.set('sightline_storage_info', 1, { volume, device, fstype });
    out.set('sightline_storage_size_bytes', size, { volume });
    out.set('sightline_storage_available_bytes', available, { volume });
    out.set('sightline_storage_error', 0, { volume });
  }
  const networks = new Map(facts.networks.map((network) => [network.device, network]));
  for (const { device, ...counts } of networks.values()) {
    out.set('sightline_host_network_receive_bytes_total', counts.receiveBytes, { device });
    out.set('sightline_host_network_transmit_bytes_total', counts.transmitBytes, { device });
    out.set('sightline_host_network_receive_errors_total', counts.receiveErrors, { device });
    out.set('sightline_host_network_transmit_errors_total', counts.transmitErrors, { device });
    out.set('sightline_host_network_receive_drops_total', counts.receiveDrops, { device });
    out.set('sightline_host_network_transmit_drops_total', counts.transmitDrops, { device });
  }
}
