import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineBench, framesOf, setsOfParts } from '../testing/engine-bench.ts';
import { createCertificate } from '../webrtc/certificate.ts';

describe.each(setsOfParts)('$name parts:', ({ parts }) => {
  let bench: EngineBench;
  beforeEach(async () => {
    bench = await EngineBench.open(parts);
  });
  afterEach(() => bench.close());

  describe('strangers and impostors', () => {
    test('a check with a wrong password opens nothing', async () => {
      bench.source.tracks();
      bench.source.group(3);
      const made = bench.viewer();
      const { sdp } = await bench.offer(made);
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
      bench.source.tracks();
      bench.source.group(3);
      const made = bench.viewer();
      const { sdp } = await bench.offer(made, createCertificate(Date.now()).fingerprint);
      await made.open(sdp);
      made.check();
      await made.until(() => made.stunAnswers.length > 0);
      made.startDtls();
      expect((await bench.message('session-ended')).reason).toBe('dtls-failed');
      expect(made.packets).toEqual([]);
    });

    test('garbage of every kind, from a viewer and from strangers, changes nothing', async () => {
      const { made } = await bench.watching();
      const stranger = bench.viewer();
      const { sdp } = await bench.offer(stranger);
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
      bench.source.frame(3000);
      await made.until(() => framesOf(made.packets) > frames);
      expect(bench.engine.sessionCount).toBe(2);
    });
  });
});
