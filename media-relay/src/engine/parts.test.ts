import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { Arena } from '../native/arena.ts';
import { ScriptedSource } from '../testing/scripted-source.ts';
import { feedback, TestViewer, RTX_PT } from '../testing/test-viewer.ts';
import { Engine } from './engine.ts';
import type { BackEnds, FromEngine } from './messages.ts';
import { openParts } from './parts.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const halves = ['native', 'portable'] as const;
const mixes: readonly BackEnds[] = halves.flatMap((dtls) =>
  halves.flatMap((srtp) => halves.map((udp) => ({ dtls, srtp, udp }))),
);

test.each(mixes)(
  'a viewer of DTLS $dtls, SRTP $srtp, UDP $udp gets pictures and resends, and hears close_notify',
  async (parts) => {
    const source = new ScriptedSource();
    const messages: FromEngine[] = [];
    const engine = new Engine(
      { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [], parts },
      {
        clock: () => performance.timeOrigin + performance.now(),
        random: () => 0.5,
        createSource: () => source,
        emit: (message) => void messages.push(message),
      },
    );
    cleanups.push(() => engine.close());
    await engine.start();
    expect(messages).toContainEqual(expect.objectContaining({ type: 'ready', back: parts }));
    engine.setStream({
      name: 'cam',
      url: 'scripted:',
      onDemand: false,
      transport: 'auto',
      tlsFingerprint: undefined,
    });
    source.tracks();
    source.group(5, 30_000);
    const blocks = engine.arena.blocksInUse;

    const viewer = new TestViewer();
    cleanups.push(() => viewer.close());
    const result = await engine.offer('cam', viewer.offer());
    if (!result.ok) throw new Error(result.message);
    await viewer.connect(result.sdp);
    await viewer.until(() => viewer.packets.filter(({ marker }) => marker).length >= 5);
    const [first] = viewer.packets;
    if (!first) throw new Error('no packet');
    viewer.sendRtcp(feedback.nack(first.ssrc, first.seq));
    await viewer.until(() => viewer.packets.some(({ payloadType }) => payloadType === RTX_PT));
    engine.closeSession(result.sessionId);
    await viewer.until(() => viewer.receivedCloseNotify);
    expect(engine.arena.blocksInUse).toBe(blocks);
  },
);

test('this machine needs no portable half', () => {
  const parts = openParts(new Arena(), Date.now());
  cleanups.push(() => parts.close());
  expect(parts.backEnds).toEqual({ dtls: 'native', srtp: 'native', udp: 'native' });
  expect(parts.problems).toEqual([]);
});

/** Runs an engine where `koffi` cannot be loaded; prints what it said and ends by itself. */
const withoutKoffi = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'koffi') throw new Error('no such package here');
      return next(specifier, context);
    },
  });
  const { Engine } = await import(process.argv[1]);
  const engine = new Engine(
    { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [] },
    { clock: Date.now, random: Math.random, createSource: () => { throw new Error('no source') }, emit: (message) => console.log(JSON.stringify(message)) },
  );
  await engine.start();
  engine.close();
`;

test('where koffi cannot be loaded, the engine runs on portable parts and says why', async () => {
  const engine = fileURLToPath(new URL('engine.ts', import.meta.url));
  const child = spawn(process.execPath, ['--input-type=module', '-e', withoutKoffi, engine], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanups.push(() => child.kill());
  let output = '';
  let errors = '';
  child.stdout.on('data', (data) => (output += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  const [code] = (await once(child, 'close')) as [number];
  expect(errors).toBe('');
  expect(code).toBe(0);
  const messages = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FromEngine);
  expect(messages.at(-1)).toMatchObject({
    type: 'ready',
    back: { dtls: 'portable', srtp: 'portable', udp: 'portable' },
  });
  const warnings = messages.flatMap((message) => (message.type === 'log' ? [message.message] : []));
  expect(warnings).toHaveLength(3);
  for (const warning of warnings) expect(warning).toContain('koffi cannot be loaded');
});
