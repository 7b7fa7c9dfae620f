/** A real Chromium watches an engine on its native and on its portable parts: DTLS, SRTP and UDP as a browser does them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../src/engine/engine.ts';
import { createSource } from '../src/sources/registry.ts';
import { openBrowser, readPicture } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const offerScript = `(async () => {
  const video = document.body.appendChild(document.createElement('video'));
  video.muted = video.autoplay = true;
  const pc = (window.pc = new RTCPeerConnection());
  pc.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
  pc.addTransceiver('video', { direction: 'recvonly' });
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
})()`;

const lossScript = `(async () => {
  const reports = [...(await pc.getStats()).values()];
  const { framesDecoded, packetsLost } = reports.find(({ type }) => type === 'inbound-rtp');
  const { srtpCipher } = reports.find(({ type }) => type === 'transport');
  return { framesDecoded, packetsLost, srtpCipher };
})()`;

test.each(['native', 'portable'] as const)(
  'plays a demo camera over %s parts without a lost packet',
  async (half) => {
    const clock = (): number => performance.timeOrigin + performance.now();
    const engine = new Engine(
      {
        mediaPort: 0,
        mediaAddresses: ['127.0.0.1'],
        announcedAddresses: [],
        parts: { dtls: half, srtp: half, udp: half },
      },
      {
        clock,
        random: Math.random,
        createSource: (spec) => createSource(spec, { clock }),
        emit: () => {},
      },
    );
    try {
      await engine.start();
      engine.setStream({
        name: 'cam',
        url: 'demo:',
        onDemand: false,
        transport: 'auto',
        tlsFingerprint: undefined,
      });
      const { page, errors } = await browser.page();
      const answer = await engine.offer('cam', await page.evaluate<string>(offerScript));
      if (!answer.ok) throw new Error(answer.message);
      await page.evaluate(`pc.setRemoteDescription({ type: 'answer', sdp: ${JSON.stringify(answer.sdp)} })`);
      await page.waitForFunction(
        'document.querySelector("video").getVideoPlaybackQuality().totalVideoFrames > 60',
      );
      expect((await readPicture(page, 'video')).contrast).toBeGreaterThan(10);
      const loss = await page.evaluate(lossScript);
      expect(loss).toMatchObject({ packetsLost: 0, srtpCipher: 'SRTP_AEAD_AES_128_GCM' });
      expect(errors).toEqual([]);
      await page.evaluate('pc.close()');
      await expect.poll(() => engine.sessionCount, { timeout: 5000 }).toBe(0);
      await page.close();
    } finally {
      engine.close();
    }
  },
);
