/** A real Chromium behind a network that loses packets: the picture goes on, by resends alone. */
import { expect, test } from 'vitest';
import { startSignallingProxy } from '../../bench/support/signalling-proxy.ts';
import { hasChangedCipher } from '../src/webrtc/dtls-handshake.ts';
import { openBrowser } from './support/browser.ts';
import { TestRelay } from './support/relay.ts';

interface Statistics {
  readonly framesDecoded: number;
  readonly lost: number;
  readonly frozenSeconds: number;
  readonly keyFrameRequests: number;
}

test('behind 5 % loss and 40 ms of round trip, packets come again and pictures go on', async () => {
  await using relay = await TestRelay.start({
    demo: 'demo:?width=640&height=360&fps=25&gop=50&bitrate=2000000',
  });
  await relay.live('demo');
  const link = { delayMs: 20, lossRatio: 0.05 };
  const proxy = await startSignallingProxy({ relayUrl: relay.url.slice(0, -1), stream: 'demo', link });
  await using browser = await openBrowser(['--autoplay-policy=no-user-gesture-required']);
  try {
    const { page } = await browser.page();
    await page.goto(proxy.url);
    const statistics = (): Promise<Statistics> => page.evaluate<Statistics>('statistics()');
    // The join, with its cached group, is over.
    await expect
      .poll(async () => (await statistics()).framesDecoded, { timeout: 15_000 })
      .toBeGreaterThan(50);
    const before = await statistics();
    await expect
      .poll(async () => (await statistics()).framesDecoded - before.framesDecoded, { timeout: 15_000 })
      .toBeGreaterThan(75);
    const after = await statistics();
    // 75 frames of 10 kB are 650 packets, of which 5 % vanish.
    expect(after.lost - before.lost).toBeGreaterThan(10);
    expect(after.keyFrameRequests - before.keyFrameRequests).toBeLessThanOrEqual(1);
    expect(after.frozenSeconds - before.frozenSeconds).toBeLessThan(1);
  } finally {
    await proxy.close();
  }
}, 40_000);

test('a browser that misses the end of our handshake has no keys for its burst, asks, and gets it again', async () => {
  await using relay = await TestRelay.start({
    demo: 'demo:?width=640&height=360&fps=25&gop=240&bitrate=1000000',
  });
  await relay.live('demo');
  let lost = 0;
  const losesDown = (datagram: Buffer): boolean => {
    return hasChangedCipher(datagram) && lost++ === 0;
  };
  const link = { delayMs: 20 };
  const relayUrl = relay.url.slice(0, -1);
  const proxy = await startSignallingProxy({ relayUrl, stream: 'demo', link, losesDown });
  await using browser = await openBrowser(['--autoplay-policy=no-user-gesture-required']);
  try {
    const { page } = await browser.page();
    await page.goto(`${proxy.url}?aes-gcm`);
    const statistics = (): Promise<Statistics> => page.evaluate<Statistics>('statistics()');
    await expect.poll(async () => (await statistics()).framesDecoded, { timeout: 8000 }).toBeGreaterThan(10);
    expect(lost).toBeGreaterThan(1);
    expect((await statistics()).keyFrameRequests).toBeGreaterThanOrEqual(1);
  } finally {
    await proxy.close();
  }
}, 40_000);
