import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ScriptedSource, scriptedStream } from '../testing/scripted-source.ts';
import { TestViewer } from '../testing/test-viewer.ts';
import { Engine } from './engine.ts';
import type { FromEngine } from './messages.ts';

const missing = '192.0.2.99';

let engine: Engine;
let source: ScriptedSource;
let addresses: readonly string[];
let messages: FromEngine[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  messages = [];
  engine = made(missing);
});
afterEach(() => {
  engine.close();
  vi.useRealTimers();
});

function made(other: string): Engine {
  source = new ScriptedSource();
  return new Engine(
    { mediaPort: 0, mediaAddresses: ['127.0.0.1', other], announcedAddresses: [] },
    {
      clock: () => performance.timeOrigin + performance.now(),
      random: () => 0.5,
      createSource: () => source,
      emit: (message) => messages.push(message),
      networkInterfaces: () => ({ lo: addresses.map((address) => ({ address })) }),
    },
  );
}

const warnings = () =>
  messages.flatMap((one) => (one.type === 'log' && one.level === 'warn' ? [one.fields['error']] : []));

/** The addresses are looked at every ten seconds; what has nothing to bind is done at once. */
async function look(): Promise<void> {
  vi.advanceTimersByTime(10_000);
  await new Promise(setImmediate);
}

test('an address that went away keeps no engine from starting, and each news of them is told once', async () => {
  addresses = ['127.0.0.1'];
  await engine.start();
  expect(messages.some(({ type }) => type === 'ready')).toBe(true);
  await look();
  addresses = [];
  for (let i = 0; i < 3; i++) await look();
  // This host says it has it, and does not.
  addresses = ['127.0.0.1', missing];
  await look();
  await vi.waitFor(() => expect(warnings()).toHaveLength(3), { timeout: 10_000 });
  expect(warnings()).toEqual([
    `this host does not have ${missing} of media.addresses`,
    `this host does not have 127.0.0.1, ${missing} of media.addresses`,
    expect.stringContaining(missing),
  ]);
});

test('where none of them is left it says so', async () => {
  addresses = [];
  await expect(engine.start()).rejects.toThrow('does not have 127.0.0.1, 192.0.2.99');
});

/** What an answer says of UDP, and the viewer that it is for. */
async function answer(): Promise<{ viewer: TestViewer; sdp: string; named: string[] }> {
  const viewer = new TestViewer();
  const result = await engine.offer('cam', viewer.offer());
  if (!result.ok) throw new Error(result.message);
  const candidates = result.sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) /gm);
  return { viewer, sdp: result.sdp, named: [...candidates].map(([, address = '']) => address) };
}

async function startWithCamera(): Promise<void> {
  await engine.start();
  engine.setStream(scriptedStream);
  source.tracks();
  source.group(10);
}

test('after the only address went for a moment answers name it, before anybody has looked again', async () => {
  addresses = ['127.0.0.1'];
  await startWithCamera();
  addresses = [];
  await look();
  addresses = ['127.0.0.1'];
  const { viewer, named } = await answer();
  viewer.close();
  expect(named).toEqual(['127.0.0.1']);
});

test('one of two listed addresses that goes keeps its socket for when it is back, and no answer names it', async () => {
  engine.close();
  engine = made('127.0.0.2');
  addresses = ['127.0.0.1', '127.0.0.2'];
  await startWithCamera();
  const { viewer, sdp } = await answer();
  await viewer.connect(sdp, '127.0.0.2');
  await viewer.until(() => viewer.packets.length > 0);
  addresses = ['127.0.0.1'];
  await look();
  await look();
  const other = await answer();
  other.viewer.close();
  expect(other.named).toEqual(['127.0.0.1']);
  const before = viewer.packets.length;
  source.group(10);
  await viewer.until(() => viewer.packets.length > before);
  viewer.close();
});

test('a viewer whose address of the relay went away gets its media by another one at its next sign from there', async () => {
  engine.close();
  engine = made('127.0.0.2');
  addresses = ['127.0.0.1', '127.0.0.2'];
  await startWithCamera();
  const { viewer, sdp } = await answer();
  await viewer.connect(sdp, '127.0.0.2');
  const socketOfNext = async (): Promise<number | undefined> => {
    const answers = viewer.stunAnswers.length;
    viewer.check(undefined, false);
    await viewer.until(() => viewer.stunAnswers.length > answers);
    const before = viewer.packets.length;
    source.group(10);
    await viewer.until(() => viewer.packets.length > before);
    return viewer.packets.at(-1)?.socket;
  };
  viewer.goTo('127.0.0.1');
  await viewer.openAnother();
  expect(await socketOfNext()).toBe(0);
  addresses = ['127.0.0.1'];
  await look();
  expect(await socketOfNext()).toBe(1);
  viewer.close();
});
