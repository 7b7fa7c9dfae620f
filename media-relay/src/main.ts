// The command line of the relay: see cli/command-line.ts.
import { readFileSync } from 'node:fs';

import { checkConfig } from './cli/check-config.ts';
import type { Command } from './cli/command-line.ts';
import { parseCommandLine, usage, UsageError } from './cli/command-line.ts';
import { catchHangUps } from './cli/hang-ups.ts';
import { RelayUnreachable } from './cli/relay-api.ts';
import { listTokens } from './cli/tokens.ts';
import { ConfigError } from './config/config-error.ts';
import { StartError } from './start-error.ts';
import { redact } from './telemetry/redact.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function run(command: Command): Promise<void> {
  const { env } = process;
  switch (command.name) {
    case 'start': {
      // Before that import: it takes a good part of a second.
      const followHangUps = catchHangUps();
      // Only here: the other commands need neither the engine nor the bundler.
      const { start } = await import('./cli/start.ts');
      return start(command.configFile, env, version, followHangUps);
    }
    case 'check-config':
      process.stdout.write(await checkConfig(command.configFile, env));
      return;
    case 'tokens':
      process.stdout.write(await listTokens(command.configFile, env, (message) => console.error(message)));
      return;
    case 'top': {
      const { top } = await import('./cli/top.ts');
      return top(command.configFile, env);
    }
    case 'report': {
      const { report } = await import('./cli/report.ts');
      process.stdout.write(await report(command.configFile, env));
      return;
    }
    case 'capacity': {
      const { capacity } = await import('./cli/capacity.ts');
      process.stdout.write(await capacity(command, env, (what) => console.error(`measuring: ${what}`)));
      return;
    }
    case 'version':
      console.log(version);
      return;
    case 'help':
      process.stdout.write(usage);
  }
}

function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n\n${usage}`;
  if (error instanceof ConfigError || error instanceof StartError || error instanceof RelayUnreachable)
    return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await run(parseCommandLine(process.argv.slice(2), process.env));
} catch (error) {
  console.error(redact(explain(error)));
  process.exit(error instanceof UsageError ? 2 : 1);
}
