import { expect, test } from 'vitest';
import { HostMeter, hostLimits } from './host-limits.ts';

const MB = 2 ** 20;

test('the host that this runs on', () => {
  const { cpus, memoryBytes } = hostLimits();
  expect(cpus).toBeGreaterThan(0);
  const meter = new HostMeter();
  for (let times = 0; times < 3; times++) {
    const { memory, mainUtilisation } = meter.read();
    expect(memory.usedBytes).toBeGreaterThan(20 * MB);
    expect(memory.usedBytes).toBeLessThan(memory.limitBytes);
    expect(memory.limitBytes).toBeGreaterThanOrEqual(memoryBytes);
    expect(mainUtilisation).toBeGreaterThanOrEqual(0);
    expect(mainUtilisation).toBeLessThanOrEqual(1);
  }
  meter.close();
});
