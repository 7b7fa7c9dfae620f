import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeEngine } from '../http/testing/fake-engine.ts';
import type { AdmissionLimits } from './admission.ts';
import { AdmittingEngine } from './admitting-engine.ts';
import type { BookedEngine } from './engine-port.ts';
import type { EngineEvent, EngineSnapshot, OfferResult, RenditionSnapshot, SessionEnd } from './messages.ts';
import { RestartingEngine } from './restarting-engine.ts';
import type { RenditionName, StreamState } from '../stream/states.ts';

const GB = 2 ** 30;

class StubEngine extends FakeEngine {
  readonly closed: string[] = [];
  utilisation = 0.1;
  bitrates: Record<string, number> = { lobby: 4_000_000, gate: 1_000_000 };
  state: StreamState = 'live';
  substreams: Record<string, Pick<RenditionSnapshot, 'bitrateBps'>> = {};
  /** What who comes sees first. */
  playing: RenditionName = 'main';
  answers: Promise<OfferResult> | undefined;
  #next = 1;
  #onEvent: ((event: EngineEvent) => void) | undefined;

  override offer(): Promise<OfferResult> {
    return (
      this.answers ??
      Promise.resolve({ ok: true, sessionId: `s${this.#next++}`, sdp: '', playing: this.playing })
    );
  }
  override snapshot(): EngineSnapshot {
    const streams = Object.entries(this.bitrates).map(([name, bitrateBps]) => ({
      name,
      state: this.state,
      warnings: [],
      bitrateBps,
      substream: this.substreams[name],
    }));
    return {
      atMs: Date.now(),
      threads: [this.utilisation, 0.1].map((eventLoopUtilisation, index) => ({
        index,
        eventLoopUtilisation,
      })),
      streams,
      joinsTotal: { ok: 1 },
    } as unknown as EngineSnapshot;
  }
  override onEvent(listener?: (event: EngineEvent) => void): void {
    this.#onEvent = listener;
  }
  override closeSession(sessionId: string, reason?: SessionEnd): void {
    this.closed.push(`${sessionId} ${reason}`);
  }
  connected(sessionId: string): void {
    this.#onEvent?.({ kind: 'viewer-joined', sessionId, stream: 'lobby', atMs: Date.now() });
  }
}

function setUp(
  limits: Partial<AdmissionLimits> = {},
  maxViewers: Record<string, number> = {},
  behind?: BookedEngine,
  isThere = (_stream: string): boolean => true,
) {
  const stub = new StubEngine();
  const maxBitrates: Record<string, number> = {};
  const load = { memory: { usedBytes: 0.2 * GB, limitBytes: GB }, mainUtilisation: 0.1 };
  const all = { viewers: 100, bitrateBps: undefined, memoryShare: 0.9, ...limits };
  const engine = new AdmittingEngine({
    engine: behind ?? stub,
    limits: all,
    streamLimitsOf: (stream) => ({ viewers: maxViewers[stream], bitrateBps: maxBitrates[stream] }),
    threadOf: (stream) => (isThere(stream) ? Number(stream !== 'lobby') : undefined),
    readLoad: () => load,
    clock: () => Date.now(),
    random: () => 0.5,
  });
  /** The session's id, or why there is none. */
  const join = async (stream = 'lobby', connects = true): Promise<string | undefined> => {
    const result = await engine.offer(stream, '');
    if (!result.ok) return result.reason ?? result.code;
    if (connects) stub.connected(result.sessionId);
    return result.sessionId;
  };
  return { stub, load, engine, join, limits: all, maxViewers, maxBitrates };
}

/** The rates that the engine tells are looked at once a second. */
const aSecond = (): void => void vi.advanceTimersByTime(1000);

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('configured limits', () => {
  test('of a stream, of the host; a place is free again when its viewer leaves', async () => {
    const { stub, engine, join } = setUp({ viewers: 3 }, { lobby: 2 });
    expect([await join(), await join(), await join(), await join('gate'), await join('gate')]).toEqual([
      's1',
      's2',
      'stream-viewers',
      's3',
      'host-viewers',
    ]);
    expect(engine.fullHost).toEqual(['host-viewers']);
    stub.endSession('s1', 'lobby');
    engine.closeSession('s3');
    expect(await join('gate')).toBe('s4');
    expect(engine.fullHost).toEqual([]);
    expect(await join()).toBe('s5');
    expect(engine.snapshot()).toMatchObject({
      overCapacityTotal: { 'stream-viewers': 1, 'host-viewers': 1, memory: 0 },
      joinsTotal: { ok: 1, 'over-capacity': 2 },
      connectingSessions: 0,
    });
  });

  test('a media thread that dies takes its viewers out of the count, once', async () => {
    const stub = new StubEngine();
    let crash: ((error: Error) => void) | undefined;
    const restarting = await RestartingEngine.start({
      index: 0,
      start(_, onCrash) {
        crash = onCrash;
        return Promise.resolve(stub);
      },
      onCrash: () => undefined,
      clock: () => Date.now(),
    });
    const { engine, join } = setUp({ viewers: 2 }, {}, restarting);
    const left: (string | undefined)[] = [];
    engine.onEvent((event) => {
      if (event.kind === 'viewer-left') left.push(`${event.sessionId} ${event.reason}`);
    });
    expect([await join('lobby', false), await join('gate', false), await join()]).toEqual([
      's1',
      's2',
      'host-viewers',
    ]);
    crash?.(new Error('died'));
    expect(left).toEqual(['s1 engine-stopped', 's2 engine-stopped']);
    expect(engine.fullHost).toEqual([]);
    expect(engine.snapshot()).toMatchObject({ sessions: 0, connectingSessions: 0, expectedBitrateBps: 0 });
    await vi.advanceTimersByTimeAsync(200);
    expect([await join('lobby', false), await join('gate', false)]).toEqual(['s3', 's4']);
    expect(left).toHaveLength(2);
    await engine.close();
  });

  test('of the bit rate: each viewer counts with the rate of its stream; refusing goes on to 95 %', async () => {
    const { stub, engine, join } = setUp({ bitrateBps: 10_000_000 });
    aSecond();
    expect([await join(), await join(), await join()]).toEqual(['s1', 's2', 'host-bitrate']);
    expect(engine.snapshot()?.expectedBitrateBps).toBe(8_000_000);
    stub.bitrates['lobby'] = 4_800_000;
    aSecond();
    expect(await join('gate')).toBe('host-bitrate');
    // A rate that falls is believed by 2 % a second.
    stub.bitrates['lobby'] = 4_200_000;
    aSecond();
    expect(await join('gate')).toBe('host-bitrate');
    vi.advanceTimersByTime(6000);
    expect(await join('gate')).toBe('s3');
  });

  test('of the bit rate: who sees the substream counts with its rate', async () => {
    const { stub, engine, join } = setUp({ bitrateBps: 100_000_000 });
    stub.substreams['lobby'] = { bitrateBps: 400_000 };
    aSecond();
    for (let i = 0; i < 25; i++) await join();
    expect(await join()).toBe('host-bitrate');
    for (let i = 1; i <= 24; i++) stub.book?.giveBack(`s${i}`);
    expect(engine.snapshot()?.expectedBitrateBps).toBe(24 * 400_000 + 4_000_000);
    stub.playing = 'sub';
    expect(await join()).toBe('s26');
    expect(engine.snapshot()?.expectedBitrateBps).toBe(25 * 400_000 + 4_000_000);
  });

  test('of the bit rate: whoever sees the substream goes up only as far as there is room, all in one moment', async () => {
    const { stub, engine, join } = setUp({ bitrateBps: 20_000_000 });
    stub.substreams['lobby'] = { bitrateBps: 500_000 };
    stub.playing = 'sub';
    aSecond();
    const ids: string[] = [];
    for (let id = await join(); id !== 'host-bitrate'; id = await join()) ids.push(id ?? '');
    // The new one counts with the main stream.
    expect(ids).toHaveLength(33);
    stub.endSession('s33', 'lobby');
    for (const id of ids.slice(20)) stub.endSession(id, 'lobby');
    aSecond();
    const up = ids.slice(0, 20).filter((id) => stub.book?.take(id));
    expect(up).toEqual(['s1', 's2']);
    expect(engine.snapshot()?.expectedBitrateBps).toBe(2 * 4_000_000 + 18 * 500_000);
    // Asked again, or left, nothing is counted twice.
    expect([stub.book?.take('s1'), stub.book?.take('s3')]).toEqual([true, false]);
    stub.book?.giveBack('s1');
    stub.book?.giveBack('s1');
    expect(stub.book?.take('s3')).toBe(true);
    stub.endSession('s2', 'lobby');
    stub.endSession('s2', 'lobby');
    expect(['s2', 's4', 's5', 's6'].map((id) => stub.book?.take(id))).toEqual([false, true, false, false]);
    expect(engine.snapshot()?.keptDownTotal).toEqual({ 'stream-bitrate': 0, 'host-bitrate': 18 + 1 + 2 });
  });

  test('of the bit rate: the last 5 % are for those who come, unless nobody else is there', async () => {
    const { stub, join } = setUp({ bitrateBps: 10_000_000 });
    stub.substreams['lobby'] = { bitrateBps: 2_000_000 };
    stub.playing = 'sub';
    aSecond();
    for (let i = 0; i < 4; i++) await join();
    // Three of them stay, and it would be sent 4 Mbit/s: 10 of 10.
    expect(stub.book?.take('s1')).toBe(false);
    stub.endSession('s4', 'lobby');
    expect(stub.book?.take('s1')).toBe(true);
    expect(await join('gate')).toBe('s5');
    for (const id of ['s1', 's3', 's5']) stub.endSession(id, 'lobby');
    stub.bitrates['lobby'] = 10_000_000;
    aSecond();
    expect(stub.book?.take('s2')).toBe(true);
  });

  test.each([
    { limit: 'of the host', limits: { bitrateBps: 20_000_000 }, maxBitrate: undefined },
    { limit: 'of the stream', limits: {}, maxBitrate: 20_000_000 },
  ])(
    'of the bit rate $limit: before anything is measured a viewer counts with 4 Mbit/s, one of a substream with an eighth',
    async ({ limits, maxBitrate }) => {
      const { stub, engine, join, maxBitrates } = setUp(limits);
      if (maxBitrate !== undefined) maxBitrates['lobby'] = maxBitrate;
      stub.bitrates = {};
      stub.playing = 'sub';
      for (let i = 0; i < 4; i++) await join();
      stub.playing = 'main';
      const came: (string | undefined)[] = [];
      for (let i = 0; i < 6; i++) came.push(await join());
      expect(came.filter((id) => id?.startsWith('s') === true && /\d/.test(id))).toEqual([
        's5',
        's6',
        's7',
        's8',
      ]);
      expect(engine.snapshot()?.expectedBitrateBps).toBe(4 * 500_000 + 4 * 4_000_000);
      expect(stub.book?.take('s1')).toBe(false);
      stub.endSession('s8', 'lobby');
      expect(stub.book?.take('s1')).toBe(true);
    },
  );

  test('of the bit rate: a camera that is away keeps the room of its viewers, and so does a media thread that begins again', async () => {
    const { stub, engine, join } = setUp({ bitrateBps: 20_000_000 });
    aSecond();
    for (let i = 0; i < 4; i++) await join();
    const rates = stub.bitrates;
    for (const away of [{ lobby: 0, gate: 1_000_000 }, {}]) {
      stub.bitrates = away;
      vi.advanceTimersByTime(60_000);
      expect(engine.snapshot()?.expectedBitrateBps).toBe(16_000_000);
    }
    stub.bitrates = rates;
    aSecond();
    expect(await join()).toBe('s5');
    expect(await join()).toBe('host-bitrate');
  });

  test('of the bit rate: who comes to a stream that has its substream alone counts with that', async () => {
    const { stub, engine, join } = setUp({ bitrateBps: 2_000_000 });
    stub.state = 'refused';
    stub.bitrates = { lobby: 0 };
    stub.substreams['lobby'] = { bitrateBps: 500_000 };
    stub.playing = 'sub';
    aSecond();
    for (let i = 1; i <= 4; i++) expect(await join()).toBe(`s${i}`);
    expect(await join()).toBe('host-bitrate');
    expect(engine.snapshot()?.expectedBitrateBps).toBe(2_000_000);
  });

  test('of the bit rate: a stream that was removed is forgotten', async () => {
    let isThere = true;
    const { engine, join } = setUp({ bitrateBps: 20_000_000 }, {}, undefined, () => isThere);
    aSecond();
    isThere = false;
    aSecond();
    isThere = true;
    await join('gate');
    expect(engine.snapshot()?.expectedBitrateBps).toBe(4_000_000);
  });

  test('of the bit rate: of a stream that is not there the engine says so, however full the host is', async () => {
    const { stub, engine, join } = setUp({ bitrateBps: 8_000_000 }, {}, undefined, (name) => name !== 'gone');
    aSecond();
    for (let i = 0; i < 2; i++) await join();
    const notFound: OfferResult = { ok: false, code: 'stream-not-found', message: 'none' };
    stub.answers = Promise.resolve(notFound);
    expect(await engine.offer('gone', '')).toBe(notFound);
    expect(engine.fullHost).toEqual([]);
  });

  test('of the bit rate: a camera on demand is measured by its first viewer, whatever it was sent before', async () => {
    const { stub, join, maxBitrates } = setUp({ bitrateBps: 3_000_000 });
    maxBitrates['lobby'] = 2_500_000;
    stub.state = 'idle';
    stub.bitrates = { lobby: 0 };
    aSecond();
    expect(await join()).toBe('s1');
    expect(await join()).toBe('stream-bitrate');
    stub.state = 'live';
    stub.bitrates = { lobby: 1_000_000 };
    aSecond();
    expect(await join()).toBe('s2');
    expect(await join()).toBe('stream-bitrate');
    stub.bitrates = { lobby: 2_600_000 };
    aSecond();
    for (const id of ['s1', 's2']) stub.endSession(id, 'lobby');
    expect(await join()).toBe('stream-bitrate');
    stub.state = 'idle';
    stub.bitrates = { lobby: 0 };
    aSecond();
    expect(await join()).toBe('s3');
  });

  test('of the bit rate: whoever wants the main stream and must wait for room is told so', async () => {
    const { stub, engine, join, limits } = setUp({ bitrateBps: 4_000_000 });
    stub.substreams['lobby'] = { bitrateBps: 500_000 };
    stub.playing = 'sub';
    aSecond();
    await join();
    stub.quality = { wanted: 'main', playing: 'sub', switchingTo: 'main', reason: undefined };
    expect(stub.book?.take('s1')).toBe(true);
    expect(await engine.sessionQuality('s1', { quality: 'main' })).toBe(stub.quality);
    stub.book?.giveBack('s1');
    stub.bitrates['lobby'] = 4_000_001;
    aSecond();
    expect(stub.book?.take('s1')).toBe(false);
    expect(await engine.sessionQuality('s1', {})).toEqual({
      wanted: 'main',
      playing: 'sub',
      switchingTo: undefined,
      reason: 'The relay sends as much as it may send. The main stream follows when there is room.',
    });
    // There is room by now: it has only to ask again.
    engine.setLimits({ ...limits, bitrateBps: 5_000_000 });
    expect(await engine.sessionQuality('s1', {})).toBe(stub.quality);
  });

  test('of the bit rate of one stream: the others are not asked, and its viewers go up only as far as there is room', async () => {
    const { stub, engine, join, maxBitrates } = setUp();
    maxBitrates['lobby'] = 9_000_000;
    aSecond();
    expect([await join(), await join(), await join()]).toEqual(['s1', 's2', 'stream-bitrate']);
    expect(engine.snapshot()?.overCapacityTotal).toMatchObject({ 'stream-bitrate': 1, 'host-bitrate': 0 });
    expect(engine.fullHost).toEqual([]);
    expect(await join('gate')).toBe('s3');
    // Below 95 % of it there must be room for the next.
    maxBitrates['lobby'] = 12_000_000;
    expect(await join()).toBe('stream-bitrate');
    maxBitrates['lobby'] = 12_700_000;
    expect(await join()).toBe('s4');
    stub.substreams['lobby'] = { bitrateBps: 500_000 };
    stub.book?.giveBack('s1');
    maxBitrates['lobby'] = 12_000_000;
    expect(stub.book?.take('s1')).toBe(false);
    stub.quality = { wanted: 'main', playing: 'sub', switchingTo: 'main', reason: undefined };
    expect((await engine.sessionQuality('s1', {}))?.reason).toBe(
      'The viewers of this stream are sent as much as they may be sent. The main stream follows when there is room.',
    );
    // With who goes up 95 % of it.
    maxBitrates['lobby'] = 12_650_000;
    expect(stub.book?.take('s1')).toBe(true);
    // Whoever never connected makes way for the next of its stream.
    stub.endSession('s4', 'lobby');
    maxBitrates['lobby'] = 13_000_000;
    await join('gate', false);
    const held = await join('lobby', false);
    expect(await join()).toBe('stream-bitrate');
    vi.advanceTimersByTime(3100);
    expect(await join()).toBe('s7');
    expect(stub.closed).toEqual([`${held} never-connected`]);
  });

  test('offers that wait for their answer have a place, and give it back when they fail', async () => {
    const { stub, join } = setUp({ viewers: 1 });
    const { promise, resolve } = Promise.withResolvers<OfferResult>();
    stub.answers = promise;
    const first = join();
    expect(await join()).toBe('host-viewers');
    resolve({ ok: false, code: 'stream-not-ready', message: '' });
    expect(await first).toBe('stream-not-ready');
    stub.answers = Promise.reject(new Error('a bug'));
    await expect(join()).rejects.toThrow('a bug');
    stub.answers = undefined;
    expect(await join()).toBe('s1');
  });

  test('change while it runs: viewers that are there stay', async () => {
    const { engine, join, limits, maxViewers, stub } = setUp();
    expect([await join(), await join()]).toEqual(['s1', 's2']);
    engine.setLimits({ ...limits, viewers: 2 });
    expect(await join()).toBe('host-viewers');
    engine.setLimits({ ...limits, viewers: 20 });
    maxViewers['lobby'] = 1;
    expect(await join()).toBe('stream-viewers');
    expect(stub.closed).toEqual([]);
  });
});

describe('viewers that never connect', () => {
  test('give their place to the next once they had three seconds', async () => {
    const { stub, join } = setUp({ viewers: 2 });
    expect([await join('lobby', false), await join('lobby', false)]).toEqual(['s1', 's2']);
    vi.advanceTimersByTime(2900);
    expect(await join()).toBe('host-viewers');
    vi.advanceTimersByTime(200);
    expect(await join()).toBe('s3');
    expect(stub.closed).toEqual(['s1 never-connected']);
    stub.connected('s2');
    expect(await join()).toBe('host-viewers');
  });

  test('of another stream keep theirs when it is the stream that is full', async () => {
    const { stub, join } = setUp({}, { lobby: 1 });
    await join('gate', false);
    await join('lobby', false);
    vi.advanceTimersByTime(3100);
    expect(await join()).toBe('s3');
    expect(stub.closed).toEqual(['s2 never-connected']);
  });

  test('are bounded in number, far below what the host may have', async () => {
    const { stub, engine, join } = setUp({ viewers: 10_000 });
    for (let i = 0; i < 128; i++) await join('lobby', false);
    expect(engine.snapshot()?.connectingSessions).toBe(128);
    expect(await join()).toBe('connecting');
    vi.advanceTimersByTime(3100);
    for (let i = 0; i < 500; i++) await join('lobby', false);
    expect(engine.snapshot()?.connectingSessions).toBe(128);
    expect(stub.closed).toHaveLength(128);
  });
});

describe('measured limits', () => {
  test('a media thread that has been busy for seconds, until it is at rest again', async () => {
    const { stub, engine, join } = setUp();
    stub.utilisation = 1;
    vi.advanceTimersByTime(2000);
    expect(await join()).toBe('s1');
    vi.advanceTimersByTime(10_000);
    expect(await join()).toBe('event-loop');
    // Streams on another thread do not mind.
    expect(await join('gate')).toBe('s2');
    expect(engine.fullHost).toEqual([]);
    stub.utilisation = 0.9;
    vi.advanceTimersByTime(10_000);
    expect(await join()).toBe('event-loop');
    stub.utilisation = 0.5;
    vi.advanceTimersByTime(10_000);
    expect(await join()).toBe('s3');
  });

  test('the main thread', async () => {
    const { load, engine, join } = setUp();
    load.mainUtilisation = 1;
    vi.advanceTimersByTime(12_000);
    expect(await join()).toBe('event-loop');
    expect(engine.fullHost).toEqual(['event-loop']);
  });

  test('memory, with five points between no and yes', async () => {
    const { load, engine, join } = setUp();
    load.memory = { usedBytes: 0.9 * GB, limitBytes: GB };
    vi.advanceTimersByTime(1000);
    expect(await join()).toBe('memory');
    expect(engine.snapshot()).toMatchObject({ memoryUsedBytes: 0.9 * GB, memoryLimitBytes: GB });
    load.memory = { usedBytes: 0.86 * GB, limitBytes: GB };
    vi.advanceTimersByTime(1000);
    expect(await join()).toBe('memory');
    load.memory = { usedBytes: 0.84 * GB, limitBytes: GB };
    vi.advanceTimersByTime(1000);
    expect(await join()).toBe('s1');
  });
});

test('a refusal says which limit, and when to come back', async () => {
  const { engine } = setUp({ viewers: 0 });
  expect(await engine.offer('lobby', '')).toEqual({
    ok: false,
    code: 'over-capacity',
    reason: 'host-viewers',
    message: expect.stringMatching(/viewers/),
    retryAfterSeconds: 15,
  });
});

test('nothing is left of a closed one', async () => {
  const { engine } = setUp();
  await engine.close();
  expect(vi.getTimerCount()).toBe(0);
});
