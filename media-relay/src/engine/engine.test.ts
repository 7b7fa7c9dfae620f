import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineBench, expectContinuous, framesOf, setsOfParts } from '../testing/engine-bench.ts';
import { scriptedStream } from '../testing/scripted-source.ts';
import { feedback } from '../testing/test-viewer.ts';

describe.each(setsOfParts)('$name parts:', ({ parts, blocksOfPartsClosed }) => {
  let bench: EngineBench;
  beforeEach(async () => {
    bench = await EngineBench.open(parts);
  });
  afterEach(() => bench.close());

  describe('a viewer', () => {
    test.each([
      ['127.0.0.1', 4],
      ['::1', 6],
    ] as const)(
      'over %s gets the cached group and then live frames, every packet in order and within 1,200 bytes',
      async (address, family) => {
        bench.source.tracks();
        bench.source.group(30, 60_000, 5000);
        const made = bench.viewer({ family });
        const { sdp } = await bench.offer(made);
        await made.connect(sdp, address);
        await made.until(() => framesOf(made.packets) >= 30);
        for (let i = 0; i < 5; i++) bench.source.frame(5000);
        await made.until(() => framesOf(made.packets) >= 35);
        expectContinuous(made.packets);
        expect(Math.max(...made.packets.map(({ bytes }) => bytes))).toBeLessThanOrEqual(1200);
        // STAP-A with the parameter sets comes first
        expect((made.packets[0]?.payload[0] ?? 0) & 31).toBe(24);
      },
    );

    test('is told the clock of what it was sent', async () => {
      const { made, id } = await bench.watching();
      const clock = bench.engine.sessionClock(id, 3);
      expect(clock?.frames).toHaveLength(3);
      expect(clock?.frames.at(-1)?.[0]).toBe(made.packets.at(-1)?.timestamp);
      expect((clock?.relayMs ?? 0) - (clock?.frames.at(-1)?.[1] ?? 0)).toBeLessThan(5000);
      expect(bench.engine.sessionClock('unknown', 3)).toBeUndefined();
    });

    test('gets sender reports', async () => {
      const { made, ssrc } = await bench.watching();
      await made.until(() => made.rtcp.length > 0);
      const report = made.rtcp[0] ?? Buffer.alloc(28);
      expect(report[1]).toBe(200);
      expect(report.readUInt32BE(4)).toBe(ssrc);
      const unixSeconds = report.readUInt32BE(8) - 2_208_988_800;
      expect(Math.abs(unixSeconds - Date.now() / 1000)).toBeLessThan(2);
    });

    test('that leaves by DELETE hears close_notify, and everything of it is freed', async () => {
      bench.source.tracks();
      bench.source.group(3);
      const before = bench.engine.arena.blocksInUse;
      const made = bench.viewer();
      const { id, sdp } = await bench.offer(made);
      await made.connect(sdp);
      expect(bench.engine.arena.blocksInUse > before).toBe(parts.udp === 'native'); // a destination of the C library
      bench.engine.closeSession(id);
      await made.until(() => made.receivedCloseNotify);
      expect(bench.engine.sessionCount).toBe(0);
      expect(bench.engine.arena.blocksInUse).toBe(before);
      expect((await bench.message('session-ended')).reason).toBe('closed-by-viewer');
    });

    test('that says close_notify is gone at once', async () => {
      const { made } = await bench.watching();
      made.sendCloseNotify();
      expect((await bench.message('session-ended')).reason).toBe('closed-by-viewer');
      expect(bench.engine.sessionCount).toBe(0);
    });

    test('that falls silent for 30 s is gone', async () => {
      await bench.watching();
      bench.offsetMs += 29_000;
      await new Promise((resolve) => setTimeout(resolve, 150)); // one tick of the engine
      expect(bench.engine.sessionCount).toBe(1);
      bench.offsetMs += 2000;
      expect((await bench.message('session-ended')).reason).toBe('silent');
      expect(bench.engine.sessionCount).toBe(0);
    });

    test('that falls silent costs nothing after some seconds, and gets one burst when it speaks again', async () => {
      const { made, ssrc } = await bench.watching();
      const dropped = (): number => {
        const [snapshot] =
          bench.messages.findLast((one) => one.type === 'statistics')?.snapshot.streams ?? [];
        return snapshot?.droppedFramesTotal['silent-viewer'] ?? 0;
      };
      bench.source.frame(3000);
      bench.offsetMs += 7000;
      for (let i = 0; i < 5; i++) bench.source.frame(3000);
      await bench.until(() => dropped() === 5);
      expect(framesOf(made.packets)).toBe(11);
      bench.source.group(4);
      await bench.until(() => dropped() === 9);
      made.sendRtcp(feedback.pli(ssrc));
      await made.until(() => framesOf(made.packets) >= 15);
      bench.source.frame(3000, false, bench.nowMs);
      await made.until(() => framesOf(made.packets) >= 16);
      expect(framesOf(made.packets)).toBe(16);
      expectContinuous(made.packets);
    });

    test('that never connects is gone after 15 s', async () => {
      bench.source.tracks();
      await bench.offer(bench.viewer());
      bench.offsetMs += 16_000;
      expect((await bench.message('session-ended')).reason).toBe('never-connected');
    });
  });

  describe('streams', () => {
    test('on demand: idle until somebody asks, and its sessions end with it', async () => {
      bench.engine.setStream({ ...scriptedStream, name: 'demand', onDemand: true });
      expect(bench.source.runs).toBe(1);
      const made = bench.viewer();
      const pending = bench.engine.offer('demand', made.offer());
      expect(bench.source.runs).toBe(2);
      bench.source.tracks();
      bench.source.group(2);
      const result = await pending;
      expect(result.ok).toBe(true);
      bench.engine.removeStream('demand');
      expect((await bench.message('session-ended')).reason).toBe('stream-removed');
    });

    test('on demand: sought for a while after an offer that found no camera', async () => {
      bench.engine.setStream({ ...scriptedStream, name: 'demand', onDemand: true });
      const pending = bench.engine.offer('demand', bench.viewer().offer());
      bench.source.fail('unreachable', 'cam:554 cannot be reached');
      expect(await pending).toMatchObject({ ok: false, code: 'stream-not-ready' });
      bench.messages.length = 0;
      const { snapshot } = await bench.message('statistics');
      expect(snapshot.streams.map(({ name, isSought }) => [name, isSought])).toEqual([
        ['cam', false],
        ['demand', true],
      ]);
    });

    test('after the camera was away, viewers go on without a new session', async () => {
      const { made } = await bench.watching();
      bench.source.fail('ended', 'the camera closed the connection');
      await bench.source.nextRun();
      bench.source.tracks();
      bench.source.frame(3000); // not decodable: before the key frame
      bench.source.group(3);
      await made.until(() => framesOf(made.packets) >= 13);
      expect(framesOf(made.packets)).toBe(13);
      expectContinuous(made.packets);
    });
  });

  test('closing the engine frees what streams and sessions held', async () => {
    await bench.watching();
    const { arena } = bench.engine;
    bench.engine.close();
    expect(bench.engine.sessionCount).toBe(0);
    expect(arena.blocksInUse).toBe(bench.blocksOfEngine - blocksOfPartsClosed);
  });
});
