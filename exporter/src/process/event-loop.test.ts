import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { Samples } from '../samples.ts';
import { EventLoopMonitor } from './event-loop.ts';

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

test('a block of the loop is in the histogram, and stays there', async () => {
  const monitor = new EventLoopMonitor('main');
  try {
    // The monitor's own timer has to have begun; what it sees is the block less 100 ms at most.
    await sleep(250);
    block(350);
    await sleep(50);
    const out = new Samples();
    monitor.collect(out);
    monitor.collect(new Samples());
    const [histogram] = out.histograms.get('sightline_event_loop_delay_seconds') ?? [];
    expect(histogram?.labels).toEqual({ thread: 'main' });
    const { bounds = [], counts = [], sum = 0 } = histogram?.state ?? {};
    const above = Array.from(counts).slice(bounds.indexOf(0.2) + 1);
    expect(above.reduce((total, count) => total + count, 0)).toBeGreaterThanOrEqual(1);
    expect(sum).toBeGreaterThan(0.2);
  } finally {
    monitor.close();
  }
});
