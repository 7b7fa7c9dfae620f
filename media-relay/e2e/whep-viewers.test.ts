/** Two WebRTC stacks that share nothing with ours, as viewers of the real relay. */
import nodeDataChannel from 'node-datachannel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode } from './support/decode.ts';
import { startGstCamera } from './support/gst-camera.ts';
import type { GstCamera } from './support/gst-camera.ts';
import { TestRelay } from './support/relay.ts';
import { watchWithLibdatachannel, watchWithWerift } from './support/whep-viewers.ts';

let camera: GstCamera;
let relay: TestRelay;

beforeAll(async () => {
  camera = await startGstCamera(['--audio']);
  relay = await TestRelay.start({
    // A group that a socket buffer of the usual size holds, however slowly it is emptied.
    demo: 'demo:?width=320&height=180&fps=25&gop=25&bitrate=500000',
    camera: { url: `rtsp://127.0.0.1:${camera.port}/live`, transport: 'tcp' },
  });
  await relay.live('demo', 'camera');
});

afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await camera.kill();
  nodeDataChannel.cleanup();
});

describe.each([
  ['werift', watchWithWerift],
  ['libdatachannel', watchWithLibdatachannel],
] as const)('%s', (_name, watch) => {
  test.each(['demo', 'camera'])(
    'receives %s from its key frame on, decodable to the last picture',
    async (stream) => {
      await using viewer = await watch(relay, stream);
      const { pictures } = viewer.video;
      await expect.poll(() => pictures.length, { timeout: 10_000 }).toBeGreaterThan(60);
      expect((await relay.stream(stream)).viewers).toBe(1);

      const isPicture = (type: number): boolean => type !== 6 && type !== 9;
      expect(pictures[0]?.nalTypes.filter(isPicture).slice(0, 3)).toEqual([7, 8, 5]);
      expect(pictures.some(({ isBroken }) => isBroken)).toBe(false);
      const whole = pictures.slice();
      expect(await decode(whole)).toEqual({ pictures: whole.length, complaints: '' });

      expect((await relay.ask(viewer.session, { method: 'DELETE' })).status).toBe(200);
      const again = await relay.ask(viewer.session, { method: 'DELETE' });
      expect(again).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } });
      expect(again.body).toContain('"session-not-found"');
      await relay.viewers(stream, 0);
      const { length } = pictures;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(pictures.length - length).toBeLessThanOrEqual(1);
    },
  );

  test('hears the A-law of the camera, 50 packets of 20 ms a second', async () => {
    await using viewer = await watch(relay, 'camera', { audio: true });
    await expect.poll(() => viewer.video.pictures.length, { timeout: 10_000 }).toBeGreaterThan(25);
    const count = viewer.audio.length;
    await expect.poll(() => viewer.audio.length - count, { timeout: 5000 }).toBeGreaterThan(50);
    expect(viewer.audio.every(({ length }) => length === 160)).toBe(true);
    // A tone, not silence: many different samples.
    expect(new Set(viewer.audio.at(-1)).size).toBeGreaterThan(5);
  });
});

test('a viewer hears the camera again that was back without sound for a while', async () => {
  let changing = await startGstCamera(['--audio']);
  await using changed = await TestRelay.start({
    camera: { url: `rtsp://127.0.0.1:${changing.port}/live`, transport: 'tcp' },
  });
  await changed.live('camera');
  await using viewer = await watchWithWerift(changed, 'camera', { audio: true });
  const { pictures } = viewer.video;
  const restart = async (args: readonly string[]): Promise<void> => {
    await changing.kill();
    changing = await startGstCamera(args, changing.port);
  };
  try {
    await expect.poll(() => viewer.audio.length, { timeout: 10_000 }).toBeGreaterThan(10);
    await restart([]);
    const silent = viewer.audio.length;
    const before = pictures.length;
    await expect.poll(() => pictures.length, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    expect(viewer.audio.length).toBe(silent);
    await restart(['--audio']);
    await expect.poll(() => viewer.audio.length, { timeout: 10_000 }).toBeGreaterThan(silent + 10);
  } finally {
    await changing.kill();
  }
});
