import { gaugesOf } from '../client/monitoring/gauges.ts';
import type { Ask, Figures } from '../client/monitoring/overview.ts';
import { askLimits, askOverview } from '../client/monitoring/overview.ts';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { relayApi, RelayUnreachable } from './relay-api.ts';
import { topScreen } from './top-screen.ts';

const refreshMs = 2_000;
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';

/** Live on a terminal until q or Ctrl-C; anywhere else the figures of now, once. Rejects with RelayUnreachable. */
export async function top(configFile: string | undefined, environment: Environment): Promise<void> {
  const ask = await relayApi(await loadConfig(configFile, environment));
  const limits = await askLimits(ask);
  const { stdin, stdout } = process;
  if (!stdout.isTTY || !stdin.isTTY) {
    const columns = (stdout.isTTY ? stdout.columns : 0) || 160;
    const lines = await screenOf(ask, limits, { columns, rows: Infinity, hasColour: stdout.isTTY });
    stdout.write(`${lines.join('\n')}\n`);
    return;
  }
  await follow(ask, limits);
}

async function screenOf(
  ask: Ask,
  limits: Figures,
  size: { readonly columns: number; readonly rows: number; readonly hasColour: boolean },
): Promise<string[]> {
  const overview = await askOverview(ask);
  return topScreen(overview, gaugesOf(overview.figures, limits), size);
}

async function follow(ask: Ask, limits: Figures): Promise<void> {
  const { stdin, stdout } = process;
  const ended = new AbortController();
  let wake = (): void => undefined;
  const end = (): void => {
    ended.abort();
    wake();
  };
  const onKey = (key: Buffer): void => {
    // In raw mode Ctrl-C is a key like the others.
    if (['q', 'Q', '\u0003'].includes(key.toString())) end();
  };
  const onResize = (): void => wake();
  process.once('SIGTERM', end);
  stdin.setRawMode(true);
  stdin.on('data', onKey);
  stdout.on('resize', onResize);
  stdout.write(enter);
  try {
    while (!ended.signal.aborted) {
      // A terminal that does not know its size says 0.
      const columns = stdout.columns || 80;
      const rows = stdout.rows || 24;
      const lines = await screenOf(ask, limits, {
        columns,
        rows: rows - 1,
        hasColour: stdout.hasColors(),
      }).catch((error: unknown) => {
        if (error instanceof RelayUnreachable) return [error.message, '', 'Trying again.'];
        throw error;
      });
      const body = lines.map((line) => `${line}${clearLine}\r\n`).join('');
      stdout.write(`${home}${body}q quits${clearLine}${clearBelow}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, refreshMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (ended.signal.aborted) wake();
      });
    }
  } finally {
    stdout.write(leave);
    stdout.off('resize', onResize);
    stdin.off('data', onKey);
    stdin.setRawMode(false);
    stdin.pause();
    process.off('SIGTERM', end);
  }
}
