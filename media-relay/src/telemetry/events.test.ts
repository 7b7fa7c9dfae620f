import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { timeBox } from '../testing/time-box.ts';
import { EventLog, withoutCredentials } from './events.ts';

let directory: string;
let path: string;
let nowMs: number;
const warn = vi.fn<(message: string) => void>();

function openLog(capacity?: number): Promise<EventLog> {
  return EventLog.open({ path, clock: () => nowMs++, warn, ...(capacity === undefined ? {} : { capacity }) });
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sightline-events-'));
  path = join(directory, 'state', 'events.jsonl');
  nowMs = 1000;
  warn.mockClear();
});
afterEach(async () => {
  // The time box of a property may end while its last run still writes.
  await rm(directory, { recursive: true, maxRetries: 10 });
});

test('moments are told in Unix time, whatever the system’s clock was set by since the start', async () => {
  const clock = Object.assign(() => 1000, { aheadMs: () => -400 });
  const log = await EventLog.open({ path: undefined, clock, warn });
  log.record({ kind: 'relay-start', version: '1' });
  log.recordEngine({ kind: 'stream-up', atMs: 1001, stream: 'a' });
  log.recordEngine({ kind: 'viewer-joined', atMs: 1002, stream: 'a', sessionId: 's' });
  expect(log.query().map(({ atMs }) => atMs)).toEqual([600, 601, 602]);
});

describe('query', () => {
  test('filters by time, stream, type and who asks; newest first chosen, oldest first shown', async () => {
    const log = await openLog();
    log.record({ kind: 'relay-start', version: '1' });
    for (const stream of ['a', 'b', 'a']) log.recordEngine({ kind: 'stream-up', atMs: nowMs++, stream });
    expect(log.query().map(({ atMs }) => atMs)).toEqual([1000, 1001, 1002, 1003]);
    expect(log.query({ limit: 2 }).map(({ atMs }) => atMs)).toEqual([1002, 1003]);
    expect(log.query({ fromMs: 1001, toMs: 1002 }).map(({ atMs }) => atMs)).toEqual([1001, 1002]);
    expect(log.query({ stream: 'a' }).map(({ atMs }) => atMs)).toEqual([1001, 1003]);
    expect(log.query({ type: 'relay-start' })).toHaveLength(1);
    expect(log.query({ maySee: (stream) => stream === 'b' }).map(({ atMs }) => atMs)).toEqual([1000, 1002]);
    await log.close();
  });

  test('shows no more than the ring holds', async () => {
    const log = await openLog(10);
    for (let index = 0; index < 35; index++) log.record({ kind: 'config-error', message: String(index) });
    expect(log.query({ limit: 1000 }).map((event) => 'message' in event && event.message)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(index + 25)),
    );
    await log.close();
  });
});

describe('the file', () => {
  test('keeps events over restarts, for the owner alone', async () => {
    const first = await openLog();
    first.record({ kind: 'relay-start', version: '1' });
    first.recordEngine({
      kind: 'reconnect',
      atMs: 5,
      stream: 'a',
      reason: 'timeout',
      attempt: 1,
      delayMs: 500,
    });
    await first.close();
    const second = await openLog();
    expect(second.query()).toEqual(first.query());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await second.close();
  });

  test('survives a torn last line and foreign lines, and is whole again after the next event', async () => {
    const first = await openLog();
    first.record({ kind: 'relay-start', version: '1' });
    await first.close();
    await appendFile(path, 'not json\n{"kind":"no-such-kind","atMs":1}\n{"kind":"relay-stop","atMs":2,"rea');

    const second = await openLog();
    expect(second.query().map(({ kind }) => kind)).toEqual(['relay-start']);
    second.record({ kind: 'relay-stop', reason: 'SIGTERM' });
    await second.close();
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual([
      'relay-start',
      'relay-stop',
    ]);
    expect(warn).not.toHaveBeenCalled();
  });

  test('is compacted', async () => {
    const log = await openLog(10);
    for (let index = 0; index < 45; index++) {
      log.record({ kind: 'config-error', message: String(index) });
      await log.flush();
    }
    await log.close();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(20);
    expect(lines.at(-1)).toContain('"44"');
  });

  test('falls behind without blocking, and is made whole from the ring', async () => {
    const log = await openLog();
    for (let index = 0; index < 5000; index++) log.record({ kind: 'config-error', message: String(index) });
    await log.close();
    const again = await openLog();
    expect(again.query({ limit: 10_000 })).toHaveLength(5000);
    await again.close();
  });

  test('costs the history, not the relay, when the disk refuses; said once', async () => {
    await mkdir(path, { recursive: true });
    const log = await openLog();
    warn.mockClear();
    for (let index = 0; index < 3; index++) {
      log.record({ kind: 'relay-start', version: '1' });
      await log.flush();
    }
    await log.close();
    expect(log.query()).toHaveLength(3);
    expect(warn).toHaveBeenCalledOnce();
  });

  test('holds nothing up after the disk refused', async () => {
    await mkdir(path, { recursive: true });
    const log = await openLog();
    log.record({ kind: 'relay-start', version: '1' });
    await log.flush();
    const startMs = performance.now();
    log.record({ kind: 'relay-stop', reason: 'SIGTERM' });
    await setImmediate();
    // The disk is left alone for 5 s; timers and requests are not.
    expect(performance.now() - startMs).toBeLessThan(2_500);
    await log.close();
  });

  test('may hold anything: what can be read is read', async () => {
    await (await openLog()).close();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (content) => {
        await writeFile(path, content);
        const log = await openLog();
        expect(Array.isArray(log.query())).toBe(true);
        await log.close();
      }),
      timeBox,
    );
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('secrets', () => {
  test('neither credentials of a URL nor the id of a session are kept', async () => {
    const log = await openLog();
    log.recordEngine({
      kind: 'stream-down',
      atMs: 1,
      stream: 'a',
      reason: 'unreachable',
      message: 'rtsp://user:hunter2@cam/x?token=hunter2 does not answer',
    });
    log.recordEngine({ kind: 'viewer-joined', atMs: 2, stream: 'a', sessionId: 'hunter2' });
    await log.close();
    expect(JSON.stringify(log.query())).not.toContain('hunter2');
    expect(await readFile(path, 'utf8')).not.toContain('hunter2');
    expect(log.query()).toMatchObject([
      { message: 'rtsp://cam/x?token=*** does not answer' },
      { kind: 'viewer-joined', viewer: expect.stringMatching(/^[0-9a-f]{12}$/) },
    ]);
  });

  test.each([
    ['rtsp://u:p@ss@host/a', 'rtsp://host/a'],
    ['open rtsps://u:p%20/?x@host:322/a now', 'open rtsps://host:322/a now'],
    ['http://host/?user=me&password=abc&x=1', 'http://host/?user=me&password=***&x=1'],
    ['plain rtsp://host/a', 'plain rtsp://host/a'],
  ])('%s', (text, expected) => {
    expect(withoutCredentials(text)).toBe(expected);
  });
});
