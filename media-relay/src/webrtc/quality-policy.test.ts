import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RenditionName } from '../stream/states.ts';
import { timeBox } from '../testing/time-box.ts';
import {
  bySize,
  QualityPolicy,
  unknownPath,
  type PathFacts,
  type QualityDecision,
  type QualityFacts,
  type RenditionFacts,
} from './quality-policy.ts';

const STEP_MS = 100;
const main: RenditionFacts = { availability: 'live', size: { width: 1920, height: 1080 }, bitrateBps: 4e6 };
const sub: RenditionFacts = { availability: 'live', size: { width: 640, height: 360 }, bitrateBps: 5e5 };
const bigTile = { width: 1600, height: 900 };
const smallTile = { width: 480, height: 270 };
const congested: PathFacts = { capacityBps: 1e6, lossShare: 0.2, queueDelayMs: 300, waitingMs: 400 };

/** A viewer whose switches take effect at the next step. */
function viewer(start: Partial<QualityFacts> = {}, random = () => 0.5) {
  const policy = new QualityPolicy(random);
  const facts: { -readonly [K in keyof QualityFacts]: QualityFacts[K] } = {
    wanted: 'auto',
    tile: bigTile,
    main,
    sub,
    path: unknownPath,
    playing: 'main',
    ...start,
  };
  const switches: { readonly atMs: number; readonly to: RenditionName; readonly reason: string }[] = [];
  let nowMs = 1_000_000;
  const startMs = nowMs;
  let last: QualityDecision | undefined;
  /** `path` sees what is playing, as a real one would. */
  const run = (ms: number, path?: (playing: RenditionName) => PathFacts): QualityDecision | undefined => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += STEP_MS) {
      if (path) facts.path = path(facts.playing);
      last = policy.decide(facts, nowMs);
      if (last.rendition === facts.playing) continue;
      facts.playing = last.rendition;
      switches.push({ atMs: nowMs - startMs, to: last.rendition, reason: last.reason });
    }
    return last;
  };
  return { facts, run, switches };
}

/** Carries so much: what is more ends in the queue. */
const pathOf =
  (capacityBps: number) =>
  (playing: RenditionName): PathFacts =>
    (playing === 'main' ? main : sub).bitrateBps < capacityBps ? unknownPath : congested;

describe('the size of the tile', () => {
  test.each([
    [undefined, 'main'],
    [{ width: 640, height: 360 }, 'sub'],
    [{ width: 670, height: 375 }, 'sub'],
    [{ width: 900, height: 506 }, 'main'],
    // Letterboxed: what counts is how much the picture is enlarged.
    [{ width: 1900, height: 370 }, 'sub'],
  ] as const)('%j is filled by %s', (tile, expected) => {
    expect(bySize(tile, sub.size)).toBe(expected);
  });

  test('between two sizes it stays what it was, in both directions', () => {
    const between = { width: 760, height: 428 };
    expect(bySize(between, sub.size, 'sub')).toBe('sub');
    expect(bySize(between, sub.size, 'main')).toBe('main');
  });

  test('a substream that was never connected is taken for 640 x 360, and kept connected when it would do', () => {
    const unknown = { ...sub, availability: 'maybe', size: undefined } as const;
    const { run } = viewer({ tile: smallTile, sub: unknown });
    expect(run(STEP_MS)).toEqual({ rendition: 'sub', reason: 'tile', needsSub: true });
    expect(viewer({ sub: unknown }).run(STEP_MS)).toMatchObject({ rendition: 'main', needsSub: false });
  });

  test('is followed, at most once a second', () => {
    const { facts, run, switches } = viewer();
    run(2000);
    for (let i = 0; i < 100; i++) {
      facts.tile = i % 2 === 0 ? smallTile : bigTile;
      run(STEP_MS);
    }
    for (const [i, one] of switches.entries())
      if (i > 0) expect(one.atMs - (switches[i - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(1000);
    expect(switches.length).toBeGreaterThan(3);
  });
});

describe('what the viewer asks for', () => {
  test.each(['main', 'sub'] as const)('%s is had at once, on any path and in any tile', (wanted) => {
    const { run } = viewer({ wanted, path: congested, tile: smallTile, playing: 'main' });
    expect(run(STEP_MS)).toMatchObject({ rendition: wanted, reason: 'viewer' });
    expect(run(60_000)?.rendition).toBe(wanted);
  });
});

describe('a path', () => {
  test('that carries the main stream changes nothing, however much faster it could be', () => {
    const { run, switches } = viewer();
    run(60_000, () => ({ ...unknownPath, capacityBps: 5e6, lossShare: 0.05, queueDelayMs: 20 }));
    expect(switches).toEqual([]);
  });

  test('that hiccups for half a second changes nothing', () => {
    const { run, switches } = viewer();
    for (let i = 0; i < 10; i++) {
      run(500, () => congested);
      run(5000, () => unknownPath);
    }
    expect(switches).toEqual([]);
  });

  test('that is too narrow: falls within a second, tries again after 4 s, then 8, 16 ... up to 2 min, each time for less than 2 s', () => {
    const { run, switches } = viewer();
    run(20 * 60_000, pathOf(2e6));
    expect(switches[0]).toMatchObject({ to: 'sub', reason: 'path' });
    expect(switches[0]?.atMs).toBeLessThan(1000);
    const trials = switches.filter(({ reason }) => reason === 'trial');
    const rollBacks = switches.filter(({ reason }) => reason === 'roll-back');
    expect(rollBacks).toHaveLength(trials.length);
    for (const [i, one] of trials.entries()) {
      expect((rollBacks[i]?.atMs ?? Infinity) - one.atMs).toBeLessThan(2000);
      const waitedMs = one.atMs - ((rollBacks[i - 1] ?? switches[0])?.atMs ?? 0);
      expect(waitedMs).toBeGreaterThanOrEqual(Math.min(120_000, 4000 * 2 ** i) - STEP_MS);
      expect(waitedMs).toBeLessThan(Math.min(120_000, 4000 * 2 ** i) + 1000);
    }
    expect(trials.length).toBeGreaterThan(8);
    expect(trials.length).toBeLessThan(16);
  });

  test('that widens is found out by a trial, and the way up is not forgotten when it narrows again', () => {
    const { run, switches } = viewer();
    run(3000, pathOf(2e6));
    run(8000, pathOf(1e7));
    expect(switches.map(({ reason }) => reason)).toEqual(['path', 'trial']);
    expect(run(60_000, pathOf(1e7))).toEqual({ rendition: 'main', reason: 'tile', needsSub: false });
    run(3000, pathOf(2e6));
    expect(switches.map(({ reason }) => reason)).toEqual(['path', 'trial', 'path']);
  });

  test('that lets the main stream through for a few seconds each time is tried ever more seldom', () => {
    const { run, switches } = viewer();
    for (let i = 0; i < 40; i++) {
      run(5000, () => unknownPath);
      run(5000, pathOf(2e6));
    }
    const falls = switches.filter(({ to }) => to === 'sub').length;
    expect(falls).toBeLessThan(12);
  });

  test('that is known to carry less is tried against the odds, four times later', () => {
    const { run, switches } = viewer();
    run(2000, pathOf(2e6));
    const narrow = (playing: RenditionName): PathFacts => ({ ...pathOf(2e6)(playing), capacityBps: 2e6 });
    run(12_000, narrow);
    expect(switches).toHaveLength(1);
    run(6000, narrow);
    expect(switches[1]).toMatchObject({ reason: 'trial' });
  });

  test.each([
    [0, 3000],
    [1, 5000],
  ])('is tried a quarter sooner or later, as chance %d will have it', (chance, firstMs) => {
    const { run, switches } = viewer({}, () => chance);
    run(20_000, pathOf(2e6));
    const at = switches.map(({ atMs }) => atMs);
    expect(switches.map(({ reason }) => reason).slice(0, 4)).toEqual(['path', 'trial', 'roll-back', 'trial']);
    const waitsMs = [(at[1] ?? 0) - (at[0] ?? 0), (at[3] ?? 0) - (at[2] ?? 0)];
    for (const [i, waitMs] of waitsMs.entries()) {
      expect(waitMs).toBeGreaterThanOrEqual(firstMs * (i + 1) - STEP_MS);
      expect(waitMs).toBeLessThan(firstMs * (i + 1) + 500);
    }
  });

  test('that loses 6 % whatever plays is tried, and the trial is good: only what it loses more counts', () => {
    const { run, switches } = viewer();
    const radio: PathFacts = { ...unknownPath, lossShare: 0.06 };
    run(2000, pathOf(2e6));
    expect(run(60_000, () => radio)).toMatchObject({ rendition: 'main' });
    expect(switches.map(({ reason }) => reason)).toEqual(['path', 'trial']);
  });

  test('that loses more by the trial ends it', () => {
    const { run, switches } = viewer();
    run(2000, pathOf(2e6));
    let looks = 0;
    const lossShare = (playing: RenditionName): number => (playing === 'main' && ++looks > 3 ? 0.12 : 0.06);
    run(8000, (playing) => ({ ...unknownPath, lossShare: lossShare(playing) }));
    expect(switches.map(({ reason }) => reason)).toEqual(['path', 'trial', 'roll-back']);
  });

  test('that is strained while the trial waits for leave is not tried before it has been calm again', () => {
    const { facts, run } = viewer();
    run(2000, pathOf(2e6));
    // Without leave nothing comes of it: the substream goes on.
    const wish = (ms: number, path: PathFacts): RenditionName | undefined => {
      let last: RenditionName | undefined;
      for (let at = 0; at < ms; at += STEP_MS) {
        last = run(STEP_MS, () => path)?.rendition;
        facts.playing = 'sub';
      }
      return last;
    };
    expect(wish(8000, unknownPath)).toBe('main');
    expect(wish(500, congested)).toBe('sub');
    expect(wish(2500, unknownPath)).toBe('sub');
    expect(wish(2500, unknownPath)).toBe('main');
  });

  test('that four share carries the main stream for as many as it has room for: they do not try in step', () => {
    let drawn = 0;
    const random = (): number => (drawn += 0.618) % 1;
    const wide = { ...main, bitrateBps: 1.5e6 };
    const small = { ...sub, bitrateBps: 3e5 };
    const viewers = Array.from({ length: 4 }, () => viewer({ main: wide, sub: small }, random));
    // Room for two of the four.
    const shared = (): PathFacts => {
      const bps = viewers.reduce((sum, { facts }) => sum + (facts.playing === 'main' ? 1.5e6 : 3e5), 0);
      return bps > 4e6 ? { ...congested, capacityBps: undefined } : unknownPath;
    };
    for (let ms = 0; ms < 120_000; ms += STEP_MS) {
      const path = shared();
      for (const { run } of viewers) run(STEP_MS, () => path);
    }
    const seeMain = viewers.filter(({ facts }) => facts.playing === 'main');
    expect(seeMain).toHaveLength(2);
    for (const { switches } of seeMain) expect(switches.at(-1)?.atMs).toBeLessThan(60_000);
  });

  test('is of no interest in a small tile, and the substream is kept while there is doubt', () => {
    const { facts, run, switches } = viewer();
    expect(run(2000, pathOf(2e6))).toMatchObject({ rendition: 'sub', needsSub: true });
    facts.tile = smallTile;
    run(120_000, pathOf(1e7));
    expect(switches).toHaveLength(1);
    facts.tile = bigTile;
    expect(run(2000, pathOf(1e7))).toMatchObject({ rendition: 'main', reason: 'trial', needsSub: true });
  });
});

describe('a rendition that is lost', () => {
  const lost = (facts: RenditionFacts): RenditionFacts => ({ ...facts, availability: 'lost' });

  test.each([
    ['main', 'sub'],
    ['sub', 'main'],
  ] as const)(
    '%s: its viewers see the other, whatever they want, until it has been back for 3 s',
    (wanted, other) => {
      const { facts, run, switches } = viewer({ wanted, playing: wanted });
      facts[wanted] = lost(facts[wanted]);
      expect(run(1000)).toMatchObject({ rendition: other, reason: 'availability', needsSub: true });
      facts[wanted] = { ...facts[wanted], availability: 'live' };
      run(2000);
      facts[wanted] = lost(facts[wanted]);
      run(1000);
      facts[wanted] = { ...facts[wanted], availability: 'maybe' };
      run(10_000);
      facts[wanted] = { ...facts[wanted], availability: 'live' };
      run(2900);
      expect(switches).toHaveLength(1);
      run(500);
      expect(switches.map(({ to }) => to)).toEqual([other, wanted]);
    },
  );

  test('with the other one: what plays stays', () => {
    for (const playing of ['main', 'sub'] as const) {
      const { run, switches } = viewer({ main: lost(main), sub: lost(sub), playing });
      run(10_000);
      expect(switches).toEqual([]);
    }
  });

  test('when what took its place is lost too, the first that is back is shown at once', () => {
    const { facts, run } = viewer({ wanted: 'main', main: lost(main) });
    run(1000);
    facts.sub = lost(sub);
    facts.main = main;
    expect(run(STEP_MS)?.rendition).toBe('main');
  });
});

test('whatever happens: never to a rendition that is lost, auto at most once a second but for roll-backs, which follow trials', () => {
  const availability = fc.constantFrom('live', 'live', 'live', 'maybe', 'lost');
  const step = fc.record({
    ms: fc.integer({ min: 100, max: 4000 }),
    wanted: fc.constantFrom('auto', 'auto', 'auto', 'main', 'sub'),
    tile: fc.constantFrom(undefined, smallTile, bigTile),
    main: availability,
    sub: availability,
    capacityBps: fc.constantFrom(undefined, 3e5, 2e6, 1e8),
    lossShare: fc.double({ min: 0, max: 1, noNaN: true }),
    queueDelayMs: fc.integer({ min: 0, max: 400 }),
    waitingMs: fc.integer({ min: 0, max: 500 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { facts, run, switches } = viewer();
      for (const one of steps) {
        facts.wanted = one.wanted;
        facts.tile = one.tile;
        facts.main = { ...main, availability: one.main };
        facts.sub = { ...sub, availability: one.sub };
        const { capacityBps, lossShare, queueDelayMs, waitingMs } = one;
        const before = switches.length;
        run(one.ms, () => ({ capacityBps, lossShare, queueDelayMs, waitingMs }));
        for (const { to } of switches.slice(before)) expect(facts[to].availability).not.toBe('lost');
        for (const [i, { atMs, reason }] of switches.entries()) {
          if (i < before) continue;
          const last = switches[i - 1];
          if (reason === 'roll-back') expect(last?.to).toBe('main');
          else if (last && one.wanted === 'auto') expect(atMs - last.atMs).toBeGreaterThanOrEqual(1000);
        }
      }
    }),
    timeBox,
  );
});
