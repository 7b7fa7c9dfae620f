import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readTimeCodeRgba } from '../src/sources/demo/time-code.ts';
import { startGstCamera, type GstCamera } from './support/gst-camera.ts';
import { readJpeg } from './support/images.ts';
import { watchMjpeg } from './support/mjpeg-viewer.ts';
import { TestRelay } from './support/relay.ts';

// MJPEG and picture health, which decode what a real relay gets from real cameras.

let relay: TestRelay;
const cameras: GstCamera[] = [];
const patterns = { ball: 'ball', frozen: 'checkers-8', black: 'black' } as const;

beforeAll(async () => {
  for (const pattern of Object.values(patterns)) cameras.push(await startGstCamera(['--pattern', pattern]));
  const urls = Object.keys(patterns).map((name, i) => [name, `rtsp://127.0.0.1:${cameras[i]?.port}/live`]);
  relay = await TestRelay.start(
    { ...(Object.fromEntries(urls) as Record<string, string>), demo: 'demo:?width=640&height=360&gop=30' },
    { config: { decode: { processes: 3 }, pictureHealth: { everySeconds: 1 } } },
  );
  await relay.live(...Object.keys(patterns), 'demo');
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  for (const camera of cameras) await camera.kill();
});

const address = (name: string, query = ''): string => `${relay.url}api/v1/streams/${name}/mjpeg${query}`;
const soon = { timeout: 10_000, interval: 50 };

test('pictures in their order, at most five a second, one decoder for all who watch', async () => {
  const [first, second] = await Promise.all([watchMjpeg(address('demo')), watchMjpeg(address('demo'))]);
  expect([first.status, first.headers['content-type']]).toEqual([
    200,
    'multipart/x-mixed-replace; boundary=sightline-picture',
  ]);
  await vi.waitFor(
    () => expect(Math.min(first.pictures.length, second.pictures.length)).toBeGreaterThan(10),
    soon,
  );
  expect((await relay.stream('demo')).viewers).toBe(1);
  first.leave();
  second.leave();
  const shown = first.pictures.map((jpeg) => {
    const { rgba, width, height } = readJpeg(jpeg);
    return readTimeCodeRgba(rgba, width, height) ?? NaN;
  });
  const steps = shown.slice(1).map((atMs, i) => atMs - (shown[i] ?? 0));
  // The first is the key frame that was kept, the next may come at once.
  for (const step of steps.slice(1)) expect(step).toBeGreaterThan(150);
  await relay.viewers('demo', 0);
});

test('whoever does not read misses pictures, and nobody else does', async () => {
  const slow = await watchMjpeg(address('demo', '?width=320'));
  slow.pause();
  const quick = await watchMjpeg(address('demo', '?width=320'));
  await vi.waitFor(() => expect(quick.pictures.length).toBeGreaterThan(8), soon);
  slow.leave();
  quick.leave();
  await relay.viewers('demo', 0);
});

test('no more streams than decoders, one of which stays for snapshots', async () => {
  const watched = await Promise.all(['demo', 'ball'].map((name) => watchMjpeg(address(name))));
  expect(watched.map(({ status }) => status)).toEqual([200, 200]);
  const refused = await watchMjpeg(address('frozen'));
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2']);
  const still = await relay.ask('/api/v1/streams/frozen/snapshot.jpg?width=160');
  expect(still.status).toBe(200);
  for (const viewer of watched) viewer.leave();
  await relay.viewers('demo', 0);
});

test('HEAD starts nothing, a stream that is not there is 404', async () => {
  const head = await relay.ask('/api/v1/streams/demo/mjpeg', { method: 'HEAD' });
  expect([head.status, head.headers['content-type']?.split(';')[0]]).toEqual([
    200,
    'multipart/x-mixed-replace',
  ]);
  expect((await relay.stream('demo')).viewers).toBe(0);
  expect((await relay.ask('/api/v1/streams/nobody/mjpeg')).status).toBe(404);
});

test('frozen and black cameras are told from the others', async () => {
  await vi.waitFor(async () => {
    expect((await relay.stream('frozen')).picture).toMatchObject({ frozen: true, black: false });
    expect((await relay.stream('black')).picture).toMatchObject({ frozen: false, black: true });
  }, soon);
  const none = { frozen: false, black: false, overexposed: false, blurred: false };
  expect((await relay.stream('ball')).picture).toMatchObject({ frozen: false });
  expect((await relay.stream('demo')).picture).toMatchObject(none);
  expect(await relay.events('?type=picture-frozen')).toMatchObject([{ stream: 'frozen', on: true }]);

  // A camera that is gone has no picture to be judged.
  await cameras[1]?.kill();
  await vi.waitFor(
    async () => {
      expect((await relay.stream('frozen')).picture).toBeNull();
      expect(await relay.events('?type=picture-frozen')).toMatchObject([{ on: true }, { on: false }]);
    },
    { timeout: 15_000, interval: 100 },
  );
});

test('an answer ends with the relay, which does not wait for it', async () => {
  const viewer = await watchMjpeg(address('demo'));
  const { code, tookMs } = await relay.stop();
  await viewer.ended;
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(3000);
});
