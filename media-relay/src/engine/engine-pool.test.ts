import { beforeEach, describe, expect, test } from 'vitest';

import { FakeEngine, liveSnapshot } from '../http/testing/fake-engine.ts';
import { EnginePool } from './engine-pool.ts';
import type { EngineEvent, EngineSnapshot, StreamSpec } from './messages.ts';
import { emptySnapshot } from './snapshots.ts';

class FakeThread extends FakeEngine {
  isRunning = true;
  readonly streams = new Set<string>();
  readonly #index: number;
  readonly #eventListeners: ((event: EngineEvent) => void)[] = [];
  closed = 0;

  constructor(index: number) {
    super();
    this.#index = index;
  }
  override setStream(spec?: StreamSpec): void {
    this.streams.add(spec?.name ?? '');
    this.calls.push(`set ${spec?.name} ${spec?.url}`);
  }
  override removeStream(name?: string): void {
    this.streams.delete(name ?? '');
    this.calls.push(`remove ${name}`);
  }
  override snapshot(): EngineSnapshot {
    const thread = { index: this.#index, isRunning: this.isRunning, restartsTotal: 0 };
    return {
      ...emptySnapshot(this.#index, thread),
      streams: this.snapshots,
      sessions: 1,
      joinsTotal: { ok: 2 },
    };
  }
  override onEvent(listener?: (event: EngineEvent) => void): void {
    if (listener) this.#eventListeners.push(listener);
  }
  say(event: EngineEvent): void {
    for (const listener of this.#eventListeners) listener(event);
  }
  override close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

let threads: [FakeThread, FakeThread];
let pool: EnginePool;

beforeEach(async () => {
  threads = [new FakeThread(0), new FakeThread(1)];
  pool = await EnginePool.start(2, (index) => Promise.resolve(threads[index] ?? expect.unreachable()));
});

function spec(name: string, url = 'rtsp://h/'): StreamSpec {
  return { name, url, onDemand: false, transport: 'auto', tlsFingerprint: undefined };
}

function set(...names: string[]): void {
  for (const name of names) pool.setStream(spec(name));
}

describe('placement', () => {
  test('spreads new streams by what those that are there need', () => {
    set('a', 'b', 'c');
    expect(threads.map(({ streams }) => [...streams])).toEqual([['a', 'c'], ['b']]);
    // b has many viewers now, so the next ones go to the other thread.
    threads[0].snapshots = ['a', 'c'].map((name) => ({ ...liveSnapshot, name, viewers: 0 }));
    threads[1].snapshots = [{ ...liveSnapshot, name: 'b', viewers: 9 }];
    set('d', 'e');
    expect(threads.map(({ streams }) => [...streams])).toEqual([['a', 'c', 'd', 'e'], ['b']]);
  });

  test('a stream stays where it is when it is replaced, and is placed anew when it was removed', () => {
    set('a', 'b');
    threads[0].snapshots = [{ ...liveSnapshot, name: 'a', viewers: 100 }];
    pool.setStream(spec('a', 'rtsp://other/'));
    expect(threads[0].calls).toEqual(['set a rtsp://h/', 'set a rtsp://other/']);
    pool.removeStream('a');
    pool.removeStream('unknown');
    expect(threads[0].calls.at(-1)).toBe('remove a');
    set('x', 'y', 'a');
    expect(threads.map(({ streams }) => [...streams])).toEqual([
      ['x', 'y'],
      ['b', 'a'],
    ]);
  });

  test('a thread that is down gets no new stream', () => {
    threads[0].isRunning = false;
    set('a', 'b');
    expect([...threads[1].streams]).toEqual(['a', 'b']);
    expect(pool.running).toEqual({ running: 1, total: 2 });
  });
});

test('offers go to the thread of the stream, and what concerns a session to the thread of that', async () => {
  set('a', 'b');
  threads[0].offerResult = { ok: true, sessionId: 'one', sdp: '' };
  threads[1].offerResult = { ok: true, sessionId: 'two', sdp: '' };
  expect(await pool.offer('b', 'v=0')).toMatchObject({ sessionId: 'two' });
  expect(await pool.offer('a', 'v=0')).toMatchObject({ sessionId: 'one' });
  expect(await pool.offer('c', 'v=0')).toMatchObject({ ok: false, code: 'stream-not-found' });
  expect(await pool.sessionClock('two', 9)).toEqual(threads[1].clock);
  pool.closeSession('one');
  pool.restartStream('b');
  expect(threads[0].calls.slice(1)).toEqual(['offer a 3', 'close one']);
  expect(threads[1].calls.slice(1)).toEqual(['offer b 3', 'clock two 9', 'restart b']);

  const ended: string[] = [];
  pool.onSessionEnded((session, stream, reason) => ended.push(`${session} ${stream} ${reason}`));
  threads[1].endSession('two', 'b');
  expect(ended).toEqual(['two b silent']);
  expect(await pool.sessionClock('two', 9)).toBeUndefined();
  pool.closeSession('two');
  expect(threads[1].calls.at(-1)).toBe('restart b');
});

test('events of all threads arrive, snapshots are one', () => {
  const kinds: string[] = [];
  pool.onEvent(({ kind, stream }) => kinds.push(`${kind} ${stream}`));
  threads[1].say({ kind: 'stream-up', stream: 'b', atMs: 1 });
  threads[0].say({ kind: 'stream-up', stream: 'a', atMs: 1 });
  expect(kinds).toEqual(['stream-up b', 'stream-up a']);
  threads[0].snapshots = [{ ...liveSnapshot, name: 'a' }];
  threads[1].snapshots = [{ ...liveSnapshot, name: 'b' }];
  expect(pool.snapshot()).toMatchObject({
    atMs: 1,
    threads: [{ index: 0 }, { index: 1 }],
    streams: [{ name: 'a' }, { name: 'b' }],
    sessions: 2,
    joinsTotal: { ok: 4 },
  });
});

test('once it closes, nobody new is let in', async () => {
  set('a');
  const closing = pool.close();
  expect(await pool.offer('a', 'v=0')).toMatchObject({ ok: false, code: 'shutting-down' });
  await Promise.all([closing, pool.close()]);
  expect(threads.map(({ closed }) => closed)).toEqual([1, 1]);
  expect(threads[0].calls).toEqual(['set a rtsp://h/']);
});

test('when one thread cannot start, the others end', async () => {
  const [first] = threads;
  const failing = EnginePool.start(2, (index) =>
    index === 0 ? Promise.resolve(first) : Promise.reject(new Error('port 8642 is taken')),
  );
  await expect(failing).rejects.toThrow('port 8642 is taken');
  expect(first.closed).toBe(1);
});
