/** Viewers over TCP at a whole engine, where they differ from those over UDP. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ScriptedSource, scriptedStream } from '../testing/scripted-source.ts';
import { TestViewer, VIDEO_PT } from '../testing/test-viewer.ts';
import { Engine } from './engine.ts';
import type { EngineSnapshot, FromEngine } from './messages.ts';

let engine: Engine;
let source: ScriptedSource;
let messages: FromEngine[];
const viewers: TestViewer[] = [];

beforeEach(async () => {
  source = new ScriptedSource();
  messages = [];
  engine = new Engine(
    { mediaPort: 0, mediaAddresses: ['127.0.0.1', '::1'], announcedAddresses: ['203.0.113.7'] },
    {
      clock: () => performance.timeOrigin + performance.now(),
      random: () => 0.5,
      createSource: () => source,
      emit: (message) => void messages.push(message),
    },
  );
  await engine.start();
  engine.setStream(scriptedStream);
  source.tracks();
  source.group(5, 30_000);
});

afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
  engine.close();
});

async function offered(
  options: ConstructorParameters<typeof TestViewer>[0],
): Promise<{ viewer: TestViewer; id: string; sdp: string }> {
  const viewer = new TestViewer(options);
  viewers.push(viewer);
  const result = await engine.offer('cam', viewer.offer());
  if (!result.ok) throw new Error(result.message);
  return { viewer, id: result.sessionId, sdp: result.sdp };
}

const framesOf = ({ packets }: TestViewer): number =>
  packets.filter(({ marker, payloadType }) => marker && payloadType === VIDEO_PT).length;

async function snapshot(): Promise<EngineSnapshot> {
  const before = messages.length;
  return vi.waitFor(
    () => {
      const found = messages.slice(before).find((message) => message.type === 'statistics');
      if (found?.type !== 'statistics') throw new Error('none yet');
      return found.snapshot;
    },
    { timeout: 5000 },
  );
}

test('the answer names TCP on the number of UDP, announced addresses too, and UDP before it', async () => {
  const { sdp } = await offered({ transport: 'tcp' });
  const lines = sdp.split('\r\n').filter((line) => line.startsWith('a=candidate:'));
  const parsed = lines.map((line) => {
    const [, , transport, priority, address, port, , , ...rest] = line.split(' ');
    return { transport, priority: Number(priority), address, port, rest: rest.join(' ') };
  });
  const [first] = parsed;
  expect(parsed.map(({ transport, address, rest }) => `${transport} ${address} ${rest}`.trim())).toEqual([
    'udp 203.0.113.7',
    'udp 127.0.0.1',
    'udp ::1',
    'tcp 203.0.113.7 tcptype passive',
  ]);
  expect(new Set(parsed.map(({ port }) => port))).toEqual(new Set([first?.port]));
  expect(parsed.every(({ priority }, i) => i === 0 || priority < (parsed[i - 1]?.priority ?? 0))).toBe(true);
});

test.each(['127.0.0.1', '::1'])('a viewer at %s is the same over TCP', async (address) => {
  const { viewer, id, sdp } = await offered({ transport: 'tcp' });
  await viewer.connect(sdp.replaceAll('203.0.113.7', address), address);
  await viewer.until(() => framesOf(viewer) >= 5);
  engine.closeSession(id);
  await viewer.until(() => viewer.receivedCloseNotify && viewer.connection?.closed === true);
});

test('one that stops reading loses whole pictures up to a key frame, and goes on with it; others lose none', async () => {
  const good = await offered({ transport: 'udp' });
  const slow = await offered({ transport: 'tcp' });
  await good.viewer.connect(good.sdp);
  await slow.viewer.connect(slow.sdp.replaceAll('203.0.113.7', '127.0.0.1'));
  await Promise.all([good, slow].map(({ viewer }) => viewer.until(() => framesOf(viewer) >= 5)));

  slow.viewer.connection?.pause();
  let sent = 5;
  // Both go on speaking: who falls silent is given up for that.
  const speak = (): void => {
    for (const { viewer } of [good, slow]) viewer.check();
  };
  const feed = setInterval(() => {
    source.frame(15_000);
    if (++sent % 25 === 0) speak();
  }, 20);
  let dropped = 0;
  while (dropped === 0) dropped = (await snapshot()).streams[0]?.droppedFramesTotal['slow'] ?? 0;
  clearInterval(feed);
  slow.viewer.connection?.resume();
  await good.viewer.until(() => framesOf(good.viewer) >= sent);

  // The next key frame finds room as soon as the reader has caught up.
  const before = slow.viewer.packets.length;
  await vi.waitFor(
    () => {
      speak();
      source.frame(40_000, true);
      expect(slow.viewer.packets.slice(before).some(({ payload }) => isParameterSets(payload))).toBe(true);
    },
    { timeout: 10_000, interval: 50 },
  );
  const last = slow.viewer.packets.length;
  source.frame(5000);
  await slow.viewer.until(() => slow.viewer.packets.length > last);

  const { packets } = slow.viewer;
  for (const [i, packet] of packets.entries()) {
    const previous = packets[i - 1];
    if (!previous) continue;
    expect((packet.seq - previous.seq) & 0xffff).toBe(1);
    // A picture that began has all of its packets.
    expect(packet.timestamp !== previous.timestamp).toBe(previous.marker);
  }
  expect(framesOf(slow.viewer)).toBeLessThan(sent);
}, 30_000);

test('viewers are counted by what carries their media', async () => {
  const counted = async (): Promise<unknown> => (await snapshot()).streams[0]?.viewerPaths.transports;
  const over = { udp: await offered({ transport: 'udp' }), tcp: await offered({ transport: 'tcp' }) };
  expect(await counted()).toEqual({ udp: 0, tcp: 0 });
  await over.udp.viewer.connect(over.udp.sdp);
  await over.tcp.viewer.connect(over.tcp.sdp.replaceAll('203.0.113.7', '127.0.0.1'));
  await vi.waitFor(async () => expect(await counted()).toEqual({ udp: 1, tcp: 1 }), { timeout: 10_000 });
  // Its session goes on for a while: it may connect again. Until then nothing carries its media.
  over.tcp.viewer.connection?.destroy();
  await vi.waitFor(async () => expect(await counted()).toEqual({ udp: 1, tcp: 0 }), { timeout: 10_000 });
}, 30_000);

/** STAP-A with SPS and PPS, which stands before a key frame. */
function isParameterSets(payload: Buffer): boolean {
  return ((payload[0] ?? 0) & 31) === 24;
}
