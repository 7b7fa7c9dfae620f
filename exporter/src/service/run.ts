import { createCollectors } from '../collectors.ts';
import { Exporter } from '../exporter.ts';
import { slowly } from '../host/slowly.ts';
import { EventLoopMonitor } from '../process/event-loop.ts';
import { LogCounter } from '../process/log-counter.ts';
import { ServiceHealth } from './health.ts';
import { remoteRelayCollector } from './remote-relay.ts';
import { startServiceServer } from './server.ts';
import type { ServiceSettings } from './settings.ts';

export interface RunningService {
  readonly port: number;
  close(): Promise<void>;
}

/** JSON lines on standard output, as the relay writes them. */
export type WriteLine = (line: string) => void;

/** Rejects with ListenError when the address cannot be had. */
export async function runService(
  settings: ServiceSettings,
  version: string,
  write: WriteLine,
): Promise<RunningService> {
  const logs = new LogCounter();
  const log = (level: 'info' | 'warn', msg: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    logs.count(level);
    write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg })}\n`);
  };
  const health = new ServiceHealth();
  const loop = new EventLoopMonitor('main');
  const { relay, on, off, hostRoot } = settings;
  const exporter = new Exporter({
    version,
    watchesHost: hostRoot !== undefined,
    collectors: [
      ...createCollectors({ on, off, hostRoot }),
      ...(relay === undefined ? [] : [slowly(remoteRelayCollector(relay), { everyMs: 800, waitMs: 500 })]),
    ],
    sources: [loop, logs],
    onCollectorChange(collector, error) {
      health.change(collector, error);
      if (error === undefined) log('info', 'collector works again', { collector });
      else log('warn', 'collector fails', { collector, error: error.message });
    },
  });
  const server = await startServiceServer({
    exporter,
    address: settings.address,
    port: settings.port,
    accessToken: settings.accessToken,
    reasons: () => health.reasons(),
    version,
  });
  log('info', 'exporter started', { version, address: settings.address, port: server.port });
  return {
    port: server.port,
    async close() {
      await server.close();
      exporter.close();
      loop.close();
      log('info', 'exporter stopped');
    },
  };
}
