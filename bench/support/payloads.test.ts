import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startCameras } from './cameras.ts';
import { repositoryRoot } from './paths.ts';
import { checkPayloads, isOwnCamera } from './payloads.ts';
import { startLossyPath } from './lossy.ts';
import { startRelay } from './relay.ts';
import { Sink, type SinkReport, type SinkSession } from './sink.ts';
import { until } from './until.ts';
import { joinByWhep, type Viewer } from './whep-viewer.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

async function kept<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.push(started);
  return started;
}

function sessionOf(report: SinkReport, viewer: Viewer): SinkSession | undefined {
  return report.sessions.find(({ id }) => id === viewer.id);
}

const picture = (name: string) => ({
  path: path.join(repositoryRoot, `media-relay/src/media/fixtures/${name}.h264`),
  fps: 25,
  bitrateBps: 300_000,
});

test("real viewers' pictures are their camera's, whatever gets lost, and not those of another", async () => {
  const cameras = await Promise.all(
    ['high-4-slices', 'high-1-slice'].map((name) => kept(startCameras({ picture: picture(name) }))),
  );
  const [own, other] = cameras.map(({ sent }) => sent[0]);
  if (!own || !other) throw new Error('no cameras');
  const relay = await kept(startRelay({ streams: { own: cameras[0]?.urls[0] ?? '' } }));
  const sink = await kept(Sink.start());
  const bad = { lossRatio: 0.05, reorderRatio: 0.05 };
  const told = await Promise.all([
    joinByWhep(sink, relay.url, 'own', { verify: own }),
    joinByWhep(sink, relay.url, 'own', { verify: other }),
    joinByWhep(sink, relay.url, 'own', { verify: own, startsAnywhere: true }, async (toPort) => {
      const path_ = await startLossyPath({ toPort, down: bad });
      open.push({ stop: () => Promise.resolve(path_.close()) });
      return path_.port;
    }),
  ]);
  const report = await until('two rounds, and resends', 15_000, async () => {
    const now = await sink.report();
    const [right, , lossy] = told.map((viewer) => sessionOf(now, viewer));
    const isEnough = [right, lossy].every((session) => (session?.payload?.checkedFrames ?? 0) > 24);
    return isEnough && (lossy?.payload?.resends ?? 0) > 0 ? now : undefined;
  });
  const [right, wrong, lossy] = told.map((viewer) => sessionOf(report, viewer)?.payload);
  expect(right).toMatchObject({ errors: 0, problem: '' });
  expect(lossy).toMatchObject({ errors: 0, problem: '' });
  expect(wrong).toMatchObject({ checkedFrames: 0 });
  expect(wrong?.errors).toBeGreaterThan(0);
  expect(wrong?.problem).toMatch(/not the camera's/);
  expect(() => checkPayloads(report)).toThrow(/not the camera's/);
}, 45_000);

const sent = { ...picture('high-4-slices'), frames: 600, cameras: 4, firstFrame: 300, startMs: 1000 };
const payload = {
  checkedFrames: 1,
  errors: 0,
  bursts: 0,
  resends: 0,
  held: 0,
  problem: '',
  sent,
  lastFrame: 0,
};

test('cameras of one file are told apart by their place in it', () => {
  // 20 s later: 500 frames on, round the end.
  const of = (lastFrame: number): boolean => isOwnCamera({ ...payload, lastFrame }, 21_000);
  expect([200, 199, 100].map(of)).toEqual([true, true, true]);
  expect([350, 50, 500, 201].map(of)).toEqual([false, false, false, false]);
});

test('who verifies must have got something', () => {
  const session = (checkedFrames: number) => ({
    id: 1,
    payload: { ...payload, checkedFrames, lastFrame: 200 },
  });
  const report = (checkedFrames: number, more = {}) =>
    ({
      atMs: 21_000,
      decryptErrors: 0,
      payloadErrors: 0,
      sessions: [session(checkedFrames)],
      ...more,
    }) as never;
  expect(checkPayloads(report(7), report(3))).toEqual({ checkedFrames: 4, payloadErrors: 0, bursts: 0 });
  expect(() => checkPayloads(report(0))).toThrow(/no picture/);
  expect(() => checkPayloads(report(7), report(7))).toThrow(/no picture/);
  expect(() => checkPayloads(report(7, { decryptErrors: 1 }))).toThrow(/authentication/);
  expect(() => checkPayloads(report(7, { atMs: 5000 }))).toThrow(/another camera/);
});
