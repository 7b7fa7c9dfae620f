// bench: Chromium behind 5 % random loss and 40 ms of round trip, one camera of 2 Mbit/s: frozen, decoded, jitter buffer
import { atLeast, atMost } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { runBench } from './support/run-bench.ts';
import { durationSeconds, watchThroughPath } from './support/watch-path.ts';

await runBench(
  170,
  { frozenPercent: atMost(0.5), decodedPercent: atLeast(99), jitterBufferMs: atMost(80) },
  async () => {
    const picture = makePicture({ bitrateBps: 2_000_000, gopSeconds: 2 });
    const link = { delayMs: 20, lossRatio: 0.05 };
    return watchThroughPath({ picture, down: link, up: link, seconds: durationSeconds() });
  },
);
