import { openBrowser } from '../../media-relay/e2e/support/browser.ts';

export interface Watched {
  /** Of the answer to the offer. */
  readonly status: number;
  readonly framesDecoded: number;
  /** Where the media came from. */
  readonly from: string;
}

/** A real browser on this host that watches one stream of a relay until it has shown 30 pictures, at most 20 s. */
export async function watch(relay: URL, stream: string, token: string): Promise<Watched> {
  await using browser = await openBrowser();
  const { page } = await browser.page();
  await page.goto(new URL('live', relay).href);
  // Awaited here, or the browser would be closed first.
  return await page.evaluate<Watched>(`(async () => {
    const connection = new RTCPeerConnection();
    connection.addTransceiver('video', { direction: 'recvonly' });
    connection.ontrack = ({ streams }) => {
      const video = document.createElement('video');
      Object.assign(video, { muted: true, autoplay: true, srcObject: streams[0] });
      document.body.append(video);
    };
    await connection.setLocalDescription();
    const answer = await fetch('/api/v1/whep/' + ${JSON.stringify(stream)}, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', Authorization: 'Bearer ' + ${JSON.stringify(token)} },
      body: connection.localDescription.sdp,
    });
    const result = { status: answer.status, framesDecoded: 0, from: '' };
    if (answer.status !== 201) return result;
    await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    for (const end = Date.now() + 20_000; Date.now() < end && result.framesDecoded < 30; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const all = [...(await connection.getStats()).values()];
      result.framesDecoded = all.find((one) => one.type === 'inbound-rtp')?.framesDecoded ?? 0;
      const transport = all.find((one) => one.type === 'transport');
      const pair = all.find((one) => one.id === transport?.selectedCandidatePairId);
      const remote = all.find((one) => one.id === pair?.remoteCandidateId);
      if (remote) result.from = remote.protocol + ' ' + remote.address + ':' + remote.port;
    }
    connection.close();
    return result;
  })()`);
}
