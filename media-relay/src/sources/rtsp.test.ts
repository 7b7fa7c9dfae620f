import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../media/clock.ts';
import type { Track } from '../media/track.ts';
import { rtpPacket } from '../rtp/fixtures/payloads.ts';
import {
  fakeCamera,
  interleaved,
  large,
  pictureMaker,
  sendUdp,
  videoSdp,
  type FakeCamera,
  type PictureOptions,
  type Script,
} from '../rtsp/fake-camera.ts';
import { rtspSource, type RtspSourceOptions } from './rtsp.ts';
import { SourceError, type ReceiveReport, type Source } from './source.ts';

const password = 'g\u00e9heim/9';
const userInfo = 'admin:g%C3%A9heim%2F9@';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function camera(script?: Script, options?: Parameters<typeof fakeCamera>[1]): Promise<FakeCamera> {
  const made = await fakeCamera(script, options);
  cleanUps.push(() => made.close());
  return made;
}

interface Outcome {
  readonly error: SourceError | undefined;
  readonly units: { readonly isKey: boolean; readonly isBroken: boolean; readonly bytes: number }[];
  readonly tracks: (readonly Track[])[];
  readonly reports: ReceiveReport[];
  readonly logs: string[];
}

type Options = Partial<RtspSourceOptions> & { readonly stopAfter?: number };

/** One run, aborted after `stopAfter` access units (or never). */
async function run(source: string | Source, { stopAfter, ...options }: Options = {}): Promise<Outcome> {
  const outcome = { units: [], tracks: [], reports: [], logs: [] } as Omit<Outcome, 'error'>;
  const made =
    typeof source === 'string'
      ? make(source, { ...options, log: (_, message) => outcome.logs.push(message) })
      : source;
  const abort = new AbortController();
  const sink = {
    tracks: (tracks: readonly Track[]) => void outcome.tracks.push(tracks),
    accessUnit({ isKey, isBroken, data }: { isKey: boolean; isBroken: boolean; data: Uint8Array }) {
      expect(outcome.tracks.length).toBeGreaterThan(0);
      outcome.units.push({ isKey, isBroken, bytes: data.length });
      if (outcome.units.length === stopAfter) abort.abort();
    },
    received: (report: ReceiveReport) => void outcome.reports.push(report),
  };
  try {
    await made.run(sink, abort.signal);
    return { ...outcome, error: undefined };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    for (const text of [error.message, String(error.cause), made.label, ...outcome.logs]) {
      expect(text).not.toMatch(/g\u00e9heim|g%C3%A9heim|geheim/);
    }
    return { ...outcome, error };
  }
}

function make(url: string, options: Partial<RtspSourceOptions> = {}): Source {
  return rtspSource({ url, transport: 'tcp', clock: systemClock, random: () => 0.5, ...options });
}

describe('a camera over TCP', () => {
  it('plays, reports, and says goodbye when aborted', async () => {
    const cam = await camera();
    const { error, units, tracks, reports } = await run(`rtsp://127.0.0.1:${cam.port}/live`, {
      stopAfter: 3,
    });
    expect(error).toBeUndefined();
    expect(units.map((unit) => unit.isKey)).toEqual([true, false, false]);
    expect(units.some((unit) => unit.isBroken)).toBe(false);
    expect(tracks[0]).toMatchObject([{ codec: 'h264' }]);
    expect(tracks.at(-1)).toMatchObject([{ h264: { width: 320, height: 240 } }]);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ packets: 5, lost: 0, broken: 0, transport: 'tcp' });
    expect(reports[0]?.roundTripSeconds).toBeGreaterThanOrEqual(0);
    await expect
      .poll(() => cam.requests.map((request) => request.method))
      .toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    await expect.poll(() => cam.openLinks()).toBe(0);
  });

  it('takes pictures that come before the answer to PLAY', async () => {
    const cam = await camera((request, link) => {
      if (request.method !== 'PLAY') return false;
      link.picture();
      link.picture({ isKey: false });
      link.reply(request, 200);
      return true;
    });
    const { error, units } = await run(`rtsp://127.0.0.1:${cam.port}/`, { stopAfter: 2 });
    expect(error).toBeUndefined();
    expect(units).toHaveLength(2);
  });

  it('ends with the camera, in the middle of a frame too, and counts what came', async () => {
    const cam = await camera((request, link) => {
      if (request.method !== 'PLAY') return false;
      link.reply(request, 200);
      link.picture();
      // The next one completes it: what the marker means to this camera is not known yet.
      link.picture({ isKey: false });
      link.write(Buffer.from([0x24, 0, 1, 0, 1, 2, 3]));
      link.hangUp();
      return true;
    });
    const { error, units, reports } = await run(`rtsp://127.0.0.1:${cam.port}/`);
    expect(error).toMatchObject({ code: 'ended', message: `127.0.0.1:${cam.port} closed the connection` });
    expect(units).toHaveLength(2);
    expect(reports.at(-1)).toMatchObject({ packets: 4 });
  });

  it('plays what the camera was reconfigured to when it connects again', async () => {
    const cam = await camera((request, link) => {
      if (request.method !== 'PLAY') return false;
      link.reply(request, 200);
      link.picture(link.index === 0 ? {} : { parameterSets: large });
      link.picture({ isKey: false });
      link.hangUp();
      return true;
    });
    const source = make(`rtsp://127.0.0.1:${cam.port}/`);
    const sizes = [await run(source), await run(source)].map(({ tracks }) => tracks.at(-1)?.[0]);
    expect(sizes).toMatchObject([{ h264: { width: 320 } }, { h264: { width: 640 } }]);
    const hevc = await camera((request, link) => {
      if (request.method !== 'DESCRIBE') return false;
      link.reply(request, 200, [], videoSdp.replace('H264', 'H265'));
      return true;
    });
    const { error } = await run(`rtsp://127.0.0.1:${hevc.port}/`);
    expect(error).toMatchObject({ code: 'unsupported-codec' });
  });

  it('leaves out the other formats of a media section', async () => {
    const cam = await camera((request, link) => {
      if (request.method === 'DESCRIBE') {
        link.reply(request, 200, [], videoSdp.replace('AVP 96', 'AVP 96 97'));
        return true;
      }
      if (request.method !== 'PLAY') return false;
      link.reply(request, 200);
      link.picture();
      const [other = new Uint8Array(12)] = pictureMaker()();
      other[1] = 97;
      link.write(interleaved(0, other));
      link.picture({ isKey: false });
      return true;
    });
    const { units, reports } = await run(`rtsp://127.0.0.1:${cam.port}/`, { stopAfter: 2 });
    expect(units).toHaveLength(2);
    expect(reports[0]?.packets).toBe(4);
  });

  it('sends receiver reports on the RTCP channel', async () => {
    let nowMs = 1_700_000_000_000;
    const cam = await camera();
    const abort = new AbortController();
    const source = make(`rtsp://127.0.0.1:${cam.port}/`, { clock: () => nowMs });
    const done = source.run(
      { tracks: () => undefined, accessUnit: () => void (nowMs += 3000), received: () => undefined },
      abort.signal,
    );
    await expect.poll(() => cam.frames.length).toBeGreaterThan(0);
    expect(cam.frames[0]).toMatchObject({ channel: 1 });
    expect(cam.frames[0]?.bytes[1]).toBe(201);
    abort.abort();
    await done;
  });
});

describe('cameras that lie', () => {
  const lie =
    (method: string, answer: (link: Parameters<Script>[1], request: Parameters<Script>[0]) => void): Script =>
    (request, link) => {
      if (request.method !== method) return false;
      answer(link, request);
      return true;
    };

  it.each<[string, Script, string, string]>([
    [
      'a bad length',
      lie('DESCRIBE', (link) => link.write('RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 9e9\r\n\r\n')),
      'protocol',
      'Content-Length',
    ],
    [
      'a length of a gigabyte',
      lie('DESCRIBE', (link) =>
        link.write('RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 1000000000\r\n\r\n'),
      ),
      'protocol',
      'exceeds',
    ],
    [
      'endless headers',
      lie('DESCRIBE', (link) => link.write(`RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`)),
      'protocol',
      'header block exceeds',
    ],
    [
      'a wrong CSeq',
      lie('DESCRIBE', (link) => link.write('RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n')),
      'protocol',
      'CSeq "77"',
    ],
    [
      'garbage between frames',
      lie('PLAY', (link, request) => {
        link.reply(request, 200);
        link.picture();
        link.write(Buffer.from([0, 0, 0, 1]));
      }),
      'protocol',
      'byte 0x00',
    ],
    [
      'a web server',
      lie('OPTIONS', (link) => link.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'protocol',
      'HTTP/1.1 400',
    ],
    [
      'a session description that is none',
      lie('DESCRIBE', (link, request) => link.reply(request, 200, [], 'm=video\r\n')),
      'protocol',
      'media line',
    ],
    [
      'a 401 loop',
      (request, link) => {
        link.reply(request, 401, [`WWW-Authenticate: Digest realm="r", nonce="${Math.random()}"`]);
        return true;
      },
      'unauthorized',
      'refuses the user or the password',
    ],
    [
      'a redirection loop',
      lie('DESCRIBE', (link, request) => link.reply(request, 302, ['Location: /again'])),
      'refused-by-peer',
      'more than 5 times',
    ],
    [
      'a redirection out of RTSP',
      lie('DESCRIBE', (link, request) => link.reply(request, 302, ['Location: http://x/'])),
      'refused-by-peer',
      'not an RTSP address',
    ],
    [
      'no such path',
      lie('DESCRIBE', (link, request) => link.reply(request, 404)),
      'not-found',
      'check the path',
    ],
    [
      'an echo of the secrets',
      lie('DESCRIBE', (link, request) =>
        link.write(`RTSP/1.0 500 g\u00e9heim/9 ${userInfo}\r\nCSeq: ${request.headers.get('cseq')}\r\n\r\n`),
      ),
      'refused-by-peer',
      '***',
    ],
    ['hanging up at once', lie('OPTIONS', (link) => link.hangUp()), 'ended', 'closed the connection'],
  ])('%s', async (_, script, code, message) => {
    const cam = await camera(script);
    const { error } = await run(`rtsp://${userInfo}127.0.0.1:${cam.port}/`);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    await expect.poll(() => cam.openLinks()).toBe(0);
  });

  it('do not make the relay repeat a password without end', async () => {
    const cam = await camera((request, link) => {
      link.reply(request, 401, ['WWW-Authenticate: Basic realm="r"']);
      return true;
    });
    await run(`rtsp://${userInfo}127.0.0.1:${cam.port}/`);
    expect(cam.requests.filter((request) => request.authorization !== undefined)).toHaveLength(1);
  });
});

describe('credentials', () => {
  const guarded: Script = (request, link) => {
    if (request.method === 'OPTIONS' || request.headers.get('authorization') !== undefined) return false;
    link.reply(request, 401, ['WWW-Authenticate: Basic realm="r"']);
    return true;
  };

  it('are percent-decoded', async () => {
    const cam = await camera(guarded);
    const { error } = await run(`rtsp://${userInfo}127.0.0.1:${cam.port}/`, { stopAfter: 1 });
    expect(error).toBeUndefined();
    const expected = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    expect(cam.requests.at(1)?.authorization).toBeUndefined();
    expect(cam.requests.at(2)?.authorization).toBe(expected);
    expect(cam.requests.every((request) => !request.url.includes('heim'))).toBe(true);
  });

  it.each([
    ['go along to the same host', '127.0.0.1', undefined],
    ['stay at home when another host is named', 'localhost', 'unauthorized'],
  ])('%s', async (_, host, code) => {
    const other = await camera(guarded);
    const cam = await camera((request, link) => {
      if (request.method !== 'DESCRIBE') return false;
      link.reply(request, 301, [`Location: rtsp://${host}:${other.port}/moved`]);
      return true;
    });
    const { error, logs } = await run(`rtsp://${userInfo}127.0.0.1:${cam.port}/`, { stopAfter: 1 });
    expect(error?.code).toBe(code);
    expect(logs).toEqual([expect.stringContaining(`redirects to rtsp://${host}:${other.port}/moved`)]);
    expect(other.requests.some((request) => request.authorization !== undefined)).toBe(code === undefined);
  });

  it('are not in the label', () => {
    expect(make(`rtsp://${userInfo}cam.local/live?password=geheim`).label).toBe(
      'rtsp://cam.local/live?password=***',
    );
    expect(() => make('rtsp://admin:geheim#@cam/')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('geheim') }),
    );
  });
});

describe('a camera that cannot be reached', () => {
  it('refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { error } = await run(`rtsp://${userInfo}127.0.0.1:${port}/`);
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`127.0.0.1:${port} refused the connection`),
    });
  });

  it('unknown name', async () => {
    const { error } = await run('rtsp://no-such-camera.invalid/');
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/no-such-camera\.invalid:554 (has no address|cannot)/),
    });
  });

  it('ends at once when aborted before or while connecting', async () => {
    const cam = await camera(() => true);
    const source = make(`rtsp://127.0.0.1:${cam.port}/`);
    const sink = { tracks: () => undefined, accessUnit: () => undefined, received: () => undefined };
    await source.run(sink, AbortSignal.abort());
    const abort = new AbortController();
    const done = source.run(sink, abort.signal);
    abort.abort();
    await done;
    await expect.poll(() => cam.openLinks()).toBe(0);
  });
});

describe('UDP', () => {
  /** Pictures go to the client's port, `strangers` to it from an address that is not the camera's. */
  const overUdp = (
    sendFrom: string,
    pictures: readonly PictureOptions[] = [{}, { isKey: false }],
  ): Script => {
    let clientPort = 0;
    return (request, link) => {
      if (request.method === 'SETUP') {
        const transport = request.headers.get('transport') ?? '';
        clientPort = Number(/client_port=(\d+)-/.exec(transport)?.[1] ?? 0);
        const server = clientPort === 0 ? transport : `${transport};server_port=40000-40001`;
        link.reply(request, 200, ['Session: 1', `Transport: ${server}`]);
        return true;
      }
      if (request.method !== 'PLAY' || clientPort === 0) return false;
      link.reply(request, 200);
      const picture = pictureMaker();
      void sendUdp(
        pictures.flatMap((options) => picture(options)),
        clientPort,
        sendFrom,
      );
      return true;
    };
  };

  it('plays, from an even port', async () => {
    const cam = await camera(overUdp('127.0.0.1'));
    const { error, units, reports } = await run(`rtsp://127.0.0.1:${cam.port}/`, {
      transport: 'auto',
      stopAfter: 2,
    });
    expect(error).toBeUndefined();
    expect(units).toHaveLength(2);
    expect(reports.at(-1)).toMatchObject({ transport: 'udp', packets: 4 });
    const [, rtp, rtcp] = /client_port=(\d+)-(\d+)/.exec(cam.requests[2]?.transport ?? '') ?? [];
    expect(Number(rtp) % 2).toBe(0);
    expect(Number(rtcp)).toBe(Number(rtp) + 1);
  });

  it.each([
    ['a datagram', [{}, { isKey: false }]],
    // Its marker is not understood yet, so it leaves when nothing follows it.
    ['the silence after one', [{}]],
  ])('ends with an exception of the sink at %s, as over TCP', async (_, pictures) => {
    const cam = await camera(overUdp('127.0.0.1', pictures));
    const source = make(`rtsp://127.0.0.1:${cam.port}/`, { transport: 'udp' });
    const accessUnit = (): void => {
      throw new Error('the sink failed');
    };
    const sink = { tracks: () => undefined, accessUnit, received: () => undefined };
    await expect(source.run(sink, new AbortController().signal)).rejects.toThrow('the sink failed');
  });

  it('drops what a stranger sends, and falls back to TCP after 3 s of silence, for good', async () => {
    const cam = await camera(overUdp('127.0.0.2'));
    const logs: string[] = [];
    const source = make(`rtsp://127.0.0.1:${cam.port}/`, {
      transport: 'auto',
      log: (_, message) => logs.push(message),
    });
    const first = await run(source, { stopAfter: 3 });
    expect(first.reports.map((report) => report.transport)).toContain('udp');
    expect(first.reports.at(-1)).toMatchObject({ transport: 'tcp', packets: 5 });
    expect(logs).toEqual([expect.stringContaining('UDP packets do not arrive, using TCP')]);
    await run(source, { stopAfter: 1 });
    const setups = cam.requests
      .filter((request) => request.method === 'SETUP')
      .map((request) => request.transport);
    expect(setups).toEqual([
      expect.stringContaining('client_port'),
      'RTP/AVP/TCP;unicast;interleaved=0-1',
      'RTP/AVP/TCP;unicast;interleaved=0-1',
    ]);
  });

  it('falls back to TCP as well when nothing but sound gets through', async () => {
    let soundPort = 0;
    const cam = await camera((request, link) => {
      if (request.method === 'DESCRIBE') {
        link.reply(request, 200, [], `${videoSdp}m=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n`);
        return true;
      }
      if (request.method === 'SETUP')
        soundPort = Number(/client_port=(\d+)/.exec(request.headers.get('transport') ?? '')?.[1] ?? 0);
      if (request.method !== 'PLAY' || soundPort === 0) return false;
      link.reply(request, 200);
      const sound = [1, 2].map((sequence) =>
        rtpPacket({ sequence, timestamp: sequence * 160, ssrc: 5 }, new Uint8Array(160)),
      );
      void sendUdp(sound, soundPort);
      return true;
    });
    let offsetMs = 0;
    const source = make(`rtsp://127.0.0.1:${cam.port}/`, {
      transport: 'auto',
      clock: () => systemClock() + offsetMs,
    });
    const abort = new AbortController();
    cleanUps.push(() => abort.abort());
    const kinds = new Set<string>();
    await source.run(
      {
        tracks: () => undefined,
        received: () => undefined,
        accessUnit(unit) {
          kinds.add(unit.track.kind);
          if (unit.track.kind === 'video') abort.abort();
          else offsetMs = 3000;
        },
      },
      abort.signal,
    );
    expect([...kinds]).toEqual(['audio', 'video']);
  });

  it.each([
    ['auto', undefined],
    ['udp', 'refused-by-peer'],
  ] as const)('%s: a camera that refuses UDP', async (transport, code) => {
    const cam = await camera((request, link) => {
      if (request.method !== 'SETUP' || request.headers.get('transport')?.includes('TCP')) return false;
      link.reply(request, 461);
      return true;
    });
    const { error } = await run(`rtsp://127.0.0.1:${cam.port}/`, { transport, stopAfter: 1 });
    expect(error?.code).toBe(code);
  });
});

describe('RTSPS', () => {
  let directory = '';
  let tls = { key: '', cert: '' };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'sightline-rtsps-'));
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=camera',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('refuses a certificate that nobody vouches for, before any request', async () => {
    const cam = await camera(undefined, { tls });
    const { error } = await run(`rtsps://${userInfo}127.0.0.1:${cam.port}/`);
    expect(error).toMatchObject({ code: 'tls', message: expect.stringContaining('pin its fingerprint') });
    expect(cam.requests).toEqual([]);
  });

  it('plays with the pinned certificate, in the reusable read buffer and over TCP even for auto', async () => {
    const cam = await camera(undefined, { tls });
    const { error, units, reports } = await run(`rtsps://localhost:${cam.port}/`, {
      transport: 'auto',
      tlsFingerprint: new X509Certificate(tls.cert).fingerprint256,
      stopAfter: 3,
    });
    expect(error).toBeUndefined();
    expect(units).toHaveLength(3);
    expect(reports.at(-1)?.transport).toBe('tcp');
  });

  it('refuses another certificate than the pinned one, before any request', async () => {
    const cam = await camera(undefined, { tls });
    const { error } = await run(`rtsps://${userInfo}127.0.0.1:${cam.port}/`, {
      tlsFingerprint: 'ab'.repeat(32),
    });
    expect(error).toMatchObject({ code: 'tls', message: expect.stringContaining('another certificate') });
    expect(cam.requests).toEqual([]);
  });

  it('does not carry credentials down to plain text', async () => {
    const plain = await camera((request, link) => {
      if (request.method !== 'DESCRIBE') return false;
      link.reply(request, 401, ['WWW-Authenticate: Basic realm="r"']);
      return true;
    });
    const cam = await camera(
      (request, link) => {
        if (request.method !== 'DESCRIBE') return false;
        link.reply(request, 302, [`Location: rtsp://127.0.0.1:${plain.port}/`]);
        return true;
      },
      { tls },
    );
    const { error } = await run(`rtsps://${userInfo}127.0.0.1:${cam.port}/`, {
      tlsFingerprint: new X509Certificate(tls.cert).fingerprint256,
    });
    expect(error?.code).toBe('unauthorized');
    expect(plain.requests.every((request) => request.authorization === undefined)).toBe(true);
  });

  it('will not send pictures beside TLS, and knows a port that is not RTSPS', async () => {
    const { error } = await run('rtsps://127.0.0.1:9/', { transport: 'udp' });
    expect(error).toMatchObject({
      code: 'tls',
      message: expect.stringContaining('set the transport to tcp'),
    });
    const cam = await camera();
    expect((await run(`rtsps://127.0.0.1:${cam.port}/`)).error?.code).toBe('tls');
  });
});
