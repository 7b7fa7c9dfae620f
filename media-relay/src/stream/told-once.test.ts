import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EngineEvent, StreamSpec } from '../engine/messages.ts';
import { Arena, countedAddresses } from '../native/arena.ts';
import { SourceError, type Source } from '../sources/source.ts';
import { ScriptedSource, scriptedStream, scriptedTrack } from '../testing/scripted-source.ts';
import { DelayHistogram } from './path-statistics.ts';
import { Stream } from './stream.ts';

const cleanUps: (() => void)[] = [];
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
  vi.useRealTimers();
});

/** One that is looked at once a second, as the engine does, and what it tells. */
function open(source: Source, spec: Partial<StreamSpec>): { stream: Stream; told: EngineEvent['kind'][] } {
  const told: EngineEvent['kind'][] = [];
  const stream = new Stream(
    { ...scriptedStream, ...spec },
    {
      arena: new Arena(countedAddresses()),
      clock: () => Date.now(),
      random: () => 0.5,
      createSource: () => source,
      onEvent: ({ kind }) => void told.push(kind),
      firstPacketDelay: new DelayHistogram(),
    },
  );
  const ticking = setInterval(() => stream.tick(Date.now()), 1000);
  cleanUps.push(() => {
    clearInterval(ticking);
    stream.close();
  });
  return { stream, told };
}

/** What an offer does that gets no answer. */
async function seekInVain(stream: Stream): Promise<void> {
  await Promise.all([stream.prepare(2000), stream.sub?.prepare(2000)]);
  stream.noteSought();
}

test('an on-demand camera that is away is told of once, however often it is sought, and anew to who comes later', async () => {
  const away: Source = {
    label: 'away',
    run: () => Promise.reject(new SourceError('unreachable', 'cam:554 cannot be reached')),
  };
  const { stream, told } = open(away, { onDemand: true, substream: 'scripted:sub' });
  for (let attempt = 0; attempt < 10; attempt++) {
    await seekInVain(stream);
    await vi.advanceTimersByTimeAsync(24_000);
    expect(stream.state(Date.now())).toBe('idle');
  }
  // Each rendition ends its own connection.
  expect(told).toEqual(['reconnect', 'stream-down', 'reconnect', 'stream-warning']);
  expect(stream.snapshot().reconnectsTotal['unreachable']).toBeGreaterThan(20);
  await vi.advanceTimersByTimeAsync(60_000);
  await seekInVain(stream);
  await vi.advanceTimersByTimeAsync(24_000);
  expect(told.slice(4)).toEqual(['reconnect', 'stream-down', 'reconnect', 'stream-warning']);
});

test('whoever restarts a camera that is away is told how it went', async () => {
  const away: Source = {
    label: 'away',
    run: () =>
      new Promise((_resolve, reject) => {
        setTimeout(() => reject(new SourceError('unreachable', 'cam:554 cannot be reached')), 3000);
      }),
  };
  const { stream, told } = open(away, {});
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(['reconnect', 'stream-down']);
  stream.restart();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told.slice(2)).toEqual(['reconnect', 'stream-down']);
});

test('a camera that fails in two ways by turns is told of once for each', async () => {
  let attempts = 0;
  const codes = ['unreachable', 'unauthorized'] as const;
  const away: Source = {
    label: 'away',
    run: () => Promise.reject(new SourceError(codes[attempts++ % 2] ?? 'unreachable', 'cam:554 is away')),
  };
  const { told } = open(away, {});
  await vi.advanceTimersByTimeAsync(600_000);
  expect(attempts).toBeGreaterThan(4);
  expect(told.filter((kind) => kind === 'reconnect')).toHaveLength(2);
});

test('a camera that lets itself be connected and sends no picture is told of once, until it is back', async () => {
  const source = new ScriptedSource();
  const run = source.run.bind(source);
  source.run = (sink, signal) => {
    const running = run(sink, signal);
    sink.tracks([scriptedTrack]);
    return running;
  };
  const { stream, told } = open(source, {});
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(told).toEqual(['reconnect', 'stream-down', 'stream-stalled']);
  while (stream.state(Date.now()) !== 'stalled') await vi.advanceTimersByTimeAsync(1000);
  source.frame(100, true, Date.now());
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(told.slice(3)).toEqual(['stream-up', 'stream-stalled', 'reconnect', 'stream-down']);
});
