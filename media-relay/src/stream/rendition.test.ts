import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../media/clock.ts';
import type { AudioTrack } from '../media/track.ts';
import { Arena } from '../native/arena.ts';
import type { SourceErrorCode, SourceSink } from '../sources/source.ts';
import { ScriptedSource, scriptedTrack } from '../testing/scripted-source.ts';
import { Rendition, type RenditionDeps } from './rendition.ts';

const sound: AudioTrack = {
  kind: 'audio',
  codec: 'pcmu',
  encodingName: 'PCMU',
  clockRate: 8000,
  channels: 1,
};

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
  vi.useRealTimers();
});

/** Always on unless said otherwise, and every source that it had made. */
function open(
  deps: Partial<RenditionDeps> = {},
  isAlwaysOn = true,
): { rendition: Rendition; sources: ScriptedSource[] } {
  const sources: ScriptedSource[] = [];
  const rendition = new Rendition('main', isAlwaysOn, {
    arena: new Arena(),
    clock: systemClock,
    random: () => 0.5,
    createSource() {
      const source = new ScriptedSource();
      sources.push(source);
      return source;
    },
    onAudio: undefined,
    onChange: () => undefined,
    onReconnect: () => undefined,
    onRefuse: () => undefined,
    ...deps,
  });
  cleanUps.push(() => rendition.close());
  rendition.open();
  return { rendition, sources };
}

test('keeps its source from start to start, and with it what that has learnt of its camera', async () => {
  vi.useFakeTimers();
  const { rendition, sources } = open({}, false);
  const seek = async (): Promise<void> => {
    const prepared = rendition.prepare(1);
    await vi.advanceTimersByTimeAsync(11_000);
    await prepared;
  };
  await seek();
  expect(rendition.state(systemClock())).toBe('idle');
  await seek();
  expect(sources.map(({ runs }) => runs)).toEqual([2]);
  // Whoever restarts it has changed something, and not always while somebody watches.
  rendition.restart();
  await seek();
  expect(sources.map(({ runs }) => runs)).toEqual([2, 1]);
});

test('forgets at a restart what it has learnt of its camera', () => {
  const { rendition, sources } = open();
  rendition.restart();
  expect(sources.map(({ runs }) => runs)).toEqual([1, 1]);
});

test('warns of pictures that bring no key frame in 10 s, until the first one', () => {
  let nowMs = 1_000_000;
  const { rendition, sources } = open({ clock: () => nowMs });
  const source = sources[0];
  source?.tracks();
  const seen: boolean[] = [];
  for (const [seconds, isKey] of [
    [10, false],
    [11, false],
    [12, true],
    [40, false],
  ] as const) {
    nowMs = 1_000_000 + seconds * 1000;
    source?.frame(100, isKey, nowMs);
    seen.push(rendition.isWithoutKeyFrame);
  }
  expect(seen).toEqual([false, true, false, false]);
  // Another connection: what came on the last one says nothing of it.
  rendition.restart();
  sources[1]?.tracks();
  expect(rendition.isWithoutKeyFrame).toBe(false);
  sources[1]?.frame(100, false, nowMs + 20_000);
  expect(rendition.isWithoutKeyFrame).toBe(true);
});

test('warns of key frames that all lack a part: no picture could be shown from these either', () => {
  let nowMs = 1_000_000;
  const { rendition, sources } = open({ clock: () => nowMs });
  const [source] = sources;
  source?.tracks();
  nowMs += 11_000;
  source?.frame(100, true, nowMs, true);
  expect(rendition.isWithoutKeyFrame).toBe(true);
  source?.frame(100, true, nowMs);
  expect(rendition.isWithoutKeyFrame).toBe(false);
});

test('has no sound any more once the camera came back without', () => {
  const arena = new Arena();
  const { rendition, sources } = open({ arena, onAudio: () => undefined });
  sources[0]?.tracks([scriptedTrack]);
  const blocks = arena.blocksInUse;
  sources[0]?.tracks([scriptedTrack, sound]);
  expect(rendition.audioTrack).toBe(sound);
  rendition.restart();
  sources[1]?.tracks([scriptedTrack]);
  expect([rendition.audioTrack, rendition.audioStore]).toEqual([undefined, undefined]);
  expect(arena.blocksInUse).toBe(blocks);
});

test('sound that was away goes on by the time that has passed', () => {
  let sink: SourceSink | undefined;
  const ticks: number[] = [];
  const { rendition } = open({
    onAudio: (frame) => void ticks.push(frame.ticks),
    createSource: () => ({
      label: 'scripted',
      run(to, signal) {
        sink = to;
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      },
    }),
  });
  const hear = (sourceTicks: number, arrivalMs: number): void => {
    const data = new Uint8Array(160);
    const unit = { track: sound, ticks: sourceTicks, arrivalMs, captureMs: undefined, data, unitEnds: [160] };
    sink?.accessUnit({ ...unit, isKey: true, isBroken: false });
  };
  sink?.tracks([scriptedTrack, sound]);
  hear(5000, 1_000_000);
  hear(5160, 1_000_020);
  rendition.restart();
  sink?.tracks([scriptedTrack]);
  rendition.restart();
  sink?.tracks([scriptedTrack, sound]);
  hear(77, 1_060_020);
  hear(237, 1_060_040);
  expect(ticks).toEqual([0, 160, 160 + 60 * 8000, 320 + 60 * 8000]);
});

test('is offline, no longer refused, when the camera that was refused is not there any more', async () => {
  const { rendition, sources } = open();
  const failed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  sources.at(-1)?.fail('unsupported-codec', 'The camera sends H265.');
  await failed();
  expect([rendition.state(systemClock()), rendition.reasonCode]).toEqual(['refused', 'unsupported-codec']);
  rendition.restart();
  sources.at(-1)?.fail('unreachable', 'cam:554 cannot be reached');
  await failed();
  expect([rendition.state(systemClock()), rendition.reasonCode]).toEqual(['offline', 'unreachable']);
});

test('tells the first failure of an outage and those of another reason, and counts them all', async () => {
  vi.useFakeTimers();
  const told: string[] = [];
  const { rendition, sources } = open({ onReconnect: ({ reason }) => void told.push(reason) });
  const failAll = async (...reasons: readonly SourceErrorCode[]): Promise<void> => {
    for (const reason of reasons) {
      sources[0]?.fail(reason);
      await vi.advanceTimersToNextTimerAsync();
    }
  };
  await failAll('ended', 'unreachable', 'unreachable', 'unreachable', 'timeout', 'timeout');
  expect(told).toEqual(['ended', 'unreachable', 'timeout']);
  expect(rendition.counters.reconnects).toEqual({ ended: 1, unreachable: 3, timeout: 2 });
  // Pictures end the outage: what fails then is another one.
  sources[0]?.tracks();
  sources[0]?.group(1);
  await failAll('timeout', 'timeout');
  expect(told.slice(3)).toEqual(['timeout']);
});

test('tells a refusal once, however often the camera is asked again, and another one', async () => {
  vi.useFakeTimers();
  const told: string[] = [];
  const { sources } = open({ onRefuse: (message) => void told.push(message) });
  for (const codec of ['H265', 'H265', 'H265', 'JPEG']) {
    sources[0]?.fail('unsupported-codec', `The camera sends ${codec}.`);
    await vi.advanceTimersToNextTimerAsync();
  }
  expect(told).toEqual(['The camera sends H265.', 'The camera sends JPEG.']);
});
