/**
 * npm run containers:check, as root: builds the images of relay and exporter and runs them as docker-compose.yml says, with Debian's podman,
 * buildah and runc, for hosts without Docker; chromium watches. Where node:24-slim is neither there nor to be pulled, an image of
 * that name is made (base-image.ts). Everything lives in one folder, which is gone afterwards.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freePort } from '../../media-relay/e2e/support/free-port.ts';
import { baseImage, makeBaseImage } from './base-image.ts';
import type { RunOptions } from './podman-run.ts';
import { podmanRunArguments } from './podman-run.ts';
import { Podman } from './podman.ts';
import { watch } from './watch.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const project = 'sightline-check';
let failures = 0;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function check(what: string, isGood: boolean, found: unknown): void {
  if (!isGood) failures++;
  say(`${isGood ? 'ok  ' : 'FAIL'} ${what}: ${String(found)}`);
}

async function main(folder: string): Promise<void> {
  const containers = new Podman(folder);
  const backups = join(folder, 'backups');
  mkdirSync(backups);
  const variables = { SIGHTLINE_BACKUP_FOLDER: backups };
  const run = (
    service: string,
    flags: readonly string[],
    changes: Pick<RunOptions, 'ports' | 'command'> = {},
  ): string =>
    containers.podman(
      'run',
      ...flags,
      ...podmanRunArguments(compose, service, { root, project, variables, ...changes }),
    );

  buildImages(containers, folder);
  try {
    // Once more changes nothing.
    const said = run('init', ['--rm']);
    run('init', ['--rm']);
    check(
      'init says where the secrets are',
      said.includes('grafana-admin-password'),
      `${said.split('\n').length} lines`,
    );

    const [http, media] = [await freePort(), await freePort()];
    // The port inside is the one that is announced, so it is the one outside.
    const ports = [`127.0.0.1:${http}:8640`, `${media}:${media}/udp`, `${media}:${media}/tcp`];
    run('relay', ['--detach', '--name', 'relay', '--env', `SIGHTLINE_MEDIA_PORT=${media}`], { ports });
    run('exporter', ['--detach', '--name', 'exporter']);
    const relay = new URL(`http://127.0.0.1:${http}/`);
    await checkRelay(containers, relay);
    await checkExporter(containers);
    const backup = (...args: readonly string[]): string => run('backup', ['--rm'], { command: args });
    const saved = backup().replace(/^saved (.*) as .*$/, '$1');
    check('backup', saved === 'relay, grafana-secrets, prometheus-secrets, exporter-secrets', saved);
    const tokens = containers.podman('exec', 'relay', 'cat', '/var/lib/sightline/tokens.json');
    checkStop(containers);
    checkRestore(containers, backup, backups, tokens);
  } finally {
    containers.podman('rm', '--all', '--force', '--time', '2');
  }
}

function buildImages(containers: Podman, folder: string): void {
  try {
    containers.podman('pull', '--quiet', baseImage);
  } catch {
    say(`${baseImage} cannot be pulled: an image of that name is made of Debian and this Node`);
    makeBaseImage(containers, folder);
  }
  containers.build('media-relay/Dockerfile', 'sightline/relay:0.1.0', root);
  containers.build('exporter/Dockerfile', 'sightline/exporter:0.1.0', root);
  for (const name of ['relay', 'exporter']) {
    const [size] = containers
      .podman('images', '--format', '{{.Size}}', `sightline/${name}:0.1.0`)
      .split('\n');
    say(`     image sightline/${name}: ${size}, of which the base is part`);
  }
}

async function checkRelay(containers: Podman, relay: URL): Promise<void> {
  const inside = (...command: readonly string[]): string => containers.podman('exec', 'relay', ...command);
  const health = await until(
    async () => (await fetch(new URL('health', relay))).json(),
    (body) => statusOf(body) === 'ok',
  );
  check('relay /health', statusOf(health) === 'ok', JSON.stringify(health));
  check(
    'its health check',
    succeeds(() => containers.podman('healthcheck', 'run', 'relay')),
    'as in the image',
  );
  check('its user', inside('id', '-u') === '1000', inside('id', '-u'));
  check('its root is read-only', !succeeds(() => inside('touch', '/app/x')), 'touch /app/x fails');
  const facts = containers.podman(
    'inspect',
    '--format',
    '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}}',
    'relay',
  );
  check('its limits', facts === '1073741824 1073741824 256', facts);

  check(
    'without a token nobody watches',
    (await fetch(new URL('api/v1/streams', relay))).status === 403,
    403,
  );
  const token = /^grafana +(\S+)/m.exec(inside('node', 'media-relay/src/main.ts', 'tokens'))?.[1] ?? '';
  const headers = { Authorization: `Bearer ${token}` };
  const streams = await until(
    async () => (await fetch(new URL('api/v1/streams', relay), { headers })).text(),
    (text) => text.match(/"state":"live"/g)?.length === 2,
  );
  check('demo streams live', streams.includes('"state":"live"'), streams.match(/"state":"\w+"/g)?.join(' '));
  const picture = await fetch(new URL('api/v1/streams/demo-1/snapshot.jpg', relay), { headers });
  check('snapshot by ffmpeg', picture.status === 200, `${(await picture.arrayBuffer()).byteLength} bytes`);
  const watched = await watch(relay, 'demo-1', token);
  check(
    'a browser on the host watches',
    watched.status === 201 && watched.framesDecoded >= 30,
    JSON.stringify(watched),
  );
}

async function checkExporter(containers: Podman): Promise<void> {
  const program =
    "const token = require('fs').readFileSync('/var/lib/sightline-secrets/prometheus-token', 'utf8').trim();" +
    "fetch('http://127.0.0.1:8642/metrics', { headers: { 'X-Sightline-Token': token } }).then(async (answer) => console.log(await answer.text()))";
  const metrics = await until(
    () => containers.podman('exec', 'exporter', 'node', '-e', program),
    (text) => text.includes('sightline_storage_size_bytes'),
  );
  const own = (pattern: RegExp): string[] => [...metrics.matchAll(pattern)].map((match) => match[1] ?? '');
  check(
    'exporter: memory of the host',
    own(/^sightline_host_memory_total_bytes (\S+)/gm)[0] === String(totalmem()),
    totalmem(),
  );
  const devices = own(/^sightline_host_network_receive_bytes_total\{device="([^"]+)"/gm);
  const hosts = readFileSync('/proc/net/dev', 'utf8');
  check(
    'exporter: network of the host',
    devices.length > 0 && devices.every((name) => hosts.includes(`${name}:`)),
    devices.join(' '),
  );
  const volumes = own(/^sightline_storage_size_bytes\{volume="([^"]+)"/gm);
  check('exporter: file systems of the host', volumes.includes('/'), volumes.join(' '));
  check(
    'exporter: its health check',
    succeeds(() => containers.podman('healthcheck', 'run', 'exporter')),
    'as in the image',
  );
}

/** Onto a host that has nothing yet. */
function checkRestore(
  containers: Podman,
  backup: (...args: readonly string[]) => string,
  folder: string,
  tokens: string,
): void {
  containers.podman('rm', 'relay');
  containers.podman('volume', 'rm', `${project}_relay-state`);
  const [name = ''] = readdirSync(folder);
  backup('restore', name);
  const mountpoint = containers.podman(
    'volume',
    'inspect',
    '--format',
    '{{.Mountpoint}}',
    `${project}_relay-state`,
  );
  const restored = readFileSync(join(mountpoint, 'tokens.json'), 'utf8').trim();
  const { uid, mode } = statSync(join(mountpoint, 'tokens.json'));
  const owner = statSync(mountpoint).uid;
  const facts = `owner ${uid}, mode ${(mode & 0o777).toString(8)}, folder of ${owner}`;
  check('restore', restored === tokens && facts === 'owner 1000, mode 600, folder of 1000', facts);
}

function checkStop(containers: Podman): void {
  for (const name of ['relay', 'exporter']) {
    const begin = performance.now();
    containers.podman('stop', '--time', '10', name);
    const seconds = (performance.now() - begin) / 1000;
    const code = containers.podman('inspect', '--format', '{{.State.ExitCode}}', name);
    check(
      `${name} ends by SIGTERM`,
      code === '0' && seconds < 10,
      `${seconds.toFixed(1)} s, exit code ${code}`,
    );
  }
}

function statusOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'status' in body ? body.status : undefined;
}

/** Asks until the answer is good, at most 30 s; then the last answer. */
async function until<T>(ask: () => T | Promise<T>, isGood: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + 30_000;
  let last: T | undefined;
  let problem: unknown;
  while (performance.now() < end) {
    try {
      last = await ask();
      if (isGood(last)) return last;
    } catch (error) {
      // It does not listen yet.
      problem = error;
    }
    await sleep(500);
  }
  if (last === undefined) throw problem;
  return last;
}

function succeeds(action: () => unknown): boolean {
  return failure(action) === '';
}

function failure(action: () => unknown): string {
  try {
    action();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sightline-containers-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
say(failures === 0 ? 'All is well.' : `${failures} checks failed.`);
process.exitCode = failures === 0 ? 0 : 1;
