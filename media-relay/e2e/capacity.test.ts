import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CapacityResult } from '../src/capacity/result.ts';

const main = new URL('../src/main.ts', import.meta.url).pathname;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-e2e-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Temporary files go into the test's own folder, so that what is left is seen. */
function launch(args: readonly string[]) {
  return spawn(process.execPath, [main, 'capacity', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], TMPDIR: folder },
  });
}

async function capacity(...args: readonly string[]) {
  const child = launch(args);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { out, err, status: child.exitCode };
}

test('a real measurement is plausible and leaves nothing', async () => {
  const config = join(folder, 'relay.yaml');
  writeFileSync(config, 'streams: { a: "demo:?bitrate=1000000", b: "rtsp://127.0.0.1:9/none" }');
  const { out, err, status } = await capacity('--quick', '--json', '--config', config);
  expect(err).toMatch(/^(measuring: .*\n)+$/);
  expect(status).toBe(0);
  const { costs, rows, own, most, arrivedShare } = JSON.parse(out) as CapacityResult;

  // What is plausible on any machine, busy or not: nothing about speed.
  expect(arrivedShare).toBeGreaterThan(0.3);
  for (const { usPerFrame, usPerPacket } of [costs.receive, costs.send]) {
    expect(usPerFrame + usPerPacket).toBeGreaterThan(0.1);
    expect(usPerFrame).toBeLessThan(20_000);
    expect(usPerPacket).toBeLessThan(2_000);
  }
  expect(costs.join.mediaMs + costs.join.mainMs).toBeGreaterThan(0.1);
  expect(costs.memory.idleBytes).toBeGreaterThan(50e6);
  expect(costs.memory.idleBytes).toBeLessThan(1e9);
  // The cached pictures of two seconds, and what a viewer must at least remember.
  expect(costs.memory.bytesPerStream + costs.memory.bytesPerBps * 4e6).toBeGreaterThan(0.5e6);
  expect(costs.memory.bytesPerViewer).toBeLessThan(20e6);
  expect(costs.decode?.snapshotMs).toBeGreaterThan(5);
  expect(rows).toHaveLength(16);
  expect(own.map(({ cameras }) => cameras)).toEqual([2, 2, 2, 2]);
  expect(most.every(({ cameras, viewersOfOne }) => cameras > 0 && viewersOfOne > 0)).toBe(true);
  expect(readdirSync(folder)).toEqual(['relay.yaml']);
}, 120_000);

/** Process ids of those whose command line names the folder: the measured relay's does. */
function relaysOfFolder(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

test('a signal ends it with everything that it began', async () => {
  const child = launch(['--quick']);
  const closed = once(child, 'close');
  let err = '';
  await new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      err += piece;
      if (err.includes('measuring: ')) resolve();
    });
  });
  expect(relaysOfFolder()).toHaveLength(1);
  child.kill('SIGTERM');
  await closed;
  expect(child.exitCode).toBe(143);
  await vi.waitFor(() => expect(relaysOfFolder()).toEqual([]), { timeout: 10_000 });
  expect(readdirSync(folder)).toEqual([]);
}, 60_000);

test('a configuration that is wrong is one clear sentence, before anything is measured', async () => {
  const config = join(folder, 'relay.yaml');
  writeFileSync(config, 'streams: { a: "rtspx://h/" }');
  const { out, err, status } = await capacity('--config', config);
  expect(status).toBe(1);
  expect(out).toBe('');
  expect(err).toContain('streams.a.url: unknown scheme "rtspx"');
  expect(readdirSync(folder)).toEqual(['relay.yaml']);
});
