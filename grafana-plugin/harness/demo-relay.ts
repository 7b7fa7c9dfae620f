/** A relay process to look at or to measure with: its own folder, free ports, gone with this process. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../media-relay/src/main.ts', import.meta.url));

export interface DemoRelay {
  readonly url: string;
  /** The view token. */
  readonly token: string;
  stop(): void;
}

/** Name, title and site of each. */
export const demoCameras = [
  ['front-gate', 'Front gate', 'North yard'],
  ['loading-dock', 'Loading dock', 'North yard'],
  ['line-2', 'Line 2', 'Assembly'],
  ['lobby', 'Lobby', 'Office'],
  ['car-park', 'Car park', 'South yard'],
  ['control-room', 'Control room', 'Office'],
  ['paint-shop', 'Paint shop', 'Assembly'],
  ['archive', 'Archive', 'Office'],
] as const;

export type DemoStreams = Readonly<
  Record<string, { readonly url: string; readonly title?: string; readonly site?: string }>
>;

/** `size` as in a demo camera's address. */
export function demoStreams(size: string): DemoStreams {
  return {
    ...Object.fromEntries(
      demoCameras.map(([name, title, site]) => [
        name,
        { url: `demo:?${size}&title=${encodeURIComponent(title)}`, title, site },
      ]),
    ),
    // One that nobody reaches: a wall that only knows good days teaches nothing.
    roof: { url: 'rtsp://127.0.0.1:9/roof', title: 'Roof', site: 'Office' },
  };
}

/** Resolves when it serves; its streams may still be connecting. `more`: of the configuration. */
export async function startDemoRelay(streams: DemoStreams, more: object = {}): Promise<DemoRelay> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-panel-'));
  const config = {
    http: { port: 0 },
    media: { port: 0 },
    stateDir: join(folder, 'state'),
    log: { format: 'json' },
    ...more,
    streams,
  };
  writeFileSync(join(folder, 'sightline.yaml'), JSON.stringify(config));
  const child = spawn(process.execPath, [main, 'start', '--config', join(folder, 'sightline.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', stop);
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
    if (msg !== 'relay started' || url === undefined) continue;
    child.stdout.resume();
    return { url, token: tokenOf(join(folder, 'state', 'tokens.json')), stop };
  }
  throw new Error('The relay ended before it had started; its messages are above.');
}

function tokenOf(file: string): string {
  const { tokens } = JSON.parse(readFileSync(file, 'utf8')) as { tokens: { name: string; secret: string }[] };
  return tokens.find(({ name }) => name === 'grafana')?.secret ?? '';
}
