import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineBench, expectContinuous, framesOf, setsOfParts } from '../testing/engine-bench.ts';
import { feedback, RTX_PT } from '../testing/test-viewer.ts';

describe.each(setsOfParts)('$name parts:', ({ parts }) => {
  let bench: EngineBench;
  beforeEach(async () => {
    bench = await EngineBench.open(parts);
  });
  afterEach(() => bench.close());

  describe('loss', () => {
    test('a packet is resent by RTX with its original number and payload', async () => {
      const { made, ssrc } = await bench.watching();
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
      const { made, ssrc } = await bench.watching({ rtx: false });
      const lost = made.packets[3];
      if (!lost) throw new Error('no packet');
      const count = made.packets.length;
      made.sendRtcp(feedback.nack(ssrc, lost.seq, 0b1));
      await made.until(() => made.packets.length >= count + 2);
      expect(made.packets[count]).toEqual(lost);
      expect(made.packets[count + 1]).toEqual(made.packets[4]);
    });

    test('a hole older than the history, or a PLI, becomes a burst, once a second', async () => {
      const { made, ssrc } = await bench.watching();
      bench.offsetMs += 1500;
      const frames = framesOf(made.packets);
      made.sendRtcp(feedback.pli(ssrc));
      await made.until(() => framesOf(made.packets) >= frames + 10);
      made.sendRtcp(feedback.pli(ssrc));
      bench.offsetMs += 1500;
      made.sendRtcp(feedback.nack(ssrc, ((made.packets[0]?.seq ?? 0) - 20) & 0xffff));
      await made.until(() => framesOf(made.packets) >= frames + 20);
      expect(framesOf(made.packets)).toBe(frames + 20);
      expectContinuous(made.packets);
    });
  });
});
