import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readTimeCodeRgba } from '../src/sources/demo/time-code.ts';
import { freePort } from './support/free-port.ts';
import { startGstCamera, type GstCamera } from './support/gst-camera.ts';
import { meanColour, readJpeg } from './support/images.ts';
import { TestRelay } from './support/relay.ts';

let relay: TestRelay;
let camera: GstCamera;

beforeAll(async () => {
  camera = await startGstCamera([
    '--pattern',
    'solid-color foreground-color=0xffc03020',
    '--width',
    '640',
    '--height',
    '360',
  ]);
  relay = await TestRelay.start(
    {
      red: `rtsp://127.0.0.1:${camera.port}/live`,
      demo: 'demo:?gop=15',
      waiting: { url: 'demo:?width=320&height=240', onDemand: true },
      missing: `rtsp://127.0.0.1:${await freePort()}/live`,
    },
    { config: { decode: { processes: 1 } } },
  );
  await relay.live('red', 'demo');
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await camera.kill();
});

interface Picture {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

async function ask(stream: string, query = '', headers: Record<string, string> = {}): Promise<Picture> {
  const response = await fetch(`${relay.url}api/v1/streams/${stream}/snapshot.jpg${query}`, { headers });
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

function codeOf({ bytes }: Picture): unknown {
  return (JSON.parse(Buffer.from(bytes).toString()) as { code: unknown }).code;
}

test('what the camera sees, in its own size and smaller', async () => {
  const own = await ask('red');
  expect([own.status, own.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  const image = readJpeg(own.bytes);
  expect([image.width, image.height]).toEqual([640, 360]);
  const [red = 0, green = 0, blue = 0] = meanColour(image);
  expect(Math.abs(red - 0xc0) + Math.abs(green - 0x30) + Math.abs(blue - 0x20)).toBeLessThan(20);

  const small = readJpeg((await ask('red', '?width=200')).bytes);
  expect([small.width, small.height]).toEqual([320, 180]);
  const notLarger = readJpeg((await ask('red', '?width=1920')).bytes);
  expect([notLarger.width, notLarger.height]).toEqual([640, 360]);
});

test('the picture is of the moment that the headers tell', async () => {
  const picture = await ask('demo');
  const nowMs = Date.now();
  const { rgba, width, height } = readJpeg(picture.bytes);
  const shownMs = readTimeCodeRgba(rgba, width, height) ?? 0;
  const ageMs = Number(picture.headers.get('x-sightline-age')) * 1000;
  // The camera stamps before it encodes.
  expect(Math.abs(nowMs - ageMs - shownMs)).toBeLessThan(1000);
  expect(ageMs).toBeLessThan(5000);
  expect(picture.headers.get('age')).toBe(String(Math.floor(ageMs / 1000)));
});

test('the same picture is not sent again', async () => {
  await vi.waitFor(
    async () => {
      const { headers } = await ask('red', '?width=160');
      const again = await ask('red', '?width=160', { 'If-None-Match': headers.get('etag') ?? '' });
      expect([again.status, again.bytes.length]).toEqual([304, 0]);
    },
    { timeout: 5000 },
  );
});

test('a camera on demand is started for its picture', async () => {
  expect((await relay.stream('waiting')).state).toBe('idle');
  const picture = await ask('waiting');
  expect(readJpeg(picture.bytes).width).toBe(320);
});

test('a camera that was never there has none', async () => {
  const picture = await ask('missing');
  expect([picture.status, codeOf(picture)]).toEqual([503, 'stream-not-ready']);
  expect(picture.headers.get('retry-after')).toBe('2');
});

test('more requests than decoders and queue: some are refused, none is lost', async () => {
  const widths = [160, 320, 480, 640, 960, 1280, 1920];
  const asked = ['red', 'demo'].flatMap((stream) => widths.map((width) => ask(stream, `?width=${width}`)));
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3);
  const refused = (await Promise.all(asked)).filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect([answer.status, codeOf(answer)]).toEqual([503, 'over-capacity']);
    expect(answer.headers.get('retry-after')).toBe('2');
  }
});

test('the last picture of a camera that went away stays, and tells its age, in any width', async () => {
  await camera.kill();
  await vi.waitFor(async () => expect((await relay.stream('red')).state).toBe('offline'), {
    timeout: 15_000,
    interval: 100,
  });
  const kept = await ask('red');
  const other = await ask('red', '?width=480');
  for (const picture of [kept, other]) {
    expect(picture.status).toBe(200);
    expect(Number(picture.headers.get('x-sightline-age'))).toBeGreaterThan(2);
  }
  const [red = 0, green = 0] = meanColour(readJpeg(other.bytes));
  expect(red - green).toBeGreaterThan(100);
  expect(kept.headers.get('last-modified')).toBe(other.headers.get('last-modified'));
});

test('no ffmpeg: 501 with the reason, and everything else works', async () => {
  await using bare = await TestRelay.start(
    { demo: 'demo:?width=320&height=240' },
    { config: { decode: { ffmpeg: '/nowhere/ffmpeg' } } },
  );
  await bare.live('demo');
  const { status, headers, body } = await bare.ask('/api/v1/streams/demo/snapshot.jpg');
  expect([status, headers['content-type']]).toEqual([501, 'application/problem+json']);
  expect(JSON.parse(body)).toMatchObject({
    code: 'no-decoder',
    detail: expect.stringContaining('/nowhere/ffmpeg') as unknown,
  });
});
