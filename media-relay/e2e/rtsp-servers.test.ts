import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/media/clock.ts';
import type { Track } from '../src/media/track.ts';
import { rtspSource, type RtspSourceOptions } from '../src/sources/rtsp.ts';
import { SourceError, type ReceiveReport } from '../src/sources/source.ts';

// Two independent RTSP servers of Debian as cameras: gst-rtsp-server (Digest, Basic, TCP, UDP, TLS) and VLC (UDP only).

const gstServer = new URL('support/gst-rtsp-server.py', import.meta.url).pathname;
const nobody = 65_534;

let directory = '';
const children: ChildProcess[] = [];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sightline-cameras-'));
  // VLC runs as another user and reads its film here.
  chmodSync(directory, 0o755);
});
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
});

interface Unit {
  readonly kind: string;
  readonly ticks: number;
  readonly isKey: boolean;
  readonly isBroken: boolean;
  readonly nalTypes: readonly number[];
  readonly ageMs: number | undefined;
}

interface Outcome {
  readonly units: Unit[];
  readonly tracks: readonly Track[];
  readonly reports: ReceiveReport[];
  readonly error: SourceError | undefined;
}

/** Plays until `seconds` of video have come, by the camera's own clock. */
async function play(
  url: string,
  options: Partial<RtspSourceOptions> & { readonly seconds?: number } = {},
): Promise<Outcome> {
  const { seconds = 2.5, ...rest } = options;
  const source = rtspSource({ url, transport: 'tcp', clock: systemClock, ...rest });
  const abort = new AbortController();
  const units: Unit[] = [];
  const reports: ReceiveReport[] = [];
  let tracks: readonly Track[] = [];
  let firstTicks: number | undefined;
  try {
    await source.run(
      {
        tracks: (given) => void (tracks = given),
        accessUnit({ track, ticks, isKey, isBroken, data, unitEnds, captureMs }) {
          const starts = track.kind === 'video' ? [0, ...unitEnds.slice(0, -1)] : [];
          const nalTypes = starts.map((start) => (data[start] ?? 0) & 0x1f);
          const ageMs = captureMs === undefined ? undefined : systemClock() - captureMs;
          units.push({ kind: track.kind, ticks, isKey, isBroken, nalTypes, ageMs });
          if (track.kind !== 'video') return;
          firstTicks ??= ticks;
          if (ticks - firstTicks >= seconds * 90_000) abort.abort();
        },
        received: (report) => void reports.push(report),
      },
      AbortSignal.any([abort.signal, AbortSignal.timeout(15_000)]),
    );
    return { units, tracks, reports, error: undefined };
  } catch (error) {
    if (error instanceof SourceError) return { units, tracks, reports, error };
    throw error;
  }
}

function expectGoodVideo({ units, tracks, reports, error }: Outcome, transport: string): void {
  expect(error).toBeUndefined();
  const video = units.filter((unit) => unit.kind === 'video');
  expect(video.some((unit) => unit.isBroken)).toBe(false);
  const keys = video.filter((unit) => unit.isKey);
  expect(keys.length).toBeGreaterThanOrEqual(2);
  for (const key of keys)
    expect(key.nalTypes.filter((type) => type !== 6 && type !== 9).slice(0, 3)).toEqual([7, 8, 5]);
  expect(tracks[0]).toMatchObject({ codec: 'h264', h264: { width: 320, height: 240 } });
  const ticks = video.map((unit) => unit.ticks);
  expect(ticks.every((value, i) => i === 0 || value > (ticks[i - 1] ?? 0))).toBe(true);
  const seconds = ((ticks.at(-1) ?? 0) - (ticks[0] ?? 0)) / 90_000;
  expect((ticks.length - 1) / seconds).toBeGreaterThan(24);
  expect((ticks.length - 1) / seconds).toBeLessThan(26);
  expect(reports.every((report) => report.transport === transport && report.lost === 0)).toBe(true);
  expect(reports.at(-1)?.roundTripSeconds).toBeGreaterThan(0);
}

async function gstCamera(...options: string[]): Promise<number> {
  const child = spawn('/usr/bin/python3', [gstServer, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^READY (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error('gst-rtsp-server ended before it was ready');
}

describe('gst-rtsp-server', () => {
  it.each(['tcp', 'udp'] as const)('plays over %s with Digest', async (transport) => {
    const port = await gstCamera('--user', 'viewer', '--password', 'p w/1', '--audio');
    const outcome = await play(`rtsp://viewer:p%20w%2F1@127.0.0.1:${port}/live`, { transport });
    expectGoodVideo(outcome, transport);
    expect(outcome.tracks[1]).toMatchObject({ kind: 'audio', codec: 'pcma', clockRate: 8000 });
    // 20 ms each.
    expect(outcome.units.filter((unit) => unit.kind === 'audio').length).toBeGreaterThan(90);
    const wrong = await play(`rtsp://viewer:wrong@127.0.0.1:${port}/live`);
    expect(wrong.error).toMatchObject({ code: 'unauthorized' });
    expect(wrong.error?.message).not.toContain('wrong');
  });

  it('plays with Basic, and knows the path from the password', async () => {
    const port = await gstCamera('--user', 'viewer', '--password', 'geheim', '--auth', 'basic');
    expectGoodVideo(await play(`rtsp://viewer:geheim@127.0.0.1:${port}/live`), 'tcp');
    const elsewhere = await play(`rtsp://viewer:geheim@127.0.0.1:${port}/nowhere`);
    expect(elsewhere.error).toMatchObject({ code: 'not-found' });
    expect((await play(`rtsp://127.0.0.1:${port}/live`)).error).toMatchObject({ code: 'unauthorized' });
  });

  it('falls back to TCP when it refuses UDP', async () => {
    const port = await gstCamera('--protocols', 'tcp');
    expectGoodVideo(await play(`rtsp://127.0.0.1:${port}/live`, { transport: 'auto' }), 'tcp');
    expect((await play(`rtsp://127.0.0.1:${port}/live`, { transport: 'udp' })).error).toMatchObject({
      code: 'refused-by-peer',
    });
  });

  it('maps its sender reports to our clock', async () => {
    const port = await gstCamera();
    const { units } = await play(`rtsp://127.0.0.1:${port}/live`, { seconds: 8 });
    const ages = units.flatMap((unit) => (unit.ageMs === undefined ? [] : [unit.ageMs]));
    expect(ages.length).toBeGreaterThan(20);
    for (const age of ages) expect(Math.abs(age)).toBeLessThan(2000);
  });

  it('plays over TLS with a pinned certificate only', async () => {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', [...request, '-subj', '/CN=camera', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    const both = join(directory, 'both.pem');
    writeFileSync(both, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
    const port = await gstCamera('--tls-pem', both);
    const url = `rtsps://127.0.0.1:${port}/live`;
    const tlsFingerprint = new X509Certificate(readFileSync(cert)).fingerprint256;
    expectGoodVideo(await play(url, { tlsFingerprint }), 'tcp');
    expect((await play(url)).error).toMatchObject({ code: 'tls' });
  });
});

describe('VLC', () => {
  let port = 0;
  beforeAll(async () => {
    const film = join(directory, 'film.ts');
    const encode =
      '-c:v libx264 -preset veryfast -profile:v high -g 25 -bf 0 -pix_fmt yuv420p -f mpegts'.split(' ');
    execFileSync('ffmpeg', [
      '-loglevel',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=320x240:r=25:d=40',
      ...encode,
      film,
    ]);
    port = await freePort();
    const sout = `#rtp{sdp=rtsp://127.0.0.1:${port}/live}`;
    const vlc = ['-I', 'dummy', '--no-dbus', '--quiet', '--play-and-exit', film, '--sout', sout];
    // It refuses to run as root.
    const isRoot = process.getuid?.() === 0;
    const child = spawn('cvlc', vlc, {
      stdio: 'ignore',
      env: { ...process.env, HOME: isRoot ? '/nonexistent' : process.env['HOME'] },
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    });
    children.push(child);
    await untilDescribed(port, child);
  });

  it('plays over UDP, chosen automatically', async () => {
    const outcome = await play(`rtsp://127.0.0.1:${port}/live`, { transport: 'auto' });
    expectGoodVideo(outcome, 'udp');
    expect(outcome.tracks[0]).toMatchObject({ h264: { profileName: 'High' } });
  });

  it('says clearly that it takes no TCP', async () => {
    const { error } = await play(`rtsp://127.0.0.1:${port}/live`, { transport: 'tcp' });
    expect(error).toMatchObject({
      code: 'refused-by-peer',
      message: expect.stringContaining('refuses TCP (461'),
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** VLC listens before its film is open, and answers 500 until then: ready is when it describes it. */
async function untilDescribed(port: number, child: ChildProcess): Promise<void> {
  const request = `DESCRIBE rtsp://127.0.0.1:${port}/live RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`;
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const answer = await new Promise<string>((resolve) => {
      socket.once('connect', () => socket.write(request));
      socket.once('data', (data) => resolve(data.toString('latin1')));
      socket.once('error', () => resolve(''));
      socket.once('close', () => resolve(''));
    });
    socket.destroy();
    if (answer.startsWith('RTSP/1.0 200')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('VLC ended before it had its film');
}
