import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineBench, setsOfParts } from '../testing/engine-bench.ts';
import { scriptedStream, scriptedTrack } from '../testing/scripted-source.ts';

describe.each(setsOfParts)('$name parts:', ({ parts }) => {
  let bench: EngineBench;
  beforeEach(async () => {
    bench = await EngineBench.open(parts);
  });
  afterEach(() => bench.close());

  describe('offers', () => {
    test('for an unknown stream, a malformed one, and one for a camera that is offline', async () => {
      expect(await bench.engine.offer('nobody', bench.viewer().offer())).toMatchObject({
        ok: false,
        code: 'stream-not-found',
      });
      expect(await bench.engine.offer('cam', 'hello')).toMatchObject({ ok: false, code: 'offer-malformed' });
      bench.source.fail('unreachable', 'camera refused the connection');
      const result = await bench.engine.offer('cam', bench.viewer().offer());
      expect(result).toMatchObject({ ok: false, code: 'stream-not-ready', retryAfterSeconds: 2 });
    });

    test('for a camera whose pictures bring no parameter sets says so, not that it is away', async () => {
      bench.source.tracks([{ ...scriptedTrack, h264: undefined }]);
      bench.source.frame(100);
      const result = await bench.engine.offer('cam', bench.viewer().offer());
      expect(result).toMatchObject({
        code: 'stream-not-ready',
        message: expect.stringContaining('parameter sets'),
      });
    });

    test('for a camera that is still connecting waits for its codec', async () => {
      const made = bench.viewer();
      const pending = bench.engine.offer('cam', made.offer());
      bench.source.tracks();
      bench.source.group(2);
      expect(await pending).toMatchObject({ ok: true });
    });

    test('that wait while their stream is replaced get no session of the one that is gone', async () => {
      bench.source.tracks();
      bench.source.group(2);
      bench.source.fail('ended', 'the camera closed the connection');
      await new Promise((resolve) => setImmediate(resolve));
      const pending = bench.engine.offer('cam', bench.viewer().offer());
      bench.engine.setStream(scriptedStream);
      expect(await pending).toMatchObject({ ok: false, code: 'stream-not-ready' });
      expect(bench.engine.sessionCount).toBe(0);
    });

    test('for an unsupported codec is refused with the reason', async () => {
      const pending = bench.engine.offer('cam', bench.viewer().offer());
      bench.source.fail('unsupported-codec', 'The camera sends H265. Set it to H.264.');
      expect(await pending).toMatchObject({
        ok: false,
        code: 'stream-refused',
        message: expect.stringContaining('H265'),
      });
    });

    test('of those who came before a camera turned out to be refused end, and the next one gets the reason', async () => {
      const { id } = await bench.watching();
      const joining = bench.viewer();
      const { id: joiningId, sdp } = await bench.offer(joining);
      bench.source.fail('unsupported-codec', 'The camera sends H265. Set it to H.264.');
      expect(await bench.message('session-ended')).toMatchObject({
        sessionId: id,
        reason: 'closed-by-relay',
      });
      // That one can be told only when it has a way.
      expect(bench.engine.sessionCount).toBe(1);
      bench.messages.length = 0;
      void joining.connect(sdp);
      expect(await bench.message('session-ended')).toMatchObject({ sessionId: joiningId });
      expect(await bench.engine.offer('cam', bench.viewer().offer())).toMatchObject({
        ok: false,
        code: 'stream-refused',
      });
    });
  });
});
