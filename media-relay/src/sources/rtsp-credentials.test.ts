import { describe, expect, it } from 'vitest';
import { type Script } from '../rtsp/fake-camera.ts';
import { password, rtspSourceOf, runRtsp, useCameras, userInfo } from '../testing/rtsp-run.ts';

const camera = useCameras();

describe('credentials', () => {
  const guarded: Script = (request, link) => {
    if (request.method === 'OPTIONS' || request.headers.get('authorization') !== undefined) return false;
    link.reply(request, 401, ['WWW-Authenticate: Basic realm="r"']);
    return true;
  };

  it('are percent-decoded', async () => {
    const cam = await camera(guarded);
    const { error } = await runRtsp(`rtsp://${userInfo}127.0.0.1:${cam.port}/`, { stopAfter: 1 });
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
    const { error, logs } = await runRtsp(`rtsp://${userInfo}127.0.0.1:${cam.port}/`, { stopAfter: 1 });
    expect(error?.code).toBe(code);
    expect(logs).toEqual([expect.stringContaining(`redirects to rtsp://${host}:${other.port}/moved`)]);
    expect(other.requests.some((request) => request.authorization !== undefined)).toBe(code === undefined);
  });

  it('are not in the label', () => {
    expect(rtspSourceOf(`rtsp://${userInfo}cam.local/live?password=geheim`).label).toBe(
      'rtsp://cam.local/live?password=***',
    );
    expect(() => rtspSourceOf('rtsp://admin:geheim#@cam/')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('geheim') }),
    );
  });
});
