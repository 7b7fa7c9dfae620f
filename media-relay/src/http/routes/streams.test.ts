import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { streamListSchema, streamSchema } from '../schemas.ts';
import { liveSnapshot, substreamSnapshot } from '../testing/fake-engine.ts';
import { codeOf } from '../testing/requests.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

describe('streams', () => {
  test('are listed as far as the caller may view them, measured or not', async () => {
    const reason = 'rtsp://user:hunter2@cam/ is slow';
    relay.engine.snapshots = [{ ...liveSnapshot, reason, reasonCode: 'timeout' }];
    const list = async (headers: Record<string, string>): Promise<unknown[]> =>
      streamListSchema.parse(await (await relay.fetch('/api/v1/streams', { headers })).json()).streams;
    expect(await list(as.lobby)).toHaveLength(1);
    const [lobby, garage] = await list(as.grafana);
    expect(lobby).toEqual({
      name: 'lobby-1',
      title: 'LOBBY-1',
      labels: { floor: '1' },
      site: 'Oslo',
      origin: 'config',
      onDemand: false,
      state: 'live',
      stateSinceMs: 1000,
      reason: 'rtsp://cam/ is slow',
      reasonCode: 'timeout',
      warnings: [{ code: 'no-clock', message: expect.stringContaining('sender reports') }],
      transport: 'tcp',
      videoCodec: 'H264',
      videoProfile: 'High',
      audioCodec: null,
      width: 1280,
      height: 720,
      framesPerSecond: 30,
      bitrateBps: 4_000_000,
      keyFrameIntervalSeconds: 4,
      lastFrameMs: 2000,
      viewers: 2,
      picture: {
        frozen: true,
        black: false,
        overexposed: false,
        underexposed: false,
        blurred: false,
        brightness: 0.5,
        contrast: 0.2,
        sharpness: 0.1,
        pictureMs: 900,
        checkedMs: 950,
      },
      qualitySwitches: {},
      substream: null,
    });
    relay.engine.snapshots = [
      {
        ...liveSnapshot,
        qualitySwitchesTotal: { tile: 3 },
        substream: { ...substreamSnapshot, reason: 'rtsp://user:hunter2@cam/sub is gone' },
      },
    ];
    expect((await list(as.lobby))[0]).toMatchObject({
      qualitySwitches: { tile: 3 },
      substream: { state: 'offline', reason: 'rtsp://cam/sub is gone', width: 640, viewers: 0 },
    });
    expect(garage).toMatchObject({ name: 'garage', state: 'idle', lastFrameMs: null, viewers: 0 });
  });

  test('one of them', async () => {
    const response = await relay.fetch('/api/v1/streams/lobby-1', { headers: as.lobby });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(streamSchema.parse(await response.json())).toMatchObject({ name: 'lobby-1', state: 'connecting' });
  });

  test('are restarted and removed by an admin', async () => {
    const restart = (name: string): Promise<Response> =>
      relay.fetch(`/api/v1/streams/${name}/restart`, { method: 'POST', headers: as.admin });
    expect((await restart('lobby-1')).status).toBe(202);
    expect(await codeOf(await restart('nowhere'))).toBe('stream-not-found');
    expect(relay.engine.calls).toEqual(['restart lobby-1']);
    const removed = await relay.fetch('/api/v1/streams/lobby-1', { method: 'DELETE', headers: as.admin });
    expect([removed.status, await codeOf(removed)]).toEqual([409, 'stream-from-config']);
  });
});
