/** The wall page in a real Chromium: what its first connection shows lets the relay begin DTLS in those of the next page. */
import { expect, test } from 'vitest';
import { openBrowser } from './support/browser.ts';
import { TestRelay } from './support/relay.ts';

const keepPeers = `
  window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      peers.push(this);
    }
  };
`;

interface Connection {
  /** `a=setup` of the answer. */
  readonly setup: string;
  readonly srtpCipher: string;
}

const connection = `(async () => {
  const [peer] = peers;
  const entries = [...(await peer.getStats()).values()];
  return {
    setup: /a=setup:(\\w+)/.exec(peer.remoteDescription.sdp)[1],
    srtpCipher: entries.find(({ type }) => type === 'transport').srtpCipher,
  };
})()`;

test('the first page is answered as any player, the next one a round trip sooner; both get AES-GCM', async () => {
  await using relay = await TestRelay.start({ demo: 'demo:?width=320&height=180&fps=25&gop=50' });
  await relay.live('demo');
  await using browser = await openBrowser();
  const { page, errors } = await browser.page();
  await page.addInitScript(keepPeers);
  const live = '[data-stream="demo"][data-state="live"]';

  await page.goto(relay.url);
  await page.waitForSelector(live, { timeout: 15_000, state: 'attached' });
  const srtpCipher = expect.stringMatching(/AEAD_AES_128_GCM$/);
  expect(await page.evaluate<Connection>(connection)).toEqual({ setup: 'passive', srtpCipher });
  const kept = () => page.evaluate(`localStorage.getItem('sightline.srtp')`);
  await expect.poll(kept, { timeout: 10_000 }).toBe('AEAD_AES_128_GCM');

  await page.reload();
  await page.waitForSelector(live, { timeout: 15_000, state: 'attached' });
  expect(await page.evaluate<Connection>(connection)).toEqual({ setup: 'active', srtpCipher });
  expect(errors).toEqual([]);
}, 60_000);
