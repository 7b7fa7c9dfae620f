/** A viewer in a browser's page whose signalling is done from here: a bare RTCPeerConnection and a video element. */
import type { Page } from 'playwright-core';
import type { TestRelay } from './relay.ts';

export interface ViewerStatistics {
  readonly framesDecoded: number;
  readonly packetsLost: number;
  readonly pliCount: number;
  /** Seconds. */
  readonly totalFreezesDuration: number;
  readonly connectionState: string;
  /** Peer connections that the page has made. */
  readonly peers: number;
}

export interface PageViewer {
  /** Resolves once so many more pictures of this width were painted, from now on. */
  painted(width: number, count: number): Promise<void>;
  statistics(): Promise<ViewerStatistics>;
  /** Longest time between two pictures so far, in the page's own clock. */
  longestGapMs(): Promise<number>;
  /** What the relay answers. */
  setQuality(wish: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): Promise<void>;
}

const offerScript = `(async () => {
  const video = document.body.appendChild(document.createElement('video'));
  video.muted = video.autoplay = true;
  window.peers = (window.peers ?? 0) + 1;
  const pc = (window.pc = new RTCPeerConnection());
  pc.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
  pc.addTransceiver('video', { direction: 'recvonly' });
  window.paints = { last: undefined, longestGapMs: 0, byWidth: {} };
  const painted = (nowMs, { width }) => {
    if (paints.last !== undefined) paints.longestGapMs = Math.max(paints.longestGapMs, nowMs - paints.last);
    paints.last = nowMs;
    paints.byWidth[width] = (paints.byWidth[width] ?? 0) + 1;
    video.requestVideoFrameCallback(painted);
  };
  video.requestVideoFrameCallback(painted);
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
})()`;

const statisticsScript = `(async () => {
  const reports = [...(await pc.getStats()).values()];
  const { framesDecoded, packetsLost, pliCount, totalFreezesDuration } = reports.find(({ type }) => type === 'inbound-rtp');
  return { framesDecoded, packetsLost, pliCount, totalFreezesDuration, connectionState: pc.connectionState, peers };
})()`;

/** `query` of the WHEP endpoint. `viaPort`: to which UDP port media goes instead of the relay's own. */
export async function watchInPage(
  page: Page,
  relay: Pick<TestRelay, 'offer' | 'ask' | 'sessionPath'>,
  stream: string,
  query: Readonly<Record<string, string | number>>,
  viaPort?: (relayPort: number) => Promise<number>,
): Promise<PageViewer> {
  const parameters = Object.entries(query).map(([key, value]) => `${key}=${value}`);
  const answer = await relay.offer(
    `${stream}?${parameters.join('&')}`,
    await page.evaluate<string>(offerScript),
  );
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.body}`);
  const sdp =
    viaPort === undefined ? answer.body : throughPort(answer.body, await viaPort(udpPortOf(answer.body)));
  await page.evaluate(`pc.setRemoteDescription({ type: 'answer', sdp: ${JSON.stringify(sdp)} })`);
  const session = relay.sessionPath(answer);
  return {
    async painted(width, count) {
      const before = await page.evaluate<number>(`paints.byWidth[${width}] ?? 0`);
      await page.waitForFunction(`(paints.byWidth[${width}] ?? 0) >= ${before + count}`, undefined, {
        timeout: 45_000,
      });
    },
    statistics: () => page.evaluate<ViewerStatistics>(statisticsScript),
    longestGapMs: () => page.evaluate<number>('paints.longestGapMs'),
    async setQuality(wish) {
      const { status, body } = await relay.ask(`${session}/quality`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(wish),
      });
      if (status !== 200) throw new Error(`${status}: ${body}`);
      return JSON.parse(body);
    },
    async close() {
      await relay.ask(session, { method: 'DELETE' });
      await page.evaluate('pc.close()');
    },
  };
}

function udpPortOf(sdp: string): number {
  return Number(/^a=candidate:\S+ \d+ udp \d+ \S+ (\d+)/im.exec(sdp)?.[1]);
}

/** UDP candidates only, at another port of the same address. */
function throughPort(sdp: string, port: number): string {
  return sdp
    .split('\r\n')
    .filter((line) => !(line.startsWith('a=candidate:') && / tcp /i.test(line)))
    .map((line) => line.replace(/^(a=candidate:\S+ \d+ udp \d+ \S+) \d+/i, `$1 ${port}`))
    .join('\r\n');
}
