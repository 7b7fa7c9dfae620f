/**
 * A process of WHEP viewers that count what they get and read nothing of it, over UDP or TCP:
 * node counting-viewers.ts RELAY_URL STREAM COUNT udp|tcp. Says READY, and the count of packets for each line of input.
 */
import { createInterface } from 'node:readline';
import { TestViewer } from '../../media-relay/src/testing/test-viewer.ts';

const [relayUrl = '', stream = '', count = '1', transport = 'udp'] = process.argv.slice(2);
/** Keeps the sessions: they would end after 30 s of silence. */
const CHECK_MS = 5000;

const viewers: TestViewer[] = [];
for (let i = 0; i < Number(count); i++) {
  const viewer = new TestViewer({ transport: transport === 'tcp' ? 'tcp' : 'udp', countsOnly: true });
  const response = await fetch(`${relayUrl}/api/v1/whep/${stream}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: viewer.offer(),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  await viewer.connect(await response.text());
  viewers.push(viewer);
}
setInterval(() => {
  for (const viewer of viewers) viewer.check();
}, CHECK_MS);
console.log('READY');
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(`PACKETS ${viewers.reduce((sum, viewer) => sum + viewer.mediaDatagrams, 0)}`);
}
process.exit(0);
