import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLibrary, registerCallback } from '../native/library.ts';
import { MediaThreads } from '../testing/media-threads.ts';
import { TestViewer } from '../testing/test-viewer.ts';
import { startEngine } from './engine-client.ts';
import type { EnginePort } from './engine-port.ts';
import type { EngineSpec } from './messages.ts';

const intervals = ['setInterval', 'clearInterval'] as const;
const timers = [...intervals, 'setTimeout', 'clearTimeout'] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: [...intervals] }));
afterEach(() => void vi.useRealTimers());

const spec: EngineSpec = { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [] };

test('a media thread that hangs before its first word is ended, and said to be at fault', async () => {
  const started = startEngine({
    spec,
    log: () => undefined,
    onCrash: () => expect.unreachable('it never ran'),
  });
  // No word of the thread is heard before this is over.
  vi.advanceTimersByTime(60_000);
  await expect(started).rejects.toThrow('the media thread hung: not a word for 60 s');
  expect(vi.getTimerCount()).toBe(0);
});

/** With a stream `cam` that is live. */
async function startWithCamera(onCrash: (error: Error) => void): Promise<EnginePort> {
  const engine = await startEngine({ spec, log: () => undefined, onCrash });
  const isUp = new Promise<void>((resolve) =>
    engine.onEvent(({ kind }) => (kind === 'stream-up' ? resolve() : undefined)),
  );
  engine.setStream({
    name: 'cam',
    url: 'demo:?width=320&height=180&fps=20&gop=10&bitrate=300000',
    onDemand: false,
    transport: 'auto',
    tlsFingerprint: undefined,
  });
  await isUp;
  return engine;
}

test('a media thread that hangs when the relay stops is ended after five seconds', async () => {
  vi.useFakeTimers({ toFake: [...timers] });
  const engine = await startEngine({
    spec,
    log: () => undefined,
    onCrash: () => expect.unreachable('it was asked to stop'),
  });
  using threads = await MediaThreads.attach();
  await threads.hang(0);
  let hasEnded = false;
  const ended = engine.close().then(() => (hasEnded = true));
  vi.advanceTimersByTime(4999);
  await new Promise(setImmediate);
  expect(hasEnded).toBe(false);
  vi.advanceTimersByTime(1);
  await ended;
  expect(vi.getTimerCount()).toBe(0);
});

test('an answer that comes when nobody waits for it any more leaves no session', async () => {
  vi.useFakeTimers({ toFake: [...timers] });
  const engine = await startWithCamera(() => expect.unreachable('it goes on'));
  const sessionEnded = new Promise((resolve) =>
    engine.onSessionEnded((_sessionId, stream, reason) => resolve([stream, reason])),
  );
  const viewer = new TestViewer();
  const offered = engine.offer('cam', viewer.offer());
  // No word of the thread is heard before this is over.
  vi.advanceTimersByTime(2000);
  expect(await offered).toMatchObject({ ok: false, code: 'stream-not-ready', message: 'The relay is busy.' });
  expect(await sessionEnded).toEqual(['cam', 'closed-by-viewer']);
  viewer.close();
  await engine.close();
});

/** Bytes below 2^31 that belong to no file, heap or stack. */
function lowBytes(): number {
  return readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0 *$/.exec(line))
    .map((range) => [Number.parseInt(range?.[1] ?? '0', 16), Number.parseInt(range?.[2] ?? '0', 16)] as const)
    .reduce((sum, [begin, end]) => sum + (end <= 2 ** 31 ? end - begin : 0), 0);
}

function openSockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // That of the folder itself.
      return false;
    }
  }).length;
}

/** Counts the objects of one kind that OpenSSL frees: 0 for SSL, 1 for SSL_CTX (<openssl/crypto.h>). */
function countFreed(kind: 0 | 1): Disposable & { count: number } {
  const { bind } = openLibrary(undefined);
  const P = 'uint64_t';
  const newIndex = bind('CRYPTO_get_ex_new_index', 'int', ['int', 'long', P, P, P, P]);
  const freeIndex = bind('CRYPTO_free_ex_index', 'int', ['int', 'int']);
  const freed = { count: 0 };
  const callback = registerCallback('void', [P, P, P, 'int', 'long', P], () => ++freed.count);
  const index = newIndex(kind, 0, 0, 0, 0, callback.pointer);
  return Object.assign(freed, {
    [Symbol.dispose]() {
      freeIndex(kind, index);
      callback.release();
    },
  });
}

test.runIf(process.platform === 'linux')(
  'a thread that dies leaves nothing of what it had from C',
  async () => {
    const before = { low: lowBytes(), sockets: openSockets() };
    const crashed = Promise.withResolvers<Error>();
    const engine = await startWithCamera(crashed.resolve);
    const viewers = [new TestViewer(), new TestViewer(), new TestViewer()];
    for (const viewer of viewers)
      expect(await engine.offer('cam', viewer.offer())).toMatchObject({ ok: true });
    // It has them now.
    if (process.arch === 'x64') expect(lowBytes()).toBeGreaterThanOrEqual(before.low + 256 * 1024);
    expect(openSockets()).toBeGreaterThan(before.sockets);
    // The viewers' own.
    for (const viewer of viewers) viewer.close();

    using ssl = countFreed(0);
    using contexts = countFreed(1);
    using threads = await MediaThreads.attach();
    await threads.kill(0);
    expect((await crashed.promise).message).toBe('killed by a test');
    expect({ ssl: ssl.count, contexts: contexts.count }).toEqual({ ssl: 3, contexts: 1 });
    // A slab is 256 KiB; V8 may have moved a page.
    expect(lowBytes()).toBeLessThan(before.low + 256 * 1024);
    await expect.poll(openSockets).toBe(before.sockets);
  },
);
