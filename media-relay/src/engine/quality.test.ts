/** Two renditions of one camera, and viewers that are switched between them, over real DTLS and SRTP. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { H264Facts } from '../media/track.ts';
import { ScriptedSource, scriptedTrack } from '../testing/scripted-source.ts';
import { TestViewer, type TestPacket } from '../testing/test-viewer.ts';
import type { MainStreamDesk } from '../outputs/whep.ts';
import { Engine } from './engine.ts';
import type { FromEngine, QualityWish, StreamSnapshot, StreamSpec } from './messages.ts';

const spec: StreamSpec = {
  name: 'cam',
  url: 'scripted:main',
  substream: 'scripted:sub',
  onDemand: false,
  transport: 'auto',
  tlsFingerprint: undefined,
};
const small: H264Facts = {
  profileLevelId: '42e00d',
  profileName: 'Constrained Baseline',
  width: 160,
  height: 120,
  framesPerSecond: 15,
  maxReorderFrames: 0,
};
const MAIN_BYTES = 3000;
const SUB_BYTES = 700;

let engine: Engine;
let main: ScriptedSource;
let sub: ScriptedSource;
let offsetMs: number;
let chance: number;
let messages: FromEngine[];
let asked: string[];
const listeners = new Set<() => void>();
const viewers: TestViewer[] = [];

const clock = (): number => performance.timeOrigin + performance.now() + offsetMs;

beforeEach(async () => {
  main = new ScriptedSource();
  sub = new ScriptedSource();
  offsetMs = 0;
  chance = 0.5;
  messages = [];
  asked = [];
  await startEngine();
});

async function startEngine(mainStream?: MainStreamDesk): Promise<void> {
  engine = new Engine(
    { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [] },
    {
      clock,
      random: () => chance,
      createSource: ({ url }) => (url === 'scripted:sub' ? sub : main),
      emit: (message) => {
        messages.push(message);
        for (const listener of listeners) listener();
      },
      ...(mainStream && { mainStream }),
    },
  );
  await engine.start();
}

afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
  engine.close();
  listeners.clear();
});

/** Resolves when the newest statistics fit. */
function statistics(fits: (stream: StreamSnapshot) => boolean): Promise<StreamSnapshot> {
  return new Promise((resolve) => {
    const look = (): void => {
      const message = messages.findLast((one) => one.type === 'statistics');
      const stream = message?.snapshot.streams[0];
      if (stream === undefined || !fits(stream)) return;
      listeners.delete(look);
      resolve(stream);
    };
    listeners.add(look);
    look();
  });
}

/** Resolves at the next end of a connection to a camera. */
function reconnect(): Promise<void> {
  const before = messages.length;
  return new Promise((resolve) => {
    const look = (): void => {
      const isHere = messages
        .slice(before)
        .some((one) => one.type === 'event' && one.event.kind === 'reconnect');
      if (!isHere) return;
      listeners.delete(look);
      resolve();
    };
    listeners.add(look);
  });
}

async function join(wish?: QualityWish): Promise<{ made: TestViewer; id: string }> {
  const made = new TestViewer();
  viewers.push(made);
  const result = await engine.offer('cam', made.offer(), wish);
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  await made.connect(result.sdp);
  return { made, id: result.sessionId };
}

/** Ten pictures, now on the engine's clock. */
function group(source: ScriptedSource, keyBytes: number, bytes: number): void {
  for (let i = 0; i < 10; i++) source.frame(i === 0 ? keyBytes : bytes, i === 0, clock());
}

const subConnects = (facts: H264Facts = small): void => {
  sub.tracks([{ ...scriptedTrack, h264: facts }]);
  group(sub, 1500, SUB_BYTES);
};

/** Sizes tell the renditions apart: a main picture is several packets, one of the substream a single one. */
const framesOf = (packets: readonly TestPacket[]): number[] => {
  const sizes: number[] = [];
  let bytes = 0;
  for (const { payload, marker } of packets) {
    bytes += payload.length;
    if (!marker) continue;
    sizes.push(bytes);
    bytes = 0;
  }
  return sizes;
};
const isMain = (bytes: number): boolean => bytes >= MAIN_BYTES;

function expectContinuous(packets: readonly TestPacket[]): void {
  for (const [i, packet] of packets.entries()) {
    const before = packets[i - 1];
    if (!before) continue;
    expect(packet.ssrc).toBe(before.ssrc);
    expect(packet.payloadType).toBe(before.payloadType);
    expect((packet.seq - before.seq) & 0xffff).toBe(1);
    if (before.marker) expect((packet.timestamp - before.timestamp) | 0).toBeGreaterThan(0);
    else expect(packet.timestamp).toBe(before.timestamp);
  }
}

function start(change: Partial<StreamSpec> = {}): void {
  engine.setStream({ ...spec, ...change });
  main.tracks();
  group(main, 8000, MAIN_BYTES);
}

describe('a viewer', () => {
  test('is switched there and back on one track, by its wish; the substream is connected while it is wanted', async () => {
    start();
    const { made, id } = await join();
    await made.until(() => framesOf(made.packets).length >= 10);
    expect(sub.runs).toBe(0);

    const starting = sub.nextRun();
    expect(engine.sessionQuality(id, { quality: 'sub' })).toEqual({
      wanted: 'sub',
      playing: 'main',
      switchingTo: 'sub',
      reason: undefined,
    });
    await starting;
    main.frame(MAIN_BYTES, false, clock());
    await made.until(() => framesOf(made.packets).length >= 11);
    expect(engine.sessionQuality(id, {})?.playing).toBe('main');
    subConnects();
    await made.until(() => framesOf(made.packets).length >= 21);
    expect(engine.sessionQuality(id, {})).toMatchObject({
      wanted: 'sub',
      playing: 'sub',
      switchingTo: undefined,
    });
    main.frame(MAIN_BYTES, false, clock());
    sub.frame(SUB_BYTES, false, clock());
    await made.until(() => framesOf(made.packets).length >= 22);
    expect(framesOf(made.packets).map(isMain)).toEqual([
      ...Array.from({ length: 11 }, () => true),
      ...Array.from({ length: 11 }, () => false),
    ]);

    engine.sessionQuality(id, { quality: 'main' });
    expect(engine.sessionQuality(id, {})?.playing).toBe('main');
    await made.until(() => framesOf(made.packets).length >= 34);
    expect(framesOf(made.packets).slice(22).every(isMain)).toBe(true);
    expectContinuous(made.packets);
    const {
      substream,
      qualitySwitchesTotal,
      viewers: count,
    } = await statistics((stream) => stream.qualitySwitchesTotal['viewer'] === 2);
    expect(qualitySwitchesTotal).toMatchObject({ viewer: 2, tile: 0, path: 0 });
    expect(substream).toMatchObject({ state: 'live', viewers: 0, h264: small, framesTotal: 11 });
    expect(count).toBe(1);
  });

  test('that asks for the substream gets it from the start when it is there, and the main stream until it is', async () => {
    start();
    const first = await join({ quality: 'sub' });
    await first.made.until(() => framesOf(first.made.packets).length >= 10);
    expect(framesOf(first.made.packets).every(isMain)).toBe(true);
    subConnects();
    await first.made.until(() => framesOf(first.made.packets).length >= 20);
    const second = await join({ quality: 'auto', tile: { width: 150, height: 100 } });
    await second.made.until(() => framesOf(second.made.packets).length >= 10);
    expect(framesOf(second.made.packets).some(isMain)).toBe(false);
    expect((await statistics((stream) => stream.viewers === 2)).substream?.viewers).toBe(2);
  });

  test('with auto follows the size of its tile', async () => {
    start();
    const { made, id } = await join({ tile: { width: 1000, height: 600 } });
    await made.until(() => framesOf(made.packets).length >= 10);
    const starting = sub.nextRun();
    engine.sessionQuality(id, { tile: { width: 150, height: 110 } });
    await starting;
    subConnects();
    await made.until(() => framesOf(made.packets).length >= 20);
    expect(engine.sessionQuality(id, {})).toMatchObject({ wanted: 'auto', playing: 'sub' });
    offsetMs += 1000;
    engine.sessionQuality(id, { tile: { width: 1000, height: 600 } });
    await made.until(() => framesOf(made.packets).length >= 30);
    expect(engine.sessionQuality(id, {})?.playing).toBe('main');
    expectContinuous(made.packets);
  });

  test('stays where it is when the other rendition has a profile that was not negotiated, and is told why', async () => {
    start();
    const { made, id } = await join();
    const starting = sub.nextRun();
    engine.sessionQuality(id, { quality: 'sub' });
    await starting;
    subConnects({ ...small, profileLevelId: '64001f', profileName: 'High' });
    main.frame(MAIN_BYTES, false, clock());
    await made.until(() => framesOf(made.packets).length >= 11);
    expect(engine.sessionQuality(id, {})).toEqual({
      wanted: 'sub',
      playing: 'main',
      switchingTo: undefined,
      reason: expect.stringMatching(/substream is H\.264 High.*new offer with quality=sub/),
    });
    expect(framesOf(made.packets).every(isMain)).toBe(true);
  });

  test.each([
    ['behind the last one', true],
    ['since it was connected', false],
  ])(
    'that wants a substream without a key frame for 10 s, %s, is told what it waits for, and so is everybody',
    async (_since, hadOne) => {
      start();
      const { made, id: firstId } = await join();
      const starting = sub.nextRun();
      engine.sessionQuality(firstId, { quality: 'sub' });
      await starting;
      sub.tracks([{ ...scriptedTrack, h264: small }]);
      sub.frame(SUB_BYTES, hadOne, clock());
      offsetMs += 10_500;
      made.check();
      sub.frame(SUB_BYTES, false, clock());
      main.frame(8000, true, clock());
      const { id } = await join({ quality: 'sub' });
      expect(engine.sessionQuality(id, {})).toEqual({
        wanted: 'sub',
        playing: 'main',
        switchingTo: 'sub',
        reason: expect.stringMatching(
          /^The substream is shown from its next key frame on: .* I-frame interval/,
        ),
      });
      const isWarned = ({ warnings }: StreamSnapshot): boolean => warnings.includes('substream-gop-too-long');
      expect((await statistics(isWarned)).warnings).toEqual(['substream-gop-too-long']);

      sub.frame(SUB_BYTES, true, clock());
      expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub', reason: undefined });
      sub.frame(SUB_BYTES, true, clock());
      const after = messages.length;
      await statistics((stream) => messages.length > after && !isWarned(stream));
    },
  );

  test('of a stream without a substream is told so', async () => {
    start({ substream: undefined });
    const { id } = await join({ quality: 'sub' });
    expect(engine.sessionQuality(id, {})).toEqual({
      wanted: 'sub',
      playing: 'main',
      switchingTo: undefined,
      reason: 'The stream has no substream.',
    });
    expect(engine.sessionQuality('nobody', {})).toBeUndefined();
  });
});

describe('a switch to a rendition whose burst would take more than 300 ms', () => {
  const GROUP_BYTES = 4_000_000;

  /** The viewer sees the substream, and the main stream's key frames come every 8 s. */
  async function watchingSub() {
    start();
    const { made, id } = await join({ quality: 'sub' });
    subConnects();
    await made.until(() => framesOf(made.packets).some((bytes) => !isMain(bytes)));
    offsetMs += 8000;
    made.check();
    sub.frame(SUB_BYTES, true, clock());
    main.frame(8000, true, clock());
    main.frame(GROUP_BYTES, false, clock());
    return id;
  }

  /** The substream's connection ends, and `ms` later main's group is so old. */
  async function loseSub(ms: number): Promise<void> {
    const ended = reconnect();
    sub.fail('ended', 'gone');
    await ended;
    offsetMs += ms;
    main.frame(MAIN_BYTES, false, clock());
  }

  test('waits for its next key frame', async () => {
    const id = await watchingSub();
    expect(engine.sessionQuality(id, { quality: 'main' })).toMatchObject({
      playing: 'sub',
      switchingTo: 'main',
    });
    main.frame(MAIN_BYTES, false, clock());
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub' });
    main.frame(8000, true, clock());
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'main', switchingTo: undefined });
  });

  test('does not when what plays is lost, and the burst is over before that', async () => {
    const id = await watchingSub();
    await loseSub(2000);
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'main', switchingTo: undefined });
  });

  test('does when what plays is lost, and the key frame is due before the burst is over', async () => {
    const id = await watchingSub();
    await loseSub(7900);
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub', switchingTo: 'main' });
    main.frame(8000, true, clock());
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'main', switchingTo: undefined });
  });
});

describe('where the main stream must be asked for', () => {
  beforeEach(async () => {
    engine.close();
    await startEngine({
      ask: (id) => void asked.push(`ask ${id}`),
      giveBack: (id) => void asked.push(`back ${id}`),
    });
  });

  async function watchingSub() {
    start();
    const first = await join({ quality: 'sub' });
    subConnects();
    await first.made.until(() => framesOf(first.made.packets).some((bytes) => !isMain(bytes)));
    asked.splice(0);
    return first;
  }

  test('a viewer stays on the substream until it is granted, and asks again 5 s after a no, or with a new wish', async () => {
    const { made, id } = await watchingSub();
    engine.sessionQuality(id, { quality: 'main' });
    main.frame(8000, true, clock());
    engine.sessionQuality(id, {});
    expect(asked).toEqual([`ask ${id}`]);
    engine.answerMainStream(id, false);
    offsetMs += 4900;
    made.check();
    main.frame(8000, true, clock());
    expect(asked).toHaveLength(1);
    offsetMs += 200;
    sub.frame(SUB_BYTES, true, clock());
    main.frame(8000, true, clock());
    expect(asked).toHaveLength(2);
    engine.answerMainStream(id, false);
    expect(engine.sessionQuality(id, {})).toMatchObject({ wanted: 'main', playing: 'sub' });
    expect(asked).toEqual(Array.from({ length: 3 }, () => `ask ${id}`));
    engine.answerMainStream(id, true);
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'main', switchingTo: undefined });
    engine.sessionQuality(id, { quality: 'sub' });
    sub.frame(SUB_BYTES, true, clock());
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub' });
    expect(asked.slice(3)).toEqual([`back ${id}`]);
    expectContinuous(made.packets);
  });

  test.each([
    [0, 4000],
    [0.999, 6000],
  ])('after a no those who wait do not ask together: with chance %d after %d ms', async (drawn, afterMs) => {
    chance = drawn;
    const { made, id } = await watchingSub();
    engine.sessionQuality(id, { quality: 'main' });
    engine.answerMainStream(id, false);
    offsetMs += afterMs - 100;
    made.check();
    main.frame(8000, true, clock());
    expect(asked).toHaveLength(1);
    offsetMs += 200;
    main.frame(8000, true, clock());
    expect(asked).toHaveLength(2);
  });

  test('a leave that is of no use any more goes back', async () => {
    const { id } = await watchingSub();
    engine.sessionQuality(id, { quality: 'main' });
    engine.sessionQuality(id, { quality: 'sub' });
    engine.answerMainStream(id, true);
    expect(asked).toEqual([`ask ${id}`, `back ${id}`]);
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub', switchingTo: undefined });
  });

  test('a substream that is lost does not take anybody up unasked', async () => {
    const { id } = await watchingSub();
    const ended = reconnect();
    sub.fail('ended', 'gone');
    await ended;
    offsetMs += 1500;
    main.frame(MAIN_BYTES, true, clock());
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub', switchingTo: 'main' });
    expect(asked).toEqual([`ask ${id}`]);
    engine.answerMainStream(id, true);
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'main' });
  });

  test('who begins with the main stream has asked with the offer', async () => {
    start();
    const viewer = new TestViewer();
    viewers.push(viewer);
    expect(await engine.offer('cam', viewer.offer())).toMatchObject({ ok: true, playing: 'main' });
    expect(asked).toEqual([]);
  });
});

describe('a rendition that is lost', () => {
  test('the substream: its viewers see the main stream, with a warning, and the substream again when it is back', async () => {
    start();
    const { made, id } = await join({ quality: 'sub' });
    subConnects();
    await made.until(() => framesOf(made.packets).some((bytes) => !isMain(bytes)));
    const restarted = sub.nextRun();
    sub.fail('ended', 'gone');
    offsetMs += 6000;
    made.check();
    main.frame(MAIN_BYTES, true, clock());
    await made.until(() => framesOf(made.packets).slice(-1).every(isMain));
    expect(engine.sessionQuality(id, {})).toMatchObject({
      playing: 'main',
      reason: 'The substream cannot be reached at the moment.',
    });
    expect((await statistics(({ warnings }) => warnings.includes('substream-unavailable'))).state).toBe(
      'live',
    );
    await restarted;
    subConnects();
    await statistics(({ substream }) => substream?.state === 'live');
    offsetMs += 4000;
    made.check();
    sub.frame(SUB_BYTES, true, clock());
    await made.until(() =>
      framesOf(made.packets)
        .slice(-1)
        .every((bytes) => !isMain(bytes)),
    );
    expectContinuous(made.packets);
  });

  test('counts as lost a second after its connection has ended, not when its last pictures are old', async () => {
    start();
    const { made, id } = await join({ quality: 'sub' });
    subConnects();
    await made.until(() => framesOf(made.packets).some((bytes) => !isMain(bytes)));
    const ended = reconnect();
    sub.fail('ended', 'gone');
    await ended;
    // It may be back in a moment.
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'sub', switchingTo: undefined });
    offsetMs += 1500;
    main.frame(MAIN_BYTES, true, clock());
    expect(engine.sessionQuality(id, {})).toMatchObject({ playing: 'main' });
    await made.until(() => framesOf(made.packets).slice(-1).every(isMain));
    expectContinuous(made.packets);
  });

  test('the main one: the stream plays on by its substream, new viewers included', async () => {
    start();
    const { made, id } = await join();
    await made.until(() => framesOf(made.packets).length >= 10);
    const starting = sub.nextRun();
    main.fail('ended', 'gone');
    offsetMs += 6000;
    made.check();
    await starting;
    subConnects();
    await made.until(() => framesOf(made.packets).length >= 20);
    expect(engine.sessionQuality(id, {})).toMatchObject({ wanted: 'auto', playing: 'sub' });
    expectContinuous(made.packets);
    const { state } = await statistics(({ warnings }) => warnings.includes('main-stream-unavailable'));
    expect(state).toBe('live');
    const late = await join();
    await late.made.until(() => framesOf(late.made.packets).length >= 10);
  });

  test('the main one from the start, as with a codec that no browser plays: viewers get the substream', async () => {
    engine.setStream(spec);
    main.fail('unsupported-codec', 'The camera sends H265.');
    const starting = sub.nextRun();
    const joining = join();
    await starting;
    subConnects();
    const { made } = await joining;
    await made.until(() => framesOf(made.packets).length >= 10);
    expect(framesOf(made.packets).some(isMain)).toBe(false);
  });
});

test('a camera that delivers before its stream is made has no failure to its name', async () => {
  const eager = new ScriptedSource();
  const run = eager.run.bind(eager);
  eager.run = (sink, signal) => {
    const running = run(sink, signal);
    eager.tracks();
    group(eager, 8000, MAIN_BYTES);
    return running;
  };
  main = eager;
  engine.setStream(spec);
  const { state, reconnectsTotal } = await statistics((stream) => stream.framesTotal === 10);
  expect([state, reconnectsTotal]).toEqual(['live', {}]);
  expect(messages.flatMap((one) => (one.type === 'event' ? one.event.kind : []))).toEqual(['stream-up']);
});

test('when the last viewer has gone the substream lingers for 10 s, and nothing is left in the end', async () => {
  const blocks = engine.arena.blocksInUse;
  start();
  const { id } = await join({ quality: 'sub' });
  subConnects();
  await statistics((stream) => stream.substream?.viewers === 1);
  engine.closeSession(id);
  expect((await statistics((stream) => stream.viewers === 0)).substream).toMatchObject({
    state: 'live',
    viewers: 0,
  });
  engine.removeStream('cam');
  expect(engine.arena.blocksInUse).toBe(blocks);
});
