// bench: Chromium behind 20 Mbit/s with 64 kB of tail-drop queue, key frames of 380 kB: frozen, dropped; and without pacing
import { atMost } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { runBench, say } from './support/run-bench.ts';
import { durationSeconds, watchThroughPath } from './support/watch-path.ts';

await runBench(240, { frozenPercent: atMost(1), tailDropPercent: atMost(1) }, async () => {
  const picture = makePicture({ bitrateBps: 3_000_000, gopSeconds: 2, keyBytes: 380_000 });
  const down = { delayMs: 20, rateBps: 20_000_000, queueBytes: 64_000 };
  const path = { picture, down, up: { delayMs: 20 }, seconds: durationSeconds() };
  const paced = await watchThroughPath(path);
  say(`paced: ${JSON.stringify(paced)}`);
  if (process.argv.includes('paced')) return paced;
  const unpaced = await watchThroughPath({ ...path, unpaced: true });
  return { ...paced, unpaced };
});
