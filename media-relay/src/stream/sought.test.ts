import { afterEach, beforeEach, expect, test } from 'vitest';
import { Arena, countedAddresses } from '../native/arena.ts';
import { ScriptedSource, scriptedStream } from '../testing/scripted-source.ts';
import { DelayHistogram } from './path-statistics.ts';
import { Stream, type StreamReader } from './stream.ts';

let source: ScriptedSource;
let offsetMs: number;
let stream: Stream;
const now = (): number => performance.timeOrigin + performance.now() + offsetMs;
const isSought = (): boolean => stream.snapshot().isSought;
const viewer: StreamReader = {
  onVideo: () => undefined,
  onAudio: () => undefined,
  onInterrupt: () => undefined,
  onReady: () => undefined,
  onEnd: () => undefined,
};

beforeEach(() => {
  source = new ScriptedSource();
  offsetMs = 0;
  stream = new Stream(
    { ...scriptedStream, onDemand: true },
    {
      arena: new Arena(countedAddresses()),
      clock: now,
      random: () => 0.5,
      createSource: () => source,
      onEvent: () => undefined,
      firstPacketDelay: new DelayHistogram(),
    },
  );
});
afterEach(() => stream.close());

test('who asked in vain is waited for, longer than a player waits between two attempts, and not for ever', () => {
  expect(isSought()).toBe(false);
  stream.noteSought();
  offsetMs = 44_000;
  expect(isSought()).toBe(true);
  offsetMs = 46_000;
  expect(isSought()).toBe(false);
});

test('a viewer who leaves without a picture is waited for, one who saw the stream is not', () => {
  stream.attach(viewer);
  stream.detach(viewer);
  expect(isSought()).toBe(true);
  stream.attach(viewer);
  source.tracks();
  source.group(2);
  expect(isSought()).toBe(false);
  stream.detach(viewer);
  expect(isSought()).toBe(false);
});

test('a camera that comes within the second before its state is looked at ends the search', () => {
  stream.attach(viewer);
  source.tracks();
  source.group(2);
  // Its frames are too old by now, and nobody has looked since.
  offsetMs = 6_000;
  stream.noteSought();
  expect(isSought()).toBe(true);
  source.frame(100, true, now());
  expect(isSought()).toBe(false);
});
