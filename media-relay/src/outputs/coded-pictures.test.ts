import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Engine } from '../engine/engine.ts';
import type { CodedPicture, FromEngine, StreamSpec } from '../engine/messages.ts';
import { ScriptedSource } from '../testing/scripted-source.ts';

// Key frames and feeds, asked for as the main thread does.

const spec: StreamSpec = {
  name: 'cam',
  url: 'scripted:',
  onDemand: false,
  transport: 'auto',
  tlsFingerprint: undefined,
};

let engine: Engine;
let source: ScriptedSource;
let messages: FromEngine[];

beforeEach(() => {
  source = new ScriptedSource();
  messages = [];
  engine = new Engine(
    {
      mediaPort: 0,
      mediaAddresses: ['127.0.0.1'],
      announcedAddresses: [],
      parts: { dtls: 'portable', srtp: 'portable', udp: 'portable' },
    },
    {
      clock: () => performance.timeOrigin + performance.now(),
      random: () => 0.5,
      createSource: () => source,
      emit: (message) => messages.push(message),
    },
  );
});
afterEach(() => engine.close());

/** NAL unit types and their lengths. */
function unitsOf({ units }: CodedPicture): [type: number, bytes: number][] {
  const view = new DataView(units.buffer, units.byteOffset, units.byteLength);
  const found: [number, number][] = [];
  for (let at = 0; at < units.length; at += 4 + view.getUint32(at))
    found.push([view.getUint8(at + 4) & 0x1f, view.getUint32(at)]);
  return found;
}

function fed(): (CodedPicture | string)[] {
  return messages.flatMap((message): (CodedPicture | string)[] =>
    message.type === 'feed-picture'
      ? [message.picture]
      : message.type === 'feed-ended'
        ? [message.reason]
        : [],
  );
}

describe('a key frame', () => {
  test('is the newest whole one, with its parameter sets, and told to be unchanged', async () => {
    engine.setStream(spec);
    source.tracks();
    source.group(3, 8000);
    const { arrivalMs } = source.frame(9000, true);
    source.frame(100);
    const result = await engine.keyFrame('cam');
    if (result.kind !== 'picture') throw new Error(result.kind);
    expect(result.picture).toMatchObject({ isKey: true, number: 3, arrivalMs, captureMs: undefined });
    expect(unitsOf(result.picture)).toEqual([
      [7, 4],
      [8, 3],
      [5, 9000],
    ]);
    expect(await engine.keyFrame('cam', { newerThanMs: arrivalMs })).toEqual({ kind: 'unchanged' });
    expect((await engine.keyFrame('cam', { newerThanMs: arrivalMs - 1 })).kind).toBe('picture');
  });

  test('stays when the camera goes', async () => {
    engine.setStream(spec);
    source.tracks();
    source.group(3);
    source.fail('unreachable');
    await new Promise((resolve) => setImmediate(resolve));
    expect((await engine.keyFrame('cam', { waitMs: 1000 })).kind).toBe('picture');
  });

  test('is waited for where a camera has to start for it', async () => {
    engine.setStream({ ...spec, onDemand: true });
    expect(await engine.keyFrame('cam')).toMatchObject({ kind: 'none', code: 'stream-not-ready' });
    expect(source.runs).toBe(0);
    const started = source.nextRun();
    const asked = engine.keyFrame('cam', { waitMs: 1500 });
    await started;
    source.tracks();
    source.frame(500);
    source.frame(5000, true);
    expect(await asked).toMatchObject({ kind: 'picture', picture: { number: 0, isKey: true } });
  });

  test('there is none: not yet, or no such stream', async () => {
    engine.setStream(spec);
    expect(await engine.keyFrame('cam', { waitMs: 20 })).toMatchObject({ code: 'stream-not-ready' });
    expect(await engine.keyFrame('nobody')).toMatchObject({ code: 'stream-not-found' });
  });
});

describe('a feed', () => {
  test('begins with the kept key frame, and moves from the next one on', () => {
    engine.setStream(spec);
    source.tracks();
    source.group(3);
    engine.openFeed(1, 'cam');
    source.frame(500);
    source.group(2);
    engine.closeFeed(1);
    source.group(2);
    expect(fed()).toMatchObject([
      { number: 0, isKey: true },
      { number: 4, isKey: true },
      { number: 5, isKey: false },
    ]);
  });

  test('leaves out pictures up to a key frame while much is not used up', () => {
    engine.setStream(spec);
    source.tracks();
    engine.openFeed(1, 'cam');
    source.frame(2_100_000, true);
    source.frame(500);
    source.frame(500, true);
    expect(fed()).toHaveLength(1);
    engine.feedTaken(1, 2_200_000);
    source.frame(500);
    expect(fed()).toHaveLength(1);
    source.group(2);
    expect(fed()).toMatchObject([{ number: 0 }, { number: 4, isKey: true }, { number: 5 }]);
  });

  test('waits for a key frame after an interruption, and ends with its stream', async () => {
    engine.setStream(spec);
    source.tracks();
    engine.openFeed(1, 'cam');
    source.group(1);
    source.fail('unreachable');
    await new Promise((resolve) => setImmediate(resolve));
    engine.removeStream('cam');
    engine.openFeed(2, 'cam');
    expect(fed()).toMatchObject([{ number: 0 }, 'stream-removed', 'stream-not-found']);
  });
});
