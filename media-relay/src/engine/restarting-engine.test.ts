import { expect, test, vi } from 'vitest';

import { FakeEngine } from '../http/testing/fake-engine.ts';
import type { EngineEvent, EngineSnapshot, SessionEnd, StreamSpec } from './messages.ts';
import { RestartingEngine } from './restarting-engine.ts';
import { emptySnapshot } from './snapshots.ts';

class CountingEngine extends FakeEngine {
  readonly streams: string[] = [];
  measured: EngineSnapshot | undefined;
  tell: (event: EngineEvent) => void = () => undefined;
  end: (sessionId: string, stream: string, reason: SessionEnd) => void = () => undefined;
  override onEvent(listener: (event: EngineEvent) => void = () => undefined): void {
    this.tell = listener;
  }
  override onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void {
    this.end = listener;
  }
  override snapshot(): EngineSnapshot | undefined {
    return this.measured;
  }
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

async function setUp(clock = () => 0) {
  const engines: CountingEngine[] = [];
  const ports: (number | undefined)[] = [];
  const delays: [restartInMs: number, wasRunning: boolean][] = [];
  let crash: ((error: Error) => void) | undefined;
  let failures = 0;
  const engine = await RestartingEngine.start({
    index: 1,
    start(mediaPort, onCrash) {
      ports.push(mediaPort);
      crash = onCrash;
      if (failures-- > 0) return Promise.reject(new Error('no port'));
      const next = new CountingEngine();
      engines.push(next);
      return Promise.resolve(next);
    },
    onCrash(_, { index, wasRunning, restartInMs }) {
      expect(index).toBe(1);
      delays.push([restartInMs, wasRunning]);
    },
    clock,
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

test('streams and the book of main streams come back, sessions end, the port stays', async () => {
  vi.useFakeTimers();
  try {
    const { engine, engines, ports, delays, crash } = await setUp();
    const ended: string[] = [];
    engine.onSessionEnded((sessionId, stream, reason) => ended.push(`${sessionId} ${stream} ${reason}`));
    engine.setStream(lobby);
    const book = { take: () => true, giveBack: () => undefined };
    engine.setMainStreamBook(book);
    expect(await engine.offer('lobby', 'sdp')).toMatchObject({ ok: true });

    crash(1);
    expect(ended).toEqual(['session-1 lobby engine-stopped']);
    expect(engine.isRunning).toBe(false);
    expect(await engine.offer('lobby', 'sdp')).toMatchObject({ ok: false, code: 'stream-not-ready' });
    expect(await engine.sessionClock('session-1', 1)).toBeUndefined();

    await vi.advanceTimersByTimeAsync(200);
    expect(engine.isRunning).toBe(false);
    await vi.advanceTimersByTimeAsync(400);
    expect(engine.isRunning).toBe(true);
    // One death, however often its successor fails to start.
    expect(delays).toEqual([
      [200, true],
      [400, false],
    ]);
    expect(ports).toEqual([undefined, 8641, 8641]);
    expect(engines[1]?.streams).toEqual(['lobby']);
    expect(engines.map((one) => one.book)).toEqual([book, book]);

    crash();
    await engine.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(engines).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test('a successor that cannot start is tried less and less often, however long the thread lived', async () => {
  vi.useFakeTimers();
  try {
    let nowMs = 0;
    const { engine, delays, crash } = await setUp(() => nowMs);
    nowMs = 3_600_000;
    crash(4);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(delays).toEqual([
      [200, true],
      [400, false],
      [800, false],
      [1600, false],
      [3200, false],
    ]);
    expect(engine.isRunning).toBe(true);
    await engine.close();
  } finally {
    vi.useRealTimers();
  }
});

test('totals go on over a death, and the thread says that it happened', async () => {
  vi.useFakeTimers();
  try {
    const { engine, engines, crash } = await setUp();
    expect(engine.snapshot()).toBeUndefined();
    const dying = { joinsTotal: { ok: 3, silent: 1 }, sendCallsTotal: 100, cpuUserSeconds: 2 };
    const [first] = engines;
    if (first)
      first.measured = { ...emptySnapshot(5, { index: 1, isRunning: true, restartsTotal: 0 }), ...dying };
    expect(engine.snapshot()).toMatchObject({ ...dying, threads: [{ index: 1, restartsTotal: 0 }] });

    crash(1);
    expect(engine.snapshot()).toMatchObject({
      ...dying,
      threads: [{ index: 1, isRunning: false, restartsTotal: 1 }],
      streams: [],
    });
    await vi.advanceTimersByTimeAsync(600);
    // It runs, and has not measured anything yet.
    expect(engine.snapshot()).toMatchObject({ ...dying, threads: [{ isRunning: true, restartsTotal: 1 }] });
    const [, second] = engines;
    const fresh = { joinsTotal: { ok: 2 }, sendCallsTotal: 7 };
    if (second)
      second.measured = { ...emptySnapshot(9, { index: 1, isRunning: true, restartsTotal: 0 }), ...fresh };
    expect(engine.snapshot()).toMatchObject({
      joinsTotal: { ok: 5, silent: 1 },
      sendCallsTotal: 107,
      cpuUserSeconds: 2,
      threads: [{ restartsTotal: 1 }],
    });
    await engine.close();
  } finally {
    vi.useRealTimers();
  }
});

test('every session of a thread that dies has left once, and its joins are counted once', async () => {
  vi.useFakeTimers();
  try {
    const { engine, engines, crash } = await setUp(() => 77);
    const [thread] = engines;
    if (thread === undefined) throw new Error('no engine');
    const left: string[] = [];
    const ended: string[] = [];
    engine.onEvent((event) => {
      if (event.kind === 'viewer-left') left.push(`${event.atMs} ${event.sessionId} ${event.reason}`);
    });
    engine.onSessionEnded((sessionId) => ended.push(sessionId));
    const join = async (sessionId: string, joinedMs?: number): Promise<void> => {
      thread.offerResult = { ok: true, sessionId, sdp: '' };
      await engine.offer('lobby', 'sdp');
      const event = { kind: 'viewer-joined', sessionId, stream: 'lobby' } as const;
      if (joinedMs !== undefined) thread.tell({ ...event, atMs: joinedMs });
    };
    await join('watching', 40);
    await join('gone before', 41);
    await join('told before', 42);
    thread.measured = {
      ...emptySnapshot(50, { index: 1, isRunning: true, restartsTotal: 0 }),
      joinsTotal: { ok: 3 },
    };
    await join('new', 60);
    await join('connecting');
    const left60 = { kind: 'viewer-left', stream: 'lobby', atMs: 60, reason: 'silent' } as const;
    thread.tell({ ...left60, sessionId: 'gone before' });
    thread.end('gone before', 'lobby', 'silent');
    // The thread dies between the two words that it says of an end.
    thread.tell({ ...left60, sessionId: 'told before' });

    crash();
    expect(left).toEqual([
      '60 gone before silent',
      '60 told before silent',
      '77 watching engine-stopped',
      '77 new engine-stopped',
      '77 connecting engine-stopped',
    ]);
    expect(ended).toEqual(['gone before', 'watching', 'told before', 'new', 'connecting']);
    expect(engine.snapshot()?.joinsTotal).toEqual({ ok: 4, 'engine-stopped': 1 });
    await engine.close();
    expect(left).toHaveLength(5);
  } finally {
    vi.useRealTimers();
  }
});

test('a thread that ends without a goodbye while the relay stops leaves no session behind', async () => {
  const { engine } = await setUp();
  const left: (string | undefined)[] = [];
  engine.onEvent((event) => {
    if (event.kind === 'viewer-left') left.push(event.reason);
  });
  await engine.offer('lobby', 'sdp');
  await engine.close();
  expect(left).toEqual(['engine-stopped']);
});

test('the first start must succeed', async () => {
  const failing = RestartingEngine.start({
    index: 0,
    start: () => Promise.reject(new Error('no port')),
    onCrash: () => expect.unreachable(),
    clock: () => 0,
  });
  await expect(failing).rejects.toThrow('no port');
});
