import { expect, test, vi } from 'vitest';

import { FakeEngine } from '../http/testing/fake-engine.ts';
import type { StreamSpec } from './messages.ts';
import { RestartingEngine } from './restarting-engine.ts';

class CountingEngine extends FakeEngine {
  readonly streams: string[] = [];
  override setStream(spec?: StreamSpec): void {
    this.streams.push(spec?.name ?? '');
  }
}

const lobby: StreamSpec = {
  name: 'lobby',
  url: 'rtsp://h/',
  onDemand: false,
  transport: 'auto',
  tlsFingerprint: undefined,
};

async function setUp() {
  const engines: CountingEngine[] = [];
  const ports: (number | undefined)[] = [];
  const delays: number[] = [];
  let crash: ((error: Error) => void) | undefined;
  let failures = 0;
  const engine = await RestartingEngine.start({
    start(mediaPort, onCrash) {
      ports.push(mediaPort);
      crash = onCrash;
      if (failures-- > 0) return Promise.reject(new Error('no port'));
      const next = new CountingEngine();
      engines.push(next);
      return Promise.resolve(next);
    },
    onCrash: (_, delayMs) => delays.push(delayMs),
    clock: () => 0,
  });
  return {
    engine,
    engines,
    ports,
    delays,
    crash: (thenFail = 0) => {
      failures = thenFail;
      crash?.(new Error('died'));
    },
  };
}

test('streams come back, sessions end, the port stays', async () => {
  vi.useFakeTimers();
  try {
    const { engine, engines, ports, delays, crash } = await setUp();
    const ended: string[] = [];
    engine.onSessionEnded((sessionId, stream, reason) => ended.push(`${sessionId} ${stream} ${reason}`));
    engine.setStream(lobby);
    expect(await engine.offer('lobby', 'sdp')).toMatchObject({ ok: true });

    crash(1);
    expect(ended).toEqual(['session-1 lobby closed-by-relay']);
    expect(engine.isRunning).toBe(false);
    expect(await engine.offer('lobby', 'sdp')).toMatchObject({ ok: false, code: 'stream-not-ready' });
    expect(await engine.sessionClock('session-1', 1)).toBeUndefined();

    await vi.advanceTimersByTimeAsync(200);
    expect(engine.isRunning).toBe(false);
    await vi.advanceTimersByTimeAsync(400);
    expect(engine.isRunning).toBe(true);
    expect(delays).toEqual([200, 400]);
    expect(ports).toEqual([undefined, 8641, 8641]);
    expect(engines[1]?.streams).toEqual(['lobby']);

    crash();
    await engine.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(engines).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test('the first start must succeed', async () => {
  const failing = RestartingEngine.start({
    start: () => Promise.reject(new Error('no port')),
    onCrash: () => expect.unreachable(),
    clock: () => 0,
  });
  await expect(failing).rejects.toThrow('no port');
});
