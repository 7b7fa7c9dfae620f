import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ViewerPathSummary } from '../stream/path-statistics.ts';
import { ScriptedSource, scriptedStream, scriptedTrack } from '../testing/scripted-source.ts';
import { feedback, RTX_PT, TestViewer, VIDEO_PT, type TestPacket } from '../testing/test-viewer.ts';
import { createCertificate } from '../webrtc/certificate.ts';
import { Engine } from './engine.ts';
import type { FromEngine } from './messages.ts';

/**
 * One suite for both sets of parts. `blocksOfPartsClosed`: the WHEP output returns its scratch memory, and OpenSSL's
 * DTLS factory two blocks; what others hold for the engine's life goes with the arena.
 */
const sets = [
  { name: 'native', parts: { dtls: 'native', srtp: 'native', udp: 'native' }, blocksOfPartsClosed: 3 },
  {
    name: 'portable',
    parts: { dtls: 'portable', srtp: 'portable', udp: 'portable' },
    blocksOfPartsClosed: 1,
  },
] as const;

const framesOf = (packets: readonly TestPacket[]): number =>
  packets.filter(({ marker, payloadType }) => marker && payloadType === VIDEO_PT).length;

function expectContinuous(packets: readonly TestPacket[]): void {
  const video = packets.filter(({ payloadType }) => payloadType === VIDEO_PT);
  for (const [i, packet] of video.entries()) {
    const before = video[i - 1];
    if (!before) continue;
    expect((packet.seq - before.seq) & 0xffff).toBe(1);
    if (before.marker) expect((packet.timestamp - before.timestamp) | 0).toBeGreaterThan(0);
    else expect(packet.timestamp).toBe(before.timestamp);
  }
}

describe.each(sets)('$name parts:', ({ parts, blocksOfPartsClosed }) => {
  let engine: Engine;
  let source: ScriptedSource;
  let offsetMs: number;
  let messages: FromEngine[];
  let blocksOfEngine: number;
  const viewers: TestViewer[] = [];
  const listeners = new Set<() => void>();

  beforeEach(async () => {
    source = new ScriptedSource();
    offsetMs = 0;
    messages = [];
    engine = new Engine(
      { mediaPort: 0, mediaAddresses: ['127.0.0.1', '::1'], announcedAddresses: [], parts },
      {
        clock: () => performance.timeOrigin + performance.now() + offsetMs,
        random: () => 0.5,
        createSource: () => source,
        emit: (message) => {
          messages.push(message);
          for (const listener of listeners) listener();
        },
      },
    );
    await engine.start();
    blocksOfEngine = engine.arena.blocksInUse;
    engine.setStream(scriptedStream);
  });

  afterEach(() => {
    for (const viewer of viewers.splice(0)) viewer.close();
    engine.close();
    listeners.clear();
  });

  function viewer(options?: ConstructorParameters<typeof TestViewer>[0]): TestViewer {
    const made = new TestViewer(options);
    viewers.push(made);
    return made;
  }

  async function offer(made: TestViewer, fingerprint?: string): Promise<{ id: string; sdp: string }> {
    const result = await engine.offer('cam', made.offer(fingerprint));
    if (!result.ok) throw new Error(result.message);
    return { id: result.sessionId, sdp: result.sdp };
  }

  /** Resolves with the first message of the kind, past or future. */
  function message<T extends FromEngine['type']>(type: T): Promise<Extract<FromEngine, { type: T }>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = messages.find((one): one is Extract<FromEngine, { type: T }> => one.type === type);
        if (!found) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      look();
    });
  }

  /** Looked at with every message of the engine. */
  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  }

  const reportedPaths = (): ViewerPathSummary | undefined =>
    messages.findLast((one) => one.type === 'statistics')?.snapshot.streams[0]?.viewerPaths;

  async function watching(
    options?: ConstructorParameters<typeof TestViewer>[0],
  ): Promise<{ made: TestViewer; id: string; ssrc: number }> {
    source.tracks();
    source.group(10);
    const made = viewer(options);
    const { id, sdp } = await offer(made);
    await made.connect(sdp);
    await made.until(() => framesOf(made.packets) >= 10);
    return { made, id, ssrc: made.packets[0]?.ssrc ?? 0 };
  }

  describe('a viewer', () => {
    test.each([
      ['127.0.0.1', 4],
      ['::1', 6],
    ] as const)(
      'over %s gets the cached group and then live frames, every packet in order and within 1,200 bytes',
      async (address, family) => {
        source.tracks();
        source.group(30, 60_000, 5000);
        const made = viewer({ family });
        const { sdp } = await offer(made);
        await made.connect(sdp, address);
        await made.until(() => framesOf(made.packets) >= 30);
        for (let i = 0; i < 5; i++) source.frame(5000);
        await made.until(() => framesOf(made.packets) >= 35);
        expectContinuous(made.packets);
        expect(Math.max(...made.packets.map(({ bytes }) => bytes))).toBeLessThanOrEqual(1200);
        // STAP-A with the parameter sets comes first
        expect((made.packets[0]?.payload[0] ?? 0) & 31).toBe(24);
      },
    );

    test('is told the clock of what it was sent', async () => {
      const { made, id } = await watching();
      const clock = engine.sessionClock(id, 3);
      expect(clock?.frames).toHaveLength(3);
      expect(clock?.frames.at(-1)?.[0]).toBe(made.packets.at(-1)?.timestamp);
      expect((clock?.relayMs ?? 0) - (clock?.frames.at(-1)?.[1] ?? 0)).toBeLessThan(5000);
      expect(engine.sessionClock('unknown', 3)).toBeUndefined();
    });

    test('gets sender reports', async () => {
      const { made, ssrc } = await watching();
      await made.until(() => made.rtcp.length > 0);
      const report = made.rtcp[0] ?? Buffer.alloc(28);
      expect(report[1]).toBe(200);
      expect(report.readUInt32BE(4)).toBe(ssrc);
      const unixSeconds = report.readUInt32BE(8) - 2_208_988_800;
      expect(Math.abs(unixSeconds - Date.now() / 1000)).toBeLessThan(2);
    });

    test('that leaves by DELETE hears close_notify, and everything of it is freed', async () => {
      source.tracks();
      source.group(3);
      const before = engine.arena.blocksInUse;
      const made = viewer();
      const { id, sdp } = await offer(made);
      await made.connect(sdp);
      expect(engine.arena.blocksInUse > before).toBe(parts.udp === 'native'); // a destination of the C library
      engine.closeSession(id);
      await made.until(() => made.receivedCloseNotify);
      expect(engine.sessionCount).toBe(0);
      expect(engine.arena.blocksInUse).toBe(before);
      expect((await message('session-ended')).reason).toBe('closed-by-viewer');
    });

    test('that says close_notify is gone at once', async () => {
      const { made } = await watching();
      made.sendCloseNotify();
      expect((await message('session-ended')).reason).toBe('closed-by-viewer');
      expect(engine.sessionCount).toBe(0);
    });

    test('that falls silent for 30 s is gone', async () => {
      await watching();
      offsetMs += 29_000;
      await new Promise((resolve) => setTimeout(resolve, 150)); // one tick of the engine
      expect(engine.sessionCount).toBe(1);
      offsetMs += 2000;
      expect((await message('session-ended')).reason).toBe('silent');
      expect(engine.sessionCount).toBe(0);
    });

    test('that falls silent costs nothing after some seconds, and gets one burst when it speaks again', async () => {
      const { made, ssrc } = await watching();
      const dropped = (): number => {
        const [snapshot] = messages.findLast((one) => one.type === 'statistics')?.snapshot.streams ?? [];
        return snapshot?.droppedFramesTotal['silent-viewer'] ?? 0;
      };
      source.frame(3000);
      offsetMs += 7000;
      for (let i = 0; i < 5; i++) source.frame(3000);
      await until(() => dropped() === 5);
      expect(framesOf(made.packets)).toBe(11);
      source.group(4);
      await until(() => dropped() === 9);
      made.sendRtcp(feedback.pli(ssrc));
      await made.until(() => framesOf(made.packets) >= 15);
      source.frame(3000, false, performance.timeOrigin + performance.now() + offsetMs);
      await made.until(() => framesOf(made.packets) >= 16);
      expect(framesOf(made.packets)).toBe(16);
      expectContinuous(made.packets);
    });

    test('that never connects is gone after 15 s', async () => {
      source.tracks();
      await offer(viewer());
      offsetMs += 16_000;
      expect((await message('session-ended')).reason).toBe('never-connected');
    });
  });

  describe('loss', () => {
    test('a packet is resent by RTX with its original number and payload', async () => {
      const { made, ssrc } = await watching();
      const lost = made.packets[3];
      if (!lost) throw new Error('no packet');
      made.sendRtcp(feedback.nack(ssrc, lost.seq));
      await made.until(() => made.packets.some(({ payloadType }) => payloadType === RTX_PT));
      const resent = made.packets.find(({ payloadType }) => payloadType === RTX_PT);
      expect(resent?.ssrc).not.toBe(ssrc);
      expect(resent?.timestamp).toBe(lost.timestamp);
      expect(resent?.payload.readUInt16BE(0)).toBe(lost.seq);
      expect(resent?.payload.subarray(2)).toEqual(lost.payload);
    });

    test('without RTX it is sent again bit for bit', async () => {
      const { made, ssrc } = await watching({ rtx: false });
      const lost = made.packets[3];
      if (!lost) throw new Error('no packet');
      const count = made.packets.length;
      made.sendRtcp(feedback.nack(ssrc, lost.seq, 0b1));
      await made.until(() => made.packets.length >= count + 2);
      expect(made.packets[count]).toEqual(lost);
      expect(made.packets[count + 1]).toEqual(made.packets[4]);
    });

    test('a hole older than the history, or a PLI, becomes a burst, once a second', async () => {
      const { made, ssrc } = await watching();
      offsetMs += 1500;
      const frames = framesOf(made.packets);
      made.sendRtcp(feedback.pli(ssrc));
      await made.until(() => framesOf(made.packets) >= frames + 10);
      made.sendRtcp(feedback.pli(ssrc));
      offsetMs += 1500;
      made.sendRtcp(feedback.nack(ssrc, ((made.packets[0]?.seq ?? 0) - 20) & 0xffff));
      await made.until(() => framesOf(made.packets) >= frames + 20);
      expect(framesOf(made.packets)).toBe(frames + 20);
      expectContinuous(made.packets);
    });
  });

  describe('another address of the viewer', () => {
    /** Where the next picture arrives. */
    const socketOfNext = async (made: TestViewer): Promise<number | undefined> => {
      const frames = framesOf(made.packets);
      source.frame(1000, false, performance.timeOrigin + performance.now() + offsetMs);
      await made.until(() => framesOf(made.packets) > frames);
      return made.packets.at(-1)?.socket;
    };
    const check = async (made: TestViewer, from: number, isNominated: boolean): Promise<void> => {
      const answers = made.stunAnswers.length;
      made.sendsFrom = from;
      made.check(undefined, isNominated);
      await made.until(() => made.stunAnswers.length > answers);
    };

    test('gets the media when the viewer nominates it, at once, and not when it only checks it', async () => {
      const { made } = await watching();
      await made.openAnother();
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(0);
      await check(made, 1, true);
      expect(await socketOfNext(made)).toBe(1);
      await check(made, 0, false);
      expect(await socketOfNext(made)).toBe(1);
    });

    test('hears there that the session is over', async () => {
      let isMapped = true;
      const { made, id } = await watching({ loses: (_datagram, socket) => socket === 0 && !isMapped });
      await made.openAnother();
      isMapped = false;
      await check(made, 1, true);
      engine.closeSession(id);
      await made.until(() => made.receivedCloseNotify);
    });

    test('makes another path of it: what went by the old one is not measured on the new one', async () => {
      const { made, ssrc } = await watching();
      await made.until(() => made.rtcp.length > 0);
      await made.openAnother();
      await check(made, 1, true);
      made.sendRtcp(feedback.rr(ssrc, 64, made.rtcp[0]?.readUInt32BE(10) ?? 0));
      await until(() => reportedPaths()?.meanLossRatio === 0.25);
      expect(reportedPaths()?.meanRoundTripSeconds).toBeUndefined();
    });

    test('gets it without being nominated when nothing comes from the first one any more', async () => {
      const { made, ssrc } = await watching();
      await made.openAnother();
      offsetMs += 9000;
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(0);
      // A report is as good a sign as a check.
      made.sendsFrom = 0;
      made.sendRtcp(feedback.rr(ssrc, 64, 0));
      await until(() => reportedPaths()?.meanLossRatio === 0.25);
      offsetMs += 9000;
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(0);
      offsetMs += 2000;
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(1);
    });
  });

  describe('strangers and impostors', () => {
    test('a check with a wrong password opens nothing', async () => {
      source.tracks();
      source.group(3);
      const made = viewer();
      const { sdp } = await offer(made);
      await made.open(sdp);
      made.check('not the password at all');
      await made.until(() => made.stunAnswers.length === 1);
      expect(made.stunAnswers[0]).toBe(0x0111);
      made.startDtls();
      made.check();
      await made.until(() => made.stunAnswers.length === 2);
      expect(made.stunAnswers[1]).toBe(0x0101);
      expect(made.isConnected).toBe(false);
      expect(made.packets).toEqual([]);
    });

    test('a certificate that the offer does not name is refused', async () => {
      source.tracks();
      source.group(3);
      const made = viewer();
      const { sdp } = await offer(made, createCertificate(Date.now()).fingerprint);
      await made.open(sdp);
      made.check();
      await made.until(() => made.stunAnswers.length > 0);
      made.startDtls();
      expect((await message('session-ended')).reason).toBe('dtls-failed');
      expect(made.packets).toEqual([]);
    });

    test('garbage of every kind, from a viewer and from strangers, changes nothing', async () => {
      const { made } = await watching();
      const stranger = viewer();
      const { sdp } = await offer(stranger);
      await stranger.open(sdp);
      fc.assert(
        fc.property(
          fc.constantFrom(0, 1, 20, 22, 63, 64, 128, 144, 191, 255),
          fc.uint8Array({ minLength: 8, maxLength: 1500 }),
          (first, rest) => {
            const datagram = Buffer.concat([Buffer.of(first), rest]);
            made.send(datagram);
            stranger.send(datagram);
            made.sendRtcp(
              Buffer.concat([Buffer.of(0x81, 200 + (first % 8), 0, first), rest.subarray(0, 1000)]),
            );
          },
        ),
        { numRuns: 500 },
      );
      for (let i = 0; i < 50; i++) stranger.send(randomBytes(1200));
      const frames = framesOf(made.packets);
      source.frame(3000);
      await made.until(() => framesOf(made.packets) > frames);
      expect(engine.sessionCount).toBe(2);
    });
  });

  describe('offers', () => {
    test('for an unknown stream, a malformed one, and one for a camera that is offline', async () => {
      expect(await engine.offer('nobody', viewer().offer())).toMatchObject({
        ok: false,
        code: 'stream-not-found',
      });
      expect(await engine.offer('cam', 'hello')).toMatchObject({ ok: false, code: 'offer-malformed' });
      source.fail('unreachable', 'camera refused the connection');
      const result = await engine.offer('cam', viewer().offer());
      expect(result).toMatchObject({ ok: false, code: 'stream-not-ready', retryAfterSeconds: 2 });
    });

    test('for a camera whose pictures bring no parameter sets says so, not that it is away', async () => {
      source.tracks([{ ...scriptedTrack, h264: undefined }]);
      source.frame(100);
      const result = await engine.offer('cam', viewer().offer());
      expect(result).toMatchObject({
        code: 'stream-not-ready',
        message: expect.stringContaining('parameter sets'),
      });
    });

    test('for a camera that is still connecting waits for its codec', async () => {
      const made = viewer();
      const pending = engine.offer('cam', made.offer());
      source.tracks();
      source.group(2);
      expect(await pending).toMatchObject({ ok: true });
    });

    test('that wait while their stream is replaced get no session of the one that is gone', async () => {
      source.tracks();
      source.group(2);
      source.fail('ended', 'the camera closed the connection');
      await new Promise((resolve) => setImmediate(resolve));
      const pending = engine.offer('cam', viewer().offer());
      engine.setStream(scriptedStream);
      expect(await pending).toMatchObject({ ok: false, code: 'stream-not-ready' });
      expect(engine.sessionCount).toBe(0);
    });

    test('for an unsupported codec is refused with the reason', async () => {
      const pending = engine.offer('cam', viewer().offer());
      source.fail('unsupported-codec', 'The camera sends H265. Set it to H.264.');
      expect(await pending).toMatchObject({
        ok: false,
        code: 'stream-refused',
        message: expect.stringContaining('H265'),
      });
    });
  });

  describe('streams', () => {
    test('on demand: idle until somebody asks, and its sessions end with it', async () => {
      engine.setStream({ ...scriptedStream, name: 'demand', onDemand: true });
      expect(source.runs).toBe(1);
      const made = viewer();
      const pending = engine.offer('demand', made.offer());
      expect(source.runs).toBe(2);
      source.tracks();
      source.group(2);
      const result = await pending;
      expect(result.ok).toBe(true);
      engine.removeStream('demand');
      expect((await message('session-ended')).reason).toBe('stream-removed');
    });

    test('on demand: sought for a while after an offer that found no camera', async () => {
      engine.setStream({ ...scriptedStream, name: 'demand', onDemand: true });
      const pending = engine.offer('demand', viewer().offer());
      source.fail('unreachable', 'cam:554 cannot be reached');
      expect(await pending).toMatchObject({ ok: false, code: 'stream-not-ready' });
      messages.length = 0;
      const { snapshot } = await message('statistics');
      expect(snapshot.streams.map(({ name, isSought }) => [name, isSought])).toEqual([
        ['cam', false],
        ['demand', true],
      ]);
    });

    test('after the camera was away, viewers go on without a new session', async () => {
      const { made } = await watching();
      source.fail('ended', 'the camera closed the connection');
      await source.nextRun();
      source.tracks();
      source.frame(3000); // not decodable: before the key frame
      source.group(3);
      await made.until(() => framesOf(made.packets) >= 13);
      expect(framesOf(made.packets)).toBe(13);
      expectContinuous(made.packets);
    });
  });

  test('closing the engine frees what streams and sessions held', async () => {
    await watching();
    const { arena } = engine;
    engine.close();
    expect(engine.sessionCount).toBe(0);
    expect(arena.blocksInUse).toBe(blocksOfEngine - blocksOfPartsClosed);
  });
});
