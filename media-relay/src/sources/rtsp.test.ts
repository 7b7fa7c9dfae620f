import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { interleaved, large, pictureMaker, videoSdp } from '../rtsp/fake-camera.ts';
import { rtspSourceOf, runRtsp, useCameras, userInfo } from '../testing/rtsp-run.ts';

const camera = useCameras();

describe('a camera over TCP', () => {
  it('plays, reports, and says goodbye when aborted', async () => {
    const cam = await camera();
    const { error, units, tracks, reports } = await runRtsp(`rtsp://127.0.0.1:${cam.port}/live`, {
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
    const { error, units } = await runRtsp(`rtsp://127.0.0.1:${cam.port}/`, { stopAfter: 2 });
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
    const { error, units, reports } = await runRtsp(`rtsp://127.0.0.1:${cam.port}/`);
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
    const source = rtspSourceOf(`rtsp://127.0.0.1:${cam.port}/`);
    const sizes = [await runRtsp(source), await runRtsp(source)].map(({ tracks }) => tracks.at(-1)?.[0]);
    expect(sizes).toMatchObject([{ h264: { width: 320 } }, { h264: { width: 640 } }]);
    const hevc = await camera((request, link) => {
      if (request.method !== 'DESCRIBE') return false;
      link.reply(request, 200, [], videoSdp.replace('H264', 'H265'));
      return true;
    });
    const { error } = await runRtsp(`rtsp://127.0.0.1:${hevc.port}/`);
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
    const { units, reports } = await runRtsp(`rtsp://127.0.0.1:${cam.port}/`, { stopAfter: 2 });
    expect(units).toHaveLength(2);
    expect(reports[0]?.packets).toBe(4);
  });

  it('sends receiver reports on the RTCP channel', async () => {
    let nowMs = 1_700_000_000_000;
    const cam = await camera();
    const abort = new AbortController();
    const source = rtspSourceOf(`rtsp://127.0.0.1:${cam.port}/`, { clock: () => nowMs });
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

describe('a camera that cannot be reached', () => {
  it('refused', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { error } = await runRtsp(`rtsp://${userInfo}127.0.0.1:${port}/`);
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`127.0.0.1:${port} refused the connection`),
    });
  });

  it('unknown name', async () => {
    const { error } = await runRtsp('rtsp://no-such-camera.invalid/');
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/no-such-camera\.invalid:554 (has no address|cannot)/),
    });
  });

  it('ends at once when aborted before or while connecting', async () => {
    const cam = await camera(() => true);
    const source = rtspSourceOf(`rtsp://127.0.0.1:${cam.port}/`);
    const sink = { tracks: () => undefined, accessUnit: () => undefined, received: () => undefined };
    await source.run(sink, AbortSignal.abort());
    const abort = new AbortController();
    const done = source.run(sink, abort.signal);
    abort.abort();
    await done;
    await expect.poll(() => cam.openLinks()).toBe(0);
  });
});
