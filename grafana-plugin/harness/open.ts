/** `npm run panel`: the built plugins on the harness page, beside a relay with demo cameras. Ends with Ctrl-C. */
import { join } from 'node:path';
import { buildPlugin, packageVersion, pluginRoot } from '../build/build.ts';
import { demoStreams, startDemoRelay } from './demo-relay.ts';
import { pageBundle } from './page-bundle.ts';
import { startHarness } from './server.ts';

const defaultPort = 8650;
const port = Number(process.argv[2] ?? defaultPort);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));

const dist = join(pluginRoot, 'dist');
const [page, relay] = await Promise.all([
  pageBundle(),
  startDemoRelay(demoStreams('width=1280&height=720&fps=25')),
]);
await buildPlugin({ outDir: dist, mode: 'development', version: packageVersion() });
const harness = await startHarness({ dist, pageBundle: page, relay: { ...relay }, port });
process.stdout.write(`The camera wall panel: ${harness.url}?demo=1 (also &theme=light, &lang=ko-KR)\n`);
