import { beforeEach, expect, test } from 'vitest';

import { DecodeError } from '../decode/decode-error.ts';
import type { DecodeJob, Decoded } from '../decode/pool.ts';
import type { KeyFrameQuestion, KeyFrameResult } from '../engine/messages.ts';
import { Snapshots } from './snapshots.ts';

let nowMs: number;
let newestMs: number | undefined;
let questions: KeyFrameQuestion[];
let decoded: number;
let decode: (job: DecodeJob) => Promise<Decoded>;
let snapshots: Snapshots;

const units = Uint8Array.from([0, 0, 0, 4, 0x67, 66, 0, 30, 0, 0, 0, 2, 0x68, 1, 0, 0, 0, 1, 0x65]);
const none: KeyFrameResult = { kind: 'none', code: 'stream-not-ready', message: 'Not yet.' };

beforeEach(() => {
  nowMs = 1_000_000;
  newestMs = nowMs - 500;
  questions = [];
  decoded = 0;
  decode = () => Promise.resolve({ output: Buffer.from(`picture ${++decoded}`), side: '' });
  snapshots = new Snapshots({
    clock: () => nowMs,
    engine: {
      keyFrame(_stream, question = {}) {
        questions.push(question);
        if (newestMs === undefined) return Promise.resolve(none);
        if (newestMs <= (question.newerThanMs ?? 0)) return Promise.resolve({ kind: 'unchanged' });
        const picture = { units, isKey: true, number: 1, arrivalMs: newestMs, captureMs: undefined };
        return Promise.resolve({ kind: 'picture', picture });
      },
    },
    pool: { run: (job) => decode(job) },
  });
});

async function textOf(stream = 'lobby', width?: number): Promise<string> {
  const result = await snapshots.get(stream, width);
  return result.ok ? String(result.snapshot.jpeg) : result.code;
}

test('many who ask at once get one picture, and for two seconds the engine is left alone', async () => {
  expect(await Promise.all([textOf(), textOf(), textOf()])).toEqual(['picture 1', 'picture 1', 'picture 1']);
  nowMs += 1999;
  expect(await textOf()).toBe('picture 1');
  expect(questions).toHaveLength(1);
  nowMs += 1;
  expect(await textOf()).toBe('picture 1');
  expect(questions).toEqual([
    { newerThanMs: undefined, waitMs: 1800 },
    { newerThanMs: newestMs, waitMs: 1800 },
  ]);
  newestMs = nowMs += 2000;
  expect(await textOf()).toBe('picture 2');
});

test('each width is a picture of its own', async () => {
  expect(await textOf('lobby', 160)).toBe('picture 1');
  expect(await textOf('lobby', 320)).toBe('picture 2');
  expect(await textOf('lobby', 160)).toBe('picture 1');
  const [a, b] = await Promise.all([snapshots.get('lobby', 160), snapshots.get('lobby', 320)]);
  expect(a.ok && b.ok && a.snapshot.tag !== b.snapshot.tag).toBe(true);
});

test('the last good picture stays when the engine has none any more', async () => {
  await textOf();
  newestMs = undefined;
  nowMs += 3_600_000;
  const result = await snapshots.get('lobby', undefined);
  expect(result).toMatchObject({ ok: true, snapshot: { arrivalMs: 999_500 } });
  expect(await textOf('garage')).toBe('stream-not-ready');
});

test('busy decoders: a picture that is not too old, else the refusal', async () => {
  await textOf();
  decode = () => Promise.reject(new DecodeError('busy', 'Busy.'));
  newestMs = nowMs += 5000;
  expect(await textOf()).toBe('picture 1');
  newestMs = nowMs += 5000;
  expect(await textOf()).toBe('busy');
  expect(await textOf('lobby', 160)).toBe('busy');
});

test('another camera of the same name does not inherit the picture, not even one that is under way', async () => {
  await textOf();
  const late = Promise.withResolvers<Decoded>();
  decode = () => late.promise;
  newestMs = nowMs += 5000;
  const asked = textOf();
  snapshots.forget('lobby');
  late.resolve({ output: Buffer.from('old camera'), side: '' });
  await asked;
  newestMs = undefined;
  nowMs += 5000;
  expect(await textOf()).toBe('stream-not-ready');
  expect(snapshots.cachedBytes).toBe(0);
});

test('the cache is bounded: the least recently used goes first', async () => {
  decode = () => Promise.resolve({ output: Buffer.alloc(8 * 2 ** 20), side: '' });
  for (const stream of ['a', 'b', 'c', 'd', 'a', 'e']) {
    await snapshots.get(stream, undefined);
    expect(snapshots.cachedBytes).toBeLessThanOrEqual(32 * 2 ** 20);
  }
  newestMs = undefined;
  nowMs += 5000;
  const kept = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => snapshots.get(name, undefined)));
  expect(kept.map(({ ok }) => ok)).toEqual([true, false, true, true, true]);
});

test('a picture without parameter sets, and one that nothing comes of', async () => {
  decode = () => Promise.resolve({ output: Buffer.alloc(0), side: '' });
  expect(await textOf()).toBe('failed');
});
