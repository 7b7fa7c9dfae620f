import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
let folder: string;
const running: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-cli-'));
});

afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

function launch(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], SIGHTLINE_STATE_DIR: join(folder, 'state'), ...environment },
  });
  running.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const ended = once(child, 'close').then(([status]: unknown[]) => ({ status, out, err }));
  return { child, ended };
}

function run(...args: string[]) {
  return launch(args).ended;
}

test('check-config says what a file does', async () => {
  const file = join(folder, 'relay.yaml');
  await writeFile(
    file,
    'streams: { lobby: "rtsp://u:hunter22@h/", gate: { url: "rtsp://h/", onDemand: true } }',
  );
  const { status, out, err } = await run('check-config', file);
  expect(err).toBe('');
  expect(out).toContain(`${file}: ok\n`);
  expect(out).toContain('streams   2, 1 of them on demand: lobby, gate\n');
  expect(out).not.toContain('hunter22');
  expect(status).toBe(0);
});

test('check-config says what is wrong, where, and what to do', async () => {
  const file = join(folder, 'relay.yaml');
  await writeFile(file, 'streams:\n  gate:\n    url: rtspx://u:hunter22@h/\n');
  const { status, out, err } = await run('check-config', file);
  expect(out).toBe('');
  expect(err).toBe(
    `${file}:3:10 streams.gate.url: unknown scheme "rtspx"; did you mean rtsp? use rtsp, rtsps or demo\n`,
  );
  expect(status).toBe(1);
});

test('check-config reads the TLS files, too', async () => {
  const file = join(folder, 'relay.yaml');
  await writeFile(file, 'http: { tls: { cert: none.pem, key: none.pem } }');
  const { status, err } = await run('check-config', file);
  expect(err).toMatch(/^TLS: cannot read .*none\.pem: ENOENT[^\n]*\n$/);
  expect(status).toBe(1);
});

test('tokens are made once and shown', async () => {
  const first = await run('tokens');
  const second = await run('tokens');
  expect(first.status).toBe(0);
  expect(first.out).toMatch(/^admin +\S{43} /m);
  expect(first.out).toMatch(/^grafana +\S{43} /m);
  expect(first.out).toMatch(/^prometheus +\S{43} /m);
  expect(second.out).toBe(first.out);
});

test('a wrong command line says how it is used', async () => {
  const { status, err } = await run('strat');
  expect(err).toContain('There is no command "strat"; did you mean start?');
  expect(err).toContain('sightline check-config FILE');
  expect(status).toBe(2);
});

test('a file that is not there is one clear sentence', async () => {
  const { status, err } = await run('start', '--config', '/nowhere/relay.yaml');
  expect(err).toBe('/nowhere/relay.yaml: does not exist; check the path and the permissions\n');
  expect(status).toBe(1);
});

test('--version', async () => {
  const { out } = await run('--version');
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

interface LogLine {
  readonly msg: string;
  readonly url?: string;
  readonly addedStreams?: readonly string[];
}

/** Resolves with the first line whose message fits. */
function lineOf(child: ChildProcess, message: RegExp): Promise<LogLine> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('no output');
    const lines = createInterface(child.stdout);
    lines.on('line', (text) => {
      const line = JSON.parse(text) as LogLine;
      if (message.test(line.msg)) resolve(line);
    });
    child.once('close', () => reject(new Error(`ended before ${message}`)));
  });
}

const anyPort = {
  SIGHTLINE_HTTP_PORT: '0',
  SIGHTLINE_MEDIA_PORT: '0',
  SIGHTLINE_MEDIA_ADDRESSES: '127.0.0.1',
};

test('the relay starts, serves, takes a new configuration over and stops', async () => {
  const file = join(folder, 'relay.yaml');
  await writeFile(file, 'streams: { a: "demo:?width=160&height=120&fps=5" }');
  const { child, ended } = launch(['start'], { ...anyPort, SIGHTLINE_CONFIG: file });
  const { url } = await lineOf(child, /^relay started$/);
  expect(url).toMatch(/^http:\/\/localhost:\d+\/$/);
  const streams = async (): Promise<string[]> => {
    const response = await fetch(new URL('api/v1/streams', url));
    const body = (await response.json()) as { streams: { name: string }[] };
    return body.streams.map(({ name }) => name);
  };
  expect(await streams()).toEqual(['a']);
  expect((await fetch(new URL('/', url))).status).toBe(200);

  const changed = lineOf(child, /^configuration changed$/);
  await writeFile(
    file,
    'streams: { a: "demo:?width=160&height=120&fps=5", b: "demo:?width=160&height=120&fps=5" }',
  );
  child.kill('SIGHUP');
  expect(await changed).toMatchObject({ addedStreams: ['b'], changedStreams: [] });
  expect(await streams()).toEqual(['a', 'b']);

  child.kill('SIGTERM');
  child.kill('SIGTERM');
  const { status, out } = await ended;
  expect(out.trim().split('\n').at(-1)).toContain('relay stopped');
  expect(status).toBe(0);
  const events = await readFile(join(folder, 'state', 'events.jsonl'), 'utf8');
  expect(events).toContain('"relay-start"');
  expect(events).toContain('"relay-stop"');
}, 60_000);

test('a SIGHUP that comes while the relay starts is followed once it runs', async () => {
  const state = join(folder, 'state');
  await mkdir(state, { mode: 0o700 });
  const watcher = watch(state);
  const begun = once(watcher, 'change');
  const { child, ended } = launch(['start'], anyPort);
  const read = lineOf(child, /^configuration read again/);
  // The tokens are there, the media threads are not.
  await Promise.race([begun, ended]);
  watcher.close();
  child.kill('SIGHUP');
  expect(await read).toMatchObject({ cause: 'signal' });
  child.kill('SIGTERM');
  expect((await ended).status).toBe(0);
}, 60_000);

test('a SIGHUP that comes before the relay is even loaded does not end it', async () => {
  const hangUp = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(specifier, context, next) {
      if (specifier === './cli/start.ts') process.kill(process.pid, 'SIGHUP');
      return next(specifier, context);
    } });`;
  const preload = `--import=data:text/javascript,${encodeURIComponent(hangUp)}`;
  const { child, ended } = launch(['start'], { ...anyPort, NODE_OPTIONS: preload });
  expect(await lineOf(child, /^configuration read again/)).toMatchObject({ cause: 'signal' });
  child.kill('SIGTERM');
  expect((await ended).status).toBe(0);
}, 60_000);

test('a token of the first start that is configured again is one clear sentence', async () => {
  const secret = /^admin +(\S+)/m.exec((await run('tokens')).out)?.[1];
  const file = join(folder, 'relay.yaml');
  await writeFile(file, `tokens: [{ name: mine, token: "${secret}", permissions: [view] }]`);
  const { status, err } = await launch(['start', '--config', file], anyPort).ended;
  expect(err).toBe('tokens "admin" and "mine" are the same; give each a token of its own.\n');
  expect(status).toBe(1);
});

test('a port in use is one clear sentence', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    const { status, err } = await launch(['start'], { ...anyPort, SIGHTLINE_HTTP_PORT: String(port) }).ended;
    expect(err).toBe(
      `Port ${port} on 127.0.0.1 is in use; is another relay running? ` +
        'Stop it, or choose another port with http.port or SIGHTLINE_HTTP_PORT.\n',
    );
    expect(status).toBe(1);
  } finally {
    other.close();
  }
});

test('a media port in use is one clear sentence, with what takes it', async () => {
  const other = createSocket('udp4');
  other.bind(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address();
  const file = join(folder, 'relay.yaml');
  await writeFile(file, `{ media: { port: ${port}, addresses: [127.0.0.1] }, engine: { threads: 2 } }`);
  try {
    const { status, err } = await launch(['start', '--config', file], { SIGHTLINE_HTTP_PORT: '0' }).ended;
    expect(err).toMatch(
      new RegExp(
        `^The media engine cannot start: bind 127\\.0\\.0\\.1 port ${port}: .*\\(address in use\\)\\. ` +
          'Free it, or choose another with media\\.port or SIGHTLINE_MEDIA_PORT; ' +
          `2 engine\\.threads take ${port} to ${port + 1}, one each\\.\n$`,
      ),
    );
    expect(status).toBe(1);
  } finally {
    other.close();
  }
});
