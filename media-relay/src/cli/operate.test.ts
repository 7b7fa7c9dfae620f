/** The commands for whoever operates a running relay, with a real one. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
let folder: string;
let config: string;
let relay: ChildProcess;
let relayLog = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-operate-'));
  config = join(folder, 'relay.yaml');
  const port = await freePort();
  await writeFile(
    config,
    JSON.stringify({
      http: { port },
      media: { port: 0, addresses: ['127.0.0.1'] },
      stateDir: 'state',
      log: { format: 'json', file: { path: 'logs/relay.log' } },
      streams: {
        lobby: 'demo:?width=160&height=120&fps=10&gop=10',
        gate: 'rtsp://viewer:hunter22@127.0.0.1:9/live',
      },
    }),
  );
  relay = spawn(process.execPath, [main, 'start', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    relay.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      relayLog += piece;
      if (relayLog.includes('"relay started"') && relayLog.includes('stream-up')) resolve();
    });
    relay.once('exit', () => reject(new Error(`The relay ended:\n${relayLog}`)));
  });
  // A share of time needs two moments.
  await vi.waitFor(
    async () => {
      const response = await fetch(`http://127.0.0.1:${port}/api/monitoring/system`);
      expect(await response.text()).toContain('sightline_cpu_utilisation_ratio');
    },
    { timeout: 15_000, interval: 100 },
  );
}, 40_000);

afterAll(async () => {
  relay.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Run {
  readonly status: unknown;
  readonly out: string;
  readonly err: string;
}

/** `keys` are typed once `until` is on the screen. */
async function run(command: string, args: readonly string[], until = /$^/, keys = ''): Promise<Run> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TERM: 'xterm' },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const before = out;
    out += piece;
    if (until.test(out) && !until.test(before)) child.stdin.write(keys);
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (err += piece));
  const [status] = (await once(child, 'close')) as unknown[];
  return { status, out, err };
}

const sightline = (...args: string[]): Promise<Run> => run(process.execPath, [main, ...args]);

test('top prints once where there is no terminal', async () => {
  const { status, out, err } = await sightline('top', '--config', config);
  expect(err).toBe('');
  expect(status).toBe(0);
  expect(out).toMatch(/^Sightline .* of 2 streams live {2}0 viewers/m);
  expect(out).toMatch(/^Live +lobby +0 +\d+ +\S+ [kM]bit\/s +\d+ s$/m);
  expect(out).toMatch(/^Offline +gate .*refused the connection/m);
  expect(out).toMatch(/^CPU .*%/m);
  expect(out).not.toContain('\u001b');
  expect(out).not.toContain('hunter22');
});

test('top on a terminal stays until q, and leaves the terminal as it was', async () => {
  const command = [process.execPath, main, 'top', '--config', config].join(' ');
  const { status, out } = await run('script', ['-qefc', command, '/dev/null'], /q quits/, 'q');
  expect(status).toBe(0);
  expect(out).toContain('\u001b[?1049h');
  expect(out).toMatch(/lobby/);
  expect(out.trimEnd().endsWith('\u001b[?1049l')).toBe(true);
});

test('top says when no relay runs', async () => {
  const other = join(folder, 'other.yaml');
  await writeFile(other, JSON.stringify({ http: { port: await freePort() }, stateDir: 'state' }));
  const { status, out, err } = await sightline('top', '--config', other);
  expect([status, out]).toEqual([1, '']);
  expect(err).toMatch(/^No relay answers at http:\/\/127\.0\.0\.1:\d+ .*is it running/);
});

test('top says when there is no token yet', async () => {
  const other = join(folder, 'fresh.yaml');
  await writeFile(other, JSON.stringify({ stateDir: 'nothing' }));
  const { status, err } = await sightline('top', '--config', other);
  expect(status).toBe(1);
  expect(err).toMatch(/nothing\/tokens\.json cannot be read \(ENOENT\): run this as the user of the relay/);
});

test('report --day tells what the events say, and changes none of them', async () => {
  const file = join(folder, 'state', 'events.jsonl');
  await expect
    .poll(() => readFile(file, 'utf8').catch(() => ''), { timeout: 10_000 })
    .toContain('stream-down');
  const { status, out, err } = await sightline('report', '--day', '--config', config);
  expect([status, err]).toEqual([0, '']);
  expect(out).toMatch(/^relay starts +1$/m);
  expect(out).toMatch(/^gate +0 +1 .*down now$/m);
  expect(out).toMatch(/^Events are kept from .* on only: this covers \d+ s/m);
  expect(out).toMatch(/^ +1 {2}127\.0\.0\.1:9 refused the connection/m);
});

test('the log file has what standard output has, to the last line, for its owner alone', async () => {
  const ended = once(relay, 'close');
  relay.kill('SIGTERM');
  await ended;
  const path = join(folder, 'logs', 'relay.log');
  expect(await readFile(path, 'utf8')).toBe(relayLog);
  expect(relayLog).toContain('"relay stopped"');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
}, 20_000);

test('a log file that cannot be written is one clear sentence', async () => {
  const other = join(folder, 'nolog.yaml');
  await writeFile(
    other,
    JSON.stringify({ stateDir: 'state', log: { file: { path: '/dev/null/logs/relay.log' } } }),
  );
  const { status, err } = await sightline('start', '--config', other);
  expect(status).toBe(1);
  expect(err).toMatch(
    /^The log cannot be written to \/dev\/null\/logs\/relay\.log \(E\w+\); make it writable/,
  );
});
