import { describe, expect, it } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import type { Track } from '../media/track.ts';
import { SourceError, type Source, type SourceSink } from './source.ts';
import { backOffMs, supervise, type SupervisorState } from './supervisor.ts';

const track: Track = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};
const soundTrack: Track = {
  kind: 'audio',
  codec: 'pcmu',
  encodingName: 'PCMU',
  clockRate: 8000,
  channels: 1,
};
const unit: AccessUnit = {
  track,
  ticks: 0,
  arrivalMs: 0,
  captureMs: undefined,
  isKey: true,
  isBroken: false,
  data: new Uint8Array(1),
  unitEnds: [1],
};
const noReport = {
  packets: 1,
  bytes: 1,
  lost: 0,
  reordered: 0,
  broken: 0,
  jitterSeconds: undefined,
  roundTripSeconds: undefined,
  transport: 'tcp',
};

interface Run {
  readonly sink: SourceSink;
  readonly signal: AbortSignal;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/** A supervised source whose runs, clock and timers are the test's. */
function stage(random = 0, isStubborn = false) {
  const runs: Run[] = [];
  const states: SupervisorState[] = [];
  const got = { tracks: 0, units: 0, reports: 0 };
  const timers = new Set<{ atMs: number; callback: () => void }>();
  const abort = new AbortController();
  let nowMs = 0;
  const source: Source = {
    label: 'rtsp://cam/live',
    run(sink, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      runs.push({ sink, signal, end: resolve, fail: reject });
      if (!isStubborn) signal.addEventListener('abort', () => resolve());
      return promise;
    },
  };
  const done = supervise({
    source,
    sink: {
      tracks: () => void got.tracks++,
      accessUnit: () => void got.units++,
      received: () => void got.reports++,
    },
    signal: abort.signal,
    clock: () => nowMs,
    random: () => random,
    setTimer(callback, delayMs) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    onState: (state) => states.push(state),
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return {
    runs,
    states,
    got,
    timers,
    abort,
    done,
    settle,
    last: () => runs.at(-1) as Run,
    async fail(error: Error = new SourceError('unreachable', 'cam:554 refused')) {
      runs.at(-1)?.fail(error);
      await settle();
    },
    async pass(ms: number) {
      const untilMs = nowMs + ms;
      for (;;) {
        const next = [...timers].filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.atMs);
        timers.delete(next);
        next.callback();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
  };
}

describe('supervise', () => {
  it('retries from the very first failure, slower and slower, for ever', async () => {
    const s = stage();
    const delays: number[] = [];
    for (let failure = 1; failure <= 9; failure++) {
      expect(s.runs).toHaveLength(failure);
      await s.fail();
      const state = s.states.at(-1);
      expect(state).toMatchObject({
        kind: 'waiting',
        reason: 'unreachable',
        message: 'cam:554 refused',
        attempt: failure,
      });
      delays.push(state?.kind === 'waiting' ? state.delayMs : -1);
      await s.pass((delays.at(-1) ?? 0) - 1);
      expect(s.runs).toHaveLength(failure);
      await s.pass(1);
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
    expect(s.states.slice(-1)).toEqual([{ kind: 'connecting' }]);
    s.abort.abort();
    await s.done;
  });

  it.each([
    [10_000, 1],
    [9999, 3],
  ])('after %i ms of media the next failure is number %i', async (mediaMs, attempt) => {
    const s = stage();
    await s.fail();
    await s.pass(500);
    await s.fail();
    await s.pass(1000);
    s.last().sink.accessUnit(unit);
    await s.pass(5000);
    s.last().sink.accessUnit(unit);
    await s.pass(mediaMs - 5000);
    s.last().sink.accessUnit(unit);
    await s.fail();
    expect(s.states.at(-1)).toMatchObject({ kind: 'waiting', attempt });
    s.abort.abort();
    await s.done;
  });

  it('says connected once per run and hands everything on', async () => {
    const s = stage();
    s.last().sink.tracks([track]);
    s.last().sink.tracks([track]);
    s.last().sink.accessUnit(unit);
    s.last().sink.received(noReport);
    expect(s.states).toEqual([{ kind: 'connecting' }, { kind: 'connected' }]);
    expect(s.got).toEqual({ tracks: 2, units: 1, reports: 1 });
    s.abort.abort();
    await s.done;
  });

  it.each([
    ['15 s after the start', undefined, 15_000],
    ['10 s after it connected', 2000, 12_000],
    ['15 s after the start however late it connected', 9000, 15_000],
  ])('ends a run without pictures %s', async (_, connectsMs, stalledMs) => {
    const s = stage();
    await s.pass(connectsMs ?? 0);
    if (connectsMs !== undefined) s.last().sink.tracks([track]);
    await s.pass(stalledMs - (connectsMs ?? 0) - 1);
    expect(s.last().signal.aborted).toBe(false);
    await s.pass(1);
    expect(s.runs[0]?.signal.aborted).toBe(true);
    expect(s.states.at(-1)).toMatchObject({ kind: 'waiting', reason: 'stalled', attempt: 1, delayMs: 500 });
    s.abort.abort();
    await s.done;
  });

  it('ends a run whose pictures stop for 10 s', async () => {
    const s = stage();
    s.last().sink.tracks([track]);
    for (let i = 0; i < 8; i++) {
      await s.pass(4000);
      s.last().sink.accessUnit(unit);
    }
    await s.pass(9999);
    expect(s.states.at(-1)).toEqual({ kind: 'connected' });
    await s.pass(1);
    expect(s.states.at(-1)).toMatchObject({
      reason: 'stalled',
      message: 'rtsp://cam/live sent no picture for 10 s',
    });
    s.abort.abort();
    await s.done;
  });

  it('is not fooled by sound that goes on without pictures', async () => {
    const s = stage();
    s.last().sink.tracks([track, soundTrack]);
    s.last().sink.accessUnit(unit);
    for (let i = 0; i < 9; i++) {
      await s.pass(1000);
      s.last().sink.accessUnit({ ...unit, track: soundTrack });
    }
    await s.pass(999);
    expect(s.states.at(-1)).toEqual({ kind: 'connected' });
    await s.pass(1);
    expect(s.states.at(-1)).toMatchObject({ kind: 'waiting', reason: 'stalled' });
    expect(s.got.units).toBe(10);
    s.abort.abort();
    await s.done;
  });

  it('goes on without a run that does not end when told to, and hears nothing of it any more', async () => {
    const s = stage(0, true);
    await s.pass(15_000);
    expect(s.states.at(-1)).toMatchObject({ reason: 'stalled' });
    await s.pass(500);
    expect(s.runs).toHaveLength(2);
    s.runs[0]?.sink.tracks([track]);
    s.runs[0]?.sink.accessUnit(unit);
    s.runs[0]?.fail(new Error('too late'));
    await s.settle();
    expect(s.got).toEqual({ tracks: 0, units: 0, reports: 0 });
    expect(s.runs).toHaveLength(2);
    s.abort.abort();
    await s.done;
  });

  it('retries a camera of another codec at the slowest pace', async () => {
    const s = stage(1);
    await s.fail(new SourceError('unsupported-codec', 'H265'));
    expect(s.states.at(-1)).toMatchObject({ reason: 'unsupported-codec', attempt: 1, delayMs: 30_000 });
    s.abort.abort();
    await s.done;
  });

  it('treats an end without error as one, and an unknown error as internal', async () => {
    const s = stage();
    s.last().end();
    await s.settle();
    expect(s.states.at(-1)).toMatchObject({ reason: 'ended' });
    await s.pass(500);
    await s.fail(new TypeError('x is undefined'));
    expect(s.states.at(-1)).toMatchObject({ reason: 'internal', attempt: 2 });
    s.abort.abort();
    await s.done;
  });

  it('ends at once and leaves no timer behind, whatever it is doing', async () => {
    const running = stage(0, true);
    running.abort.abort();
    await running.done;
    expect(running.last().signal.aborted).toBe(true);
    expect(running.timers.size).toBe(0);
    const waiting = stage();
    await waiting.fail();
    waiting.abort.abort();
    await waiting.done;
    expect(waiting.timers.size).toBe(0);
    expect(waiting.runs).toHaveLength(1);
  });
});

describe('backOffMs', () => {
  it('stays within half a second and 30 s, and is spread', () => {
    for (let attempt = 1; attempt < 2000; attempt += 7) {
      for (const random of [0, 0.5, 0.999]) {
        const delayMs = backOffMs('timeout', attempt, () => random);
        expect(delayMs).toBeGreaterThanOrEqual(500);
        expect(delayMs).toBeLessThanOrEqual(30_000);
      }
    }
    expect(backOffMs('timeout', 3, () => 0.999)).toBeGreaterThan(1.9 * backOffMs('timeout', 3, () => 0));
  });
});
