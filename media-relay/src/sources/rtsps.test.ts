import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runRtsp, useCameras, userInfo } from '../testing/rtsp-run.ts';

const camera = useCameras();

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
    const { error } = await runRtsp(`rtsps://${userInfo}127.0.0.1:${cam.port}/`);
    expect(error).toMatchObject({ code: 'tls', message: expect.stringContaining('pin its fingerprint') });
    expect(cam.requests).toEqual([]);
  });

  it('plays with the pinned certificate, in the reusable read buffer and over TCP even for auto', async () => {
    const cam = await camera(undefined, { tls });
    const { error, units, reports } = await runRtsp(`rtsps://localhost:${cam.port}/`, {
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
    const { error } = await runRtsp(`rtsps://${userInfo}127.0.0.1:${cam.port}/`, {
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
    const { error } = await runRtsp(`rtsps://${userInfo}127.0.0.1:${cam.port}/`, {
      tlsFingerprint: new X509Certificate(tls.cert).fingerprint256,
    });
    expect(error?.code).toBe('unauthorized');
    expect(plain.requests.every((request) => request.authorization === undefined)).toBe(true);
  });

  it('will not send pictures beside TLS, and knows a port that is not RTSPS', async () => {
    const { error } = await runRtsp('rtsps://127.0.0.1:9/', { transport: 'udp' });
    expect(error).toMatchObject({
      code: 'tls',
      message: expect.stringContaining('set the transport to tcp'),
    });
    const cam = await camera();
    expect((await runRtsp(`rtsps://127.0.0.1:${cam.port}/`)).error?.code).toBe('tls');
  });
});
