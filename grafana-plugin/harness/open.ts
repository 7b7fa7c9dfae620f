/** `npm run panel`: the built plugins on the harness page, beside a relay with demo cameras. Ends with Ctrl-C. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildPlugin, packageVersion, pluginRoot } from '../build/build.ts';
import { pageBundle } from './page-bundle.ts';
import { startHarness } from './server.ts';

const main = fileURLToPath(new URL('../../media-relay/src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sightline-panel-'));
const port = Number(process.argv[2] ?? 8650);

const cameras = [
  ['front-gate', 'Front gate', 'North yard'],
  ['loading-dock', 'Loading dock', 'North yard'],
  ['line-2', 'Line 2', 'Assembly'],
  ['lobby', 'Lobby', 'Office'],
  ['car-park', 'Car park', 'South yard'],
  ['control-room', 'Control room', 'Office'],
] as const;

const config = {
  http: { port: 0 },
  media: { port: 0 },
  stateDir: join(folder, 'state'),
  log: { format: 'json' },
  streams: {
    ...Object.fromEntries(
      cameras.map(([name, title, site]) => [
        name,
        { url: `demo:?width=1280&height=720&fps=25&title=${encodeURIComponent(title)}`, title, site },
      ]),
    ),
    // One that nobody reaches: a wall that only knows good days teaches nothing.
    roof: { url: 'rtsp://127.0.0.1:9/roof', title: 'Roof', site: 'Office' },
  },
};
writeFileSync(join(folder, 'sightline.yaml'), JSON.stringify(config));

const relay = spawn(process.execPath, [main, 'start', '--config', join(folder, 'sightline.yaml')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => {
  relay.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
relay.once('exit', () => process.exit(1));

const [page, url] = await Promise.all([pageBundle(), relayUrl()]);
const dist = join(pluginRoot, 'dist');
await buildPlugin({ outDir: dist, mode: 'development', version: packageVersion() });
const harness = await startHarness({ dist, pageBundle: page, relay: { url, token: viewToken() }, port });
process.stdout.write(`The camera wall panel: ${harness.url}?demo=1 (also &theme=light, &lang=ko-KR)\n`);

async function relayUrl(): Promise<string> {
  if (relay.stdout === null) throw new Error('The relay has no output');
  for await (const line of createInterface({ input: relay.stdout })) {
    const { msg, url: started } = JSON.parse(line) as { msg?: string; url?: string };
    if (msg === 'relay started' && started !== undefined) return started;
  }
  throw new Error('The relay ended before it had started');
}

function viewToken(): string {
  const { tokens } = JSON.parse(readFileSync(join(folder, 'state', 'tokens.json'), 'utf8')) as {
    tokens: { name: string; secret: string }[];
  };
  return tokens.find(({ name }) => name === 'grafana')?.secret ?? '';
}
