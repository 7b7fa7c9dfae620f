/** The real relay says no before it is too much, says why, and takes the next one when somebody leaves. */
import { afterEach, expect, test } from 'vitest';
import { TestViewer } from '../src/testing/test-viewer.ts';
import { TestRelay, type Answer } from './support/relay.ts';

const camera = 'demo:?width=320&height=180&fps=20&gop=20&bitrate=300000';

const viewers: TestViewer[] = [];
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
});

function offer(relay: TestRelay, stream: string): Promise<Answer> {
  const viewer = new TestViewer();
  viewers.push(viewer);
  return relay.offer(stream, viewer.offer());
}

/** Resolves with the session's path once pictures flow. */
async function watch(relay: TestRelay, stream: string): Promise<string> {
  const viewer = new TestViewer();
  viewers.push(viewer);
  const answer = await relay.offer(stream, viewer.offer());
  expect(answer.status).toBe(201);
  await viewer.connect(answer.body);
  await viewer.until(() => viewer.packets.length > 0);
  return relay.sessionPath(answer);
}

function expectRefusal(answer: Answer, reason: string): void {
  expect(answer.status).toBe(503);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = JSON.parse(answer.body) as { retryAfterSeconds: number };
  expect(problem).toMatchObject({ code: 'over-capacity', reason, detail: expect.stringMatching(/\.$/) });
  expect(Number(answer.headers['retry-after'])).toBe(problem.retryAfterSeconds);
  expect(problem.retryAfterSeconds).toBeGreaterThan(0);
}

test('limits of stream and host: refused with the reason, released by leaving, changed without a restart', async () => {
  const streams = { narrow: { url: camera, maxViewers: 1 }, wide: { url: camera } };
  await using relay = await TestRelay.start(streams, { config: { limits: { viewers: 2 } } });
  await relay.live('narrow', 'wide');
  const first = await watch(relay, 'narrow');
  expectRefusal(await offer(relay, 'narrow'), 'stream-viewers');
  await watch(relay, 'wide');
  expectRefusal(await offer(relay, 'wide'), 'host-viewers');
  expect(JSON.parse((await relay.ask('/health')).body)).toMatchObject({ status: 'degraded', ready: true });

  expect((await relay.ask(first, { method: 'DELETE' })).status).toBe(200);
  await watch(relay, 'narrow');
  expectRefusal(await offer(relay, 'narrow'), 'stream-viewers');

  relay.writeConfig(
    { ...streams, narrow: { url: camera, maxViewers: 3 } },
    { limits: { viewers: 3, bitrate: '10k' } },
  );
  await expect.poll(() => relay.events('?type=config-change')).toHaveLength(1);
  await expect
    .poll(async () => (await relay.stream('narrow')).bitrateBps, { timeout: 5000 })
    .toBeGreaterThan(10_000);
  expectRefusal(await offer(relay, 'narrow'), 'host-bitrate');
  relay.writeConfig(
    { ...streams, narrow: { url: camera, maxViewers: 3, maxBitrate: '10k' } },
    { limits: { viewers: 3 } },
  );
  await expect.poll(() => relay.events('?type=config-change')).toHaveLength(2);
  expectRefusal(await offer(relay, 'narrow'), 'stream-bitrate');
  relay.writeConfig({ ...streams, narrow: { url: camera, maxViewers: 3 } }, { limits: { viewers: 3 } });
  await expect.poll(() => relay.events('?type=config-change')).toHaveLength(3);
  await watch(relay, 'narrow');
  // Nobody who was there had to leave.
  expect((await relay.events('?type=viewer-left')).length).toBe(1);
});

test('the bit rate: a viewer of the substream goes up while there is room, and else when somebody has left', async () => {
  const streams = {
    cam: { url: camera.replace('300000', '2000000'), substream: camera.replace('300000', '100000') },
  };
  await using relay = await TestRelay.start(streams);
  await relay.live('cam');
  const quality = async (path: string, wish: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(wish);
    return JSON.parse((await relay.ask(`${path}/quality`, { method: 'POST', headers, body })).body);
  };
  const paths = [await watch(relay, 'cam'), await watch(relay, 'cam')];
  for (const path of paths) {
    await quality(path, { quality: 'sub' });
    await expect.poll(() => quality(path, {}), { timeout: 10_000 }).toMatchObject({ playing: 'sub' });
  }
  const mainBps = async (): Promise<number> => (await relay.stream('cam')).bitrateBps;
  await expect.poll(mainBps, { timeout: 5000 }).toBeGreaterThan(1_000_000);
  const bitrateBps = await mainBps();
  relay.writeConfig(streams, { limits: { bitrate: Math.round(1.6 * bitrateBps) } });
  await expect.poll(() => relay.events('?type=config-change')).toHaveLength(1);

  const [first = '', second = ''] = paths;
  await quality(first, { quality: 'main' });
  await expect.poll(() => quality(first, {}), { timeout: 10_000 }).toMatchObject({ playing: 'main' });
  const waiting = {
    wanted: 'main',
    playing: 'sub',
    switchingTo: null,
    reason: 'The relay sends as much as it may send. The main stream follows when there is room.',
  };
  expect(await quality(second, { quality: 'main' })).toEqual(waiting);
  expect(await quality(second, {})).toEqual(waiting);
  expect((await relay.ask(first, { method: 'DELETE' })).status).toBe(200);
  // By itself, within 5 s: it is counted when it has happened, and nobody asks before.
  await expect
    .poll(
      async () => {
        for (const viewer of viewers) viewer.check();
        return (await relay.stream('cam')).qualitySwitches;
      },
      { timeout: 20_000 },
    )
    .toMatchObject({ viewer: 4 });
  expect(await quality(second, {})).toMatchObject({ playing: 'main', switchingTo: null, reason: null });
});

test('offers that nobody follows up fill the host for three seconds and no longer', async () => {
  await using relay = await TestRelay.start({ cam: { url: camera } }, { config: { limits: { viewers: 4 } } });
  await relay.live('cam');
  for (let i = 0; i < 4; i++) expect((await offer(relay, 'cam')).status).toBe(201);
  expectRefusal(await offer(relay, 'cam'), 'host-viewers');
  await expect.poll(async () => (await offer(relay, 'cam')).status, { timeout: 10_000 }).toBe(201);
  expect(await relay.events('?type=viewer-left')).toMatchObject([{ reason: 'never-connected' }]);
});

test('memory in use beyond its share of the effective limit', async () => {
  // A relay needs more than a thousandth of any host or container, and less than all of it.
  await using relay = await TestRelay.start(
    { cam: { url: camera } },
    { config: { limits: { memory: 0.001 } } },
  );
  await relay.live('cam');
  expectRefusal(await offer(relay, 'cam'), 'memory');
  relay.writeConfig({ cam: { url: camera } }, { limits: { memory: 1 } });
  await expect.poll(() => relay.events('?type=config-change')).toHaveLength(1);
  await watch(relay, 'cam');
});
