import { access } from 'node:fs/promises';
import { join } from 'node:path';

import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../media/clock.ts';
import { StartError } from '../start-error.ts';
import { EventLog, eventsFileName } from '../telemetry/events.ts';
import { reportOf, reportText } from '../telemetry/report.ts';

const dayMs = 86_400_000;

/** What the events of the last day tell, as text. Reads only; the relay may run or not. Throws StartError. */
export async function report(configFile: string | undefined, environment: Environment): Promise<string> {
  const { stateDir } = await loadConfig(configFile, environment);
  const path = join(stateDir, eventsFileName);
  const warnings: string[] = [];
  // Opening the log would make its folder, with the wrong owner perhaps.
  await access(path).catch(() => {
    throw new StartError(
      `${path} cannot be read: run this as the user of the relay, with the same --config, after its first start.`,
    );
  });
  const log = await EventLog.open({ path, clock: systemClock, warn: (message) => warnings.push(message) });
  const [problem] = warnings;
  if (problem !== undefined) throw new StartError(`${path}: ${problem}`);
  const events = log.query({ limit: Infinity });
  const nowMs = systemClock();
  return reportText(reportOf(events, nowMs - dayMs, nowMs));
}
