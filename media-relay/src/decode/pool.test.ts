import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';

import { createSilentLog } from '../telemetry/log.ts';
import type { DecodeJob } from './pool.ts';
import { DecodePool, poolLimits } from './pool.ts';
import type { SlotOptions } from './slots.ts';

// The pool runs whatever program it is given: a shell shows what ffmpeg would meet.

let pool: DecodePool;
afterEach(() => pool.close());

const limits: SlotOptions = {
  slots: 2,
  longSlots: 1,
  queueLength: 2,
  queueMs: 10_000,
  startsPerSecond: 100,
};

function poolOf(changes: Partial<SlotOptions> = {}): DecodePool {
  pool = new DecodePool({
    ffmpeg: { isThere: true, path: '/bin/sh', version: '5.1.9' },
    limits: { ...limits, ...changes },
    log: createSilentLog(),
  });
  return pool;
}

let jobs = 0;
const job = (script: string, rest: Partial<DecodeJob> = {}): DecodeJob => ({
  key: `job ${jobs++}`,
  arguments: ['-c', script],
  input: [],
  maxOutputBytes: 1000,
  deadlineMs: 10_000,
  ...rest,
});

/** Runs until its input ends. */
async function blocker(): Promise<() => void> {
  const live = await pool.open({
    arguments: ['-c', 'cat'],
    onOutput: () => undefined,
    onEnd: () => undefined,
  });
  return () => live.close();
}

const busy = { name: 'DecodeError', code: 'busy' };

test('bytes go in and come out; a second descriptor carries text', async () => {
  const { output, side } = await poolOf().run(
    job('cat; echo side >&3', { input: [Buffer.from('a'), Buffer.from('b')], withSide: true }),
  );
  expect([String(output), side]).toEqual(['ab', 'side\n']);
});

test('a process has less of everything: memory, priority, environment; and dies first', async () => {
  vi.stubEnv('SIGHTLINE_TOKENS', 'secret');
  const script = 'ulimit -c; ulimit -v; ulimit -d; nice; cat /proc/self/oom_score_adj; pwd; env';
  const { output } = await poolOf().run(job(script));
  vi.unstubAllEnvs();
  const [core, addressSpace, data, niceness, oom, folder, ...environment] = String(output).split('\n');
  expect([core, addressSpace, data, oom, folder]).toEqual(['0', '1048576', '393216', '900', '/']);
  expect(Number(niceness)).toBeGreaterThanOrEqual(10);
  expect(environment.join()).not.toContain('secret');
});

test('jobs of the same key are one process', async () => {
  poolOf();
  const one = job('cat', { input: [Buffer.from('x')] });
  const [a, b] = await Promise.all([pool.run(one), pool.run(one)]);
  expect(a).toBe(b);
  expect(pool.statistics).toMatchObject({ startedTotal: 1, running: 0, queued: 0, failedTotal: 0 });
});

test('more than the queue holds is refused at once, the others have their turn', async () => {
  poolOf({ slots: 1 });
  const end = await blocker();
  const waiting = [pool.run(job('echo 1')), pool.run(job('echo 2'))];
  expect(pool.statistics).toMatchObject({ running: 1, queued: 2 });
  await expect(pool.run(job('echo 3'))).rejects.toMatchObject(busy);
  end();
  expect((await Promise.all(waiting)).map(({ output }) => String(output))).toEqual(['1\n', '2\n']);
  expect(pool.statistics).toMatchObject({ running: 0, queued: 0, rejectedTotal: 1, startedTotal: 3 });
});

test('whoever waits too long is refused', async () => {
  poolOf({ slots: 1, queueMs: 30 });
  await blocker();
  await expect(pool.run(job('echo'))).rejects.toMatchObject(busy);
  expect(pool.statistics).toMatchObject({ queued: 0, rejectedTotal: 1 });
});

test('what runs for long leaves a slot to what is quick', async () => {
  poolOf();
  const end = await blocker();
  await expect(blocker()).rejects.toMatchObject(busy);
  expect(String((await pool.run(job('echo 1'))).output)).toBe('1\n');
  end();
  await vi.waitFor(() => expect(pool.statistics.running).toBe(0));
  (await blocker())();
});

test('what takes too long is killed with its children', async () => {
  poolOf();
  let grandchild = 0;
  const live = await pool.open({
    arguments: ['-c', 'sleep 60 & echo $!; wait'],
    onOutput: (bytes) => (grandchild = Number(bytes)),
    onEnd: () => undefined,
  });
  await vi.waitFor(() => expect(grandchild).toBeGreaterThan(0));
  live.close();
  await vi.waitFor(() => expect(isRunning(grandchild)).toBe(false));
  await expect(pool.run(job('sleep 60', { deadlineMs: 30 }))).rejects.toMatchObject({ code: 'failed' });
  expect(pool.statistics).toMatchObject({ running: 0, killedTotal: 2, failedTotal: 1 });
});

function isRunning(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  // A zombie whose parent is gone may wait for init to take notice.
  return existsSync(path) && !/\) [ZX] /.test(readFileSync(path, 'utf8'));
}

test('what writes too much is killed, what reads nothing does no harm, too much input is not even tried', async () => {
  poolOf();
  await expect(pool.run(job('yes'))).rejects.toMatchObject({ code: 'failed' });
  expect(pool.statistics).toMatchObject({ killedTotal: 1, failedTotal: 1 });
  const much = Buffer.alloc(8 * 2 ** 20);
  expect(String((await pool.run(job('echo 1', { input: [much] }))).output)).toBe('1\n');
  await expect(pool.run(job('cat', { input: [much, much, much, much, much] }))).rejects.toMatchObject({
    code: 'failed',
  });
  // It had no process: nothing failed.
  expect(pool.statistics).toMatchObject({ startedTotal: 2, failedTotal: 1 });
});

test('starts are spread', async () => {
  poolOf({ slots: 10, queueLength: 20, startsPerSecond: 10 });
  const startMs = performance.now();
  await Promise.all(Array.from({ length: 15 }, () => pool.run(job('exit 0'))));
  // Ten at once, the others a tenth of a second apart.
  expect(performance.now() - startMs).toBeGreaterThan(450);
});

test('one that ends by itself says so, and its slot is free', async () => {
  poolOf();
  const ended = Promise.withResolvers<void>();
  const live = await pool.open({
    arguments: ['-c', 'exit 3'],
    onOutput: () => undefined,
    onEnd: ended.resolve,
  });
  await ended.promise;
  await live.write(Buffer.from('into the void'));
  expect(pool.statistics).toMatchObject({ running: 0, failedTotal: 1, killedTotal: 0 });
});

test('a process that cannot be made costs no slot', async () => {
  poolOf({ slots: 1 });
  // Node refuses this argument as early as a system without memory refuses a process.
  const impossible = '\0';
  await expect(pool.run(job(impossible))).rejects.toMatchObject(busy);
  const opened = pool.open({
    arguments: [impossible],
    onOutput: () => undefined,
    onEnd: () => undefined,
  });
  await expect(opened).rejects.toMatchObject(busy);
  expect(pool.statistics).toMatchObject({ running: 0, startedTotal: 0, rejectedTotal: 2 });
  expect(String((await pool.run(job('echo 1'))).output)).toBe('1\n');
});

test('closing ends what runs and refuses what waits and what comes', async () => {
  poolOf({ slots: 1 });
  await blocker();
  const [waiting] = await Promise.all([pool.run(job('echo')).catch((error: unknown) => error), pool.close()]);
  expect(waiting).toMatchObject({ code: 'closing' });
  await expect(pool.run(job('echo'))).rejects.toMatchObject({ code: 'closing' });
  expect(pool.statistics).toMatchObject({ running: 0, queued: 0, killedTotal: 1, failedTotal: 1 });
});

test('a program that is not there', async () => {
  pool = new DecodePool({
    ffmpeg: { isThere: false, reason: 'There is none.' },
    limits,
    log: createSilentLog(),
  });
  await expect(pool.run(job('echo'))).rejects.toMatchObject({ code: 'no-ffmpeg', message: 'There is none.' });
  await expect(blocker()).rejects.toMatchObject({ code: 'no-ffmpeg' });
});

test('how many, by cores and memory', () => {
  pool = poolOf();
  const GiB = 2 ** 30;
  expect(poolLimits({ cpus: 8, memoryBytes: 16 * GiB }, undefined).slots).toBe(8);
  expect(poolLimits({ cpus: 0.5, memoryBytes: 16 * GiB }, undefined).slots).toBe(2);
  expect(poolLimits({ cpus: 8, memoryBytes: GiB }, undefined).slots).toBe(3);
  expect(poolLimits({ cpus: 64, memoryBytes: 64 * GiB }, undefined).slots).toBe(16);
  expect(poolLimits({ cpus: 8, memoryBytes: GiB }, 1)).toMatchObject({ slots: 1, longSlots: 1 });
});
