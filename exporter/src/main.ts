// The exporter as a service of its own: for hosts without a relay, or to watch a relay from outside.
import { readFileSync } from 'node:fs';

import { ListenError } from './service/listen-error.ts';
import { runService } from './service/run.ts';
import { readSettings, serviceUsage, SettingsError } from './service/settings.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

try {
  const command = readSettings(process.argv.slice(2), process.env);
  switch (command.name) {
    case 'help':
      process.stdout.write(serviceUsage);
      break;
    case 'version':
      console.log(version);
      break;
    case 'run': {
      // Whoever read the log is gone; Prometheus is not.
      for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
      const service = await runService(command.settings, version, (line) => process.stdout.write(line));
      const stop = (): void => void service.close().then(() => process.exit(0));
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
    }
  }
} catch (error) {
  const isExpected = error instanceof SettingsError || error instanceof ListenError;
  console.error(isExpected ? error.message : error);
  process.exit(error instanceof SettingsError ? 2 : 1);
}
