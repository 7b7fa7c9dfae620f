import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';

import { DecodePool } from '../decode/pool.ts';
import type { EnginePort } from '../engine/engine-port.ts';
import type { EngineSnapshot } from '../engine/messages.ts';
import { splitAnnexB } from '../media/annex-b.ts';
import { nalType, nalTypeAt } from '../media/h264.ts';
import { createSilentLog } from '../telemetry/log.ts';
import { PictureChecker } from './picture-checker.ts';

// The whole way with a real ffmpeg: scenes coded by x264 as cameras do it, decoded in one batch, measured, judged.

const limits = { slots: 2, longSlots: 1, queueLength: 8, queueMs: 20_000, startsPerSecond: 20 };
const pool = new DecodePool({
  ffmpeg: { isThere: true, path: 'ffmpeg', version: await ffmpegVersion() },
  limits,
  log: createSilentLog(),
});
afterAll(() => pool.close());

async function ffmpegVersion(): Promise<string> {
  const child = spawn('ffmpeg', ['-version'], { stdio: ['ignore', 'pipe', 'ignore'] });
  return /version (\S+)/.exec(String(await buffer(child.stdout)))?.[1] ?? '';
}

const still = 'trim=end_frame=1,loop=-1:1:0,setpts=N/10/TB';
const size = 'size=640x360:rate=10';
/** An ffmpeg source for each kind of camera. */
const scenes = {
  moving: `testsrc2=${size}`,
  // Sensor noise of one or two levels over a scene in which nothing happens, in daylight and at night.
  static: `mandelbrot=${size}:start_scale=0.5,${still},noise=alls=3:allf=t`,
  night: `mandelbrot=${size}:start_scale=0.5,${still},eq=brightness=-0.25,noise=alls=3:allf=t`,
  frozen: `testsrc2=${size},${still}`,
  black: `color=black:${size},noise=alls=4:allf=t`,
  white: `testsrc2=${size},eq=brightness=0.7`,
  dark: `testsrc2=${size},eq=brightness=-0.6,noise=alls=3:allf=t`,
  blurred: `testsrc2=${size},gblur=sigma=8,noise=alls=2:allf=t`,
} as const;
type Scene = keyof typeof scenes;

/** Its key frames, as the engine hands them on. */
async function keyFrames(source: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const coder =
    '-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -threads 1 -qp 26 -g 5 -sc_threshold 0';
  const args = `-v error -f lavfi -i ${source} -frames:v 40 ${coder} -f h264 pipe:1`.split(' ');
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const pictures: Uint8Array[][] = [];
  for (const nal of splitAnnexB(await buffer(child.stdout))) {
    const type = nalTypeAt(nal, 0);
    if (type === nalType.sps) pictures.push([]);
    if (type === nalType.sps || type === nalType.pps || type === nalType.idr) pictures.at(-1)?.push(nal);
  }
  return pictures.map((nals) => {
    const units = new Uint8Array(nals.reduce((sum, { length }) => sum + 4 + length, 0));
    let at = 0;
    for (const nal of nals) {
      new DataView(units.buffer).setUint32(at, nal.length);
      units.set(nal, at + 4);
      at += 4 + nal.length;
    }
    return units;
  });
}

interface World {
  readonly checker: PictureChecker;
  readonly events: string[];
  /** Another key frame of each scene, then a round. */
  round(): Promise<void>;
  readonly live: Set<string>;
  /** Pictures that the checker got. */
  readonly given: readonly Uint8Array[];
}

function worldOf(films: ReadonlyMap<string, readonly Uint8Array<ArrayBuffer>[]>): World {
  const events: string[] = [];
  const live = new Set(films.keys());
  const given: Uint8Array[] = [];
  let n = 0;
  const engine: Pick<EnginePort, 'keyFrame' | 'snapshot'> = {
    snapshot: () =>
      ({ atMs: 0, streams: [...live].map((name) => ({ name, state: 'live' })) }) as unknown as EngineSnapshot,
    keyFrame(stream, question) {
      const units = films.get(stream)?.[n - 1]?.slice();
      if (units === undefined || (question?.newerThanMs ?? 0) >= n)
        return Promise.resolve({ kind: 'unchanged' });
      given.push(units);
      const picture = { units, isKey: true, number: n, arrivalMs: n, captureMs: undefined };
      return Promise.resolve({ kind: 'picture', picture });
    },
  };
  const checker = new PictureChecker({
    engine,
    pool,
    clock: () => n * 1000,
    everySeconds: 0,
    onFlag: (stream, flag, on) => events.push(`${stream} ${on ? '+' : '-'}${flag}`),
    log: createSilentLog(),
  });
  const round = (): Promise<void> => {
    n++;
    return checker.checkAll();
  };
  return { checker, events, round, live, given };
}

describe('with a real ffmpeg', () => {
  test('each scene gets its flag and no other', async () => {
    const names = Object.keys(scenes) as Scene[];
    const films = await Promise.all(names.map((name) => keyFrames(scenes[name])));
    const world = worldOf(new Map(names.map((name, i) => [name, films[i] ?? []])));
    const startedBefore = pool.statistics.startedTotal;
    for (let i = 0; i < 6; i++) await world.round();
    expect(world.events.sort()).toEqual([
      'black +black',
      'blurred +blurred',
      'dark +underexposed',
      'frozen +frozen',
      'white +overexposed',
    ]);
    expect(world.checker.statistics).toEqual({
      checksTotal: 6 * names.length,
      failuresTotal: { busy: 0, unreadable: 0 },
    });
    // Their memory is free again, without any garbage collection.
    expect(world.given).toHaveLength(6 * names.length);
    expect(world.given.every(({ buffer }) => buffer.byteLength === 0)).toBe(true);
    // All cameras of a round in one process.
    expect(pool.statistics.startedTotal - startedBefore).toBe(6);
    expect(world.checker.health('frozen')).toMatchObject({ flags: { frozen: true }, pictureMs: 6 });
    expect(world.checker.health('frozen')?.flagSecondsTotal.frozen).toBe(2);

    // No new key frame: nothing was looked at, nothing is frozen by that.
    await world.checker.checkAll();
    expect(world.checker.statistics.checksTotal).toBe(6 * names.length);
    // A stream that is not live any more has no picture.
    world.live.delete('black');
    await world.checker.checkAll();
    expect(world.events.at(-1)).toBe('black -black');
    expect(world.checker.health('black')).toBeUndefined();
    // Nor has another camera the picture of the one whose name it got.
    world.checker.forget('dark');
    expect(world.events.at(-1)).toBe('dark -underexposed');
  }, 40_000);

  test('a picture that cannot be decoded fails for itself, wherever it stands', async () => {
    const film = await keyFrames(scenes.moving);
    const head = film[0]?.subarray(0, 60) ?? new Uint8Array();
    const broken = film.map((units) => {
      const bad = units.slice();
      // Parameter sets stay; the slice becomes one that no decoder takes.
      bad.fill(0xff, bad.length - Math.floor(bad.length * 0.98));
      return bad;
    });
    const noSets = film.map((units) => units.slice(head.length));
    const world = worldOf(
      new Map([
        ['a', film],
        ['broken', broken],
        ['b', film],
        ['garbage', noSets],
        ['c', film],
      ]),
    );
    await world.round();
    for (const name of ['a', 'b', 'c'])
      expect(world.checker.health(name)?.brightness).toBeCloseTo(
        world.checker.health('a')?.brightness ?? 0,
        5,
      );
    expect(world.checker.health('a')?.contrast).toBeGreaterThan(0.1);
    expect(world.checker.statistics.checksTotal).toBeGreaterThanOrEqual(3);
    expect(world.checker.statistics.failuresTotal.unreadable).toBeGreaterThanOrEqual(1);
  });
});
