/** The real relay from start to end: changes of its file, goodbyes, and what is left of viewers that came and went. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { TestViewer } from '../src/testing/test-viewer.ts';
import type { TestPacket } from '../src/testing/test-viewer.ts';
import { TestRelay } from './support/relay.ts';

/** Few bits: test viewers ask for no packet again, and their sockets are small. */
const small = (title: string): string =>
  `demo:?width=320&height=180&fps=20&gop=20&bitrate=300000&title=${title}`;

const viewers: TestViewer[] = [];
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
});

interface Watching {
  readonly viewer: TestViewer;
  readonly session: string;
}

/** Resolves once the whole join burst may be there: the first pictures are. */
async function watch(relay: TestRelay, stream: string): Promise<Watching> {
  const viewer = new TestViewer();
  viewers.push(viewer);
  const answer = await relay.offer(stream, viewer.offer());
  expect(answer.status).toBe(201);
  await viewer.connect(answer.body);
  await viewer.until(() => framesOf(viewer.packets) > 0);
  return { viewer, session: relay.sessionPath(answer) };
}

function framesOf(packets: readonly TestPacket[]): number {
  return packets.filter(({ marker }) => marker).length;
}

function more({ viewer }: Watching, frames: number): Promise<void> {
  const before = framesOf(viewer.packets);
  return viewer.until(() => framesOf(viewer.packets) >= before + frames);
}

describe('a change of the file', () => {
  test('touches the changed streams only: others go on in the same session', async () => {
    await using relay = await TestRelay.start({
      kept: small('kept'),
      changed: small('old'),
      removed: small('r'),
    });
    await relay.live('kept', 'changed', 'removed');
    const kept = await watch(relay, 'kept');
    const changed = await watch(relay, 'changed');
    const removed = await watch(relay, 'removed');

    relay.writeConfig({
      kept: { url: small('kept'), title: 'Kept, with a title' },
      changed: small('new'),
      added: small('added'),
    });
    await Promise.all([changed, removed].map(({ viewer }) => viewer.until(() => viewer.receivedCloseNotify)));
    await relay.live('changed', 'added');
    await more(kept, 20);

    expect(kept.viewer.receivedCloseNotify).toBe(false);
    expect(await relay.stream('kept')).toMatchObject({ viewers: 1, title: 'Kept, with a title' });
    const sequence = kept.viewer.packets.map(({ seq }) => seq);
    expect(sequence.every((seq, i) => i === 0 || ((seq - (sequence[i - 1] ?? 0)) & 0xffff) === 1)).toBe(true);
    expect((await relay.events('?stream=kept')).map(({ kind }) => kind)).toEqual([
      'stream-up',
      'viewer-joined',
    ]);
    expect((await relay.ask('/api/v1/streams/removed')).status).toBe(404);
    expect(await relay.events('?type=config-change')).toMatchObject([
      { added: ['added'], removed: ['removed'], changed: ['changed', 'kept'] },
    ]);
    await watch(relay, 'changed');
  });

  test('that is wrong changes nothing and says where', async () => {
    await using relay = await TestRelay.start({ kept: small('kept') });
    await relay.live('kept');
    const kept = await watch(relay, 'kept');
    relay.writeConfig({ kept: { url: small('kept'), transprot: 'tcp' } });
    await expect
      .poll(() => relay.log.includes('keeps running with the configuration it had'), { timeout: 5000 })
      .toBe(true);
    expect(relay.log).toMatch(/sightline\.yaml:\d+.*transprot.*transport/);
    await more(kept, 5);
    expect((await relay.events('?type=config-error')).length).toBe(1);
  });
});

test('SIGTERM says goodbye to viewers, and the relay is gone within 10 s', async () => {
  await using relay = await TestRelay.start({ cam: small('cam') });
  await relay.live('cam');
  const watching = [await watch(relay, 'cam'), await watch(relay, 'cam')];
  const goodbyes = watching.map(({ viewer }) => viewer.until(() => viewer.receivedCloseNotify));
  const exit = await relay.stop('SIGTERM');
  expect(exit.code).toBe(0);
  expect(exit.tookMs).toBeLessThan(10_000);
  await Promise.all(goodbyes);
  await relay.start();
  expect((await relay.events()).map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['relay-start', 'viewer-joined', 'relay-stop']),
  );
});

test('a log file that cannot be written ends no relay whose standard error nobody reads any more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-full-'));
  try {
    const path = join(folder, 'relay.log');
    symlinkSync('/dev/full', path);
    const config = { log: { format: 'json', file: { path } } };
    await using relay = await TestRelay.start({}, { isErrorOutputGone: true, config });
    expect((await relay.ask('/live')).status).toBe(200);
    expect((await relay.stop()).code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('40 viewers that came and went leave no open file behind', async () => {
  await using relay = await TestRelay.start({ cam: small('cam') });
  await relay.live('cam');
  const leave = async ({ viewer, session }: Watching, byDelete: boolean): Promise<void> => {
    if (byDelete) expect((await relay.ask(session, { method: 'DELETE' })).status).toBe(200);
    else viewer.sendCloseNotify();
  };
  // The first one may open what stays open.
  await leave(await watch(relay, 'cam'), true);
  await relay.viewers('cam', 0);
  const filesBefore = relay.openFiles;
  for (let round = 0; round < 4; round++) {
    const group = await Promise.all(Array.from({ length: 10 }, () => watch(relay, 'cam')));
    await relay.viewers('cam', 10);
    await Promise.all(group.map((watching, i) => leave(watching, i % 2 === 0)));
    await relay.viewers('cam', 0);
  }
  // A connection of the harness itself may have been counted before.
  await expect.poll(() => relay.openFiles, { timeout: 5000 }).toBeLessThanOrEqual(filesBefore);
  expect((await relay.events('?type=viewer-left&limit=1000')).length).toBe(41);
});
