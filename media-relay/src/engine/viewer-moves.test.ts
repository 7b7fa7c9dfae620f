import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineBench, framesOf, setsOfParts } from '../testing/engine-bench.ts';
import { feedback, type TestViewer } from '../testing/test-viewer.ts';

describe.each(setsOfParts)('$name parts:', ({ parts }) => {
  let bench: EngineBench;
  beforeEach(async () => {
    bench = await EngineBench.open(parts);
  });
  afterEach(() => bench.close());

  describe('another address of the viewer', () => {
    /** Where the next picture arrives. */
    const socketOfNext = async (made: TestViewer): Promise<number | undefined> => {
      const frames = framesOf(made.packets);
      bench.source.frame(1000, false, bench.nowMs);
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
      const { made } = await bench.watching();
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
      const { made, id } = await bench.watching({ loses: (_datagram, socket) => socket === 0 && !isMapped });
      await made.openAnother();
      isMapped = false;
      await check(made, 1, true);
      bench.engine.closeSession(id);
      await made.until(() => made.receivedCloseNotify);
    });

    test('makes another path of it: what went by the old one is not measured on the new one', async () => {
      const { made, ssrc } = await bench.watching();
      await made.until(() => made.rtcp.length > 0);
      await made.openAnother();
      await check(made, 1, true);
      made.sendRtcp(feedback.rr(ssrc, 64, made.rtcp[0]?.readUInt32BE(10) ?? 0));
      await bench.until(() => bench.reportedPaths()?.meanLossRatio === 0.25);
      expect(bench.reportedPaths()?.meanRoundTripSeconds).toBeUndefined();
    });

    test('gets it without being nominated when nothing comes from the first one any more', async () => {
      const { made, ssrc } = await bench.watching();
      await made.openAnother();
      bench.offsetMs += 9000;
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(0);
      // A report is as good a sign as a check.
      made.sendsFrom = 0;
      made.sendRtcp(feedback.rr(ssrc, 64, 0));
      await bench.until(() => bench.reportedPaths()?.meanLossRatio === 0.25);
      bench.offsetMs += 9000;
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(0);
      bench.offsetMs += 2000;
      await check(made, 1, false);
      expect(await socketOfNext(made)).toBe(1);
    });
  });
});
