/** As the DTLS client we send media behind our Finished, before the viewer's has come: what if ours is lost? */
import { expect, test } from 'vitest';
import { ScriptedSource, scriptedStream } from '../testing/scripted-source.ts';
import { feedback, TestViewer } from '../testing/test-viewer.ts';
import { hasChangedCipher } from '../webrtc/dtls-handshake.ts';
import { Engine } from './engine.ts';

test('a viewer that had no keys yet for its burst gets another as soon as it asks, once', async () => {
  const source = new ScriptedSource();
  const engine = new Engine(
    { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [] },
    { clock: Date.now, random: () => 0.5, createSource: () => source, emit: () => undefined },
  );
  let isLost = false;
  const loses = (datagram: Buffer): boolean => {
    if (isLost || !hasChangedCipher(datagram)) return false;
    return (isLost = true);
  };
  const viewer = new TestViewer({ loses });
  const pictures = (): number => viewer.packets.filter(({ marker }) => marker).length;
  try {
    await engine.start();
    engine.setStream(scriptedStream);
    source.tracks();
    source.group(10);
    const result = await engine.offer('cam', viewer.offer());
    if (!result.ok) throw new Error(result.message);
    expect(result.sdp).toContain('a=setup:active');
    await viewer.connect(result.sdp);
    expect(isLost).toBe(true);
    expect(viewer.mediaDatagrams).toBeGreaterThan(10);
    expect(viewer.packets).toEqual([]);

    const ssrc = Number(/a=ssrc-group:FID (\d+)/.exec(result.sdp)?.[1]);
    viewer.sendRtcp(feedback.pli(ssrc));
    await viewer.until(() => pictures() === 10);
    // STAP-A with the parameter sets comes first.
    expect((viewer.packets[0]?.payload[0] ?? 0) & 31).toBe(24);
    // The second one comes too early, as for anybody.
    viewer.sendRtcp(feedback.pli(ssrc));
    for (const count of [11, 12]) {
      source.frame(3000);
      await viewer.until(() => pictures() >= count);
      expect(pictures()).toBe(count);
    }
  } finally {
    viewer.close();
    engine.close();
  }
});
