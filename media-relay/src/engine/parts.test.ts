import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Arena } from '../native/arena.ts';
import { NativeError, registerCallback } from '../native/library.ts';
import { impostor } from '../testing/dtls-conversation.ts';
import { ScriptedSource, scriptedStream } from '../testing/scripted-source.ts';
import { feedback, RTX_PT, TestViewer, VIDEO_PT } from '../testing/test-viewer.ts';
import { createCertificate } from '../webrtc/certificate.ts';
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

/** All that a viewer does, over every mix of the seams, and over UDP and TCP: what engine.test.ts looks at closely for two. */
describe.each(mixes)('DTLS $dtls, SRTP $srtp, UDP $udp:', (parts) => {
  let engine: Engine;
  let source: ScriptedSource;
  let offsetMs: number;
  const messages: FromEngine[] = [];

  beforeEach(async () => {
    source = new ScriptedSource();
    offsetMs = 0;
    messages.length = 0;
    engine = new Engine(
      { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [], parts },
      {
        clock: () => performance.timeOrigin + performance.now() + offsetMs,
        random: () => 0.5,
        createSource: () => source,
        emit: (message) => void messages.push(message),
      },
    );
    cleanups.push(() => engine.close());
    await engine.start();
    expect(messages).toContainEqual(expect.objectContaining({ type: 'ready', back: parts }));
    engine.setStream(scriptedStream);
    source.tracks();
    source.group(5, 30_000);
  });

  async function offered(
    options: ConstructorParameters<typeof TestViewer>[0],
    fingerprint?: string,
  ): Promise<{ viewer: TestViewer; id: string; sdp: string }> {
    const viewer = new TestViewer(options);
    cleanups.push(() => viewer.close());
    const result = await engine.offer('cam', viewer.offer(fingerprint));
    if (!result.ok) throw new Error(result.message);
    return { viewer, id: result.sessionId, sdp: result.sdp };
  }

  const pictures = ({ packets }: TestViewer): number =>
    packets.filter(({ marker, payloadType }) => marker && payloadType === VIDEO_PT).length;

  test.each([
    { transport: 'udp', rtx: true, takesAesGcm: true },
    { transport: 'udp', rtx: false, takesAesGcm: false },
    { transport: 'tcp', rtx: true, takesAesGcm: true },
  ] as const)(
    'a viewer over $transport (RTX: $rtx, AES-GCM known: $takesAesGcm) joins, sees pictures, gets resends and a burst, and hears close_notify',
    async ({ transport, rtx, takesAesGcm }) => {
      const blocks = engine.arena.blocksInUse;
      const { viewer, id, sdp } = await offered({ transport, rtx, takesAesGcm });
      await viewer.connect(sdp);
      await viewer.until(() => pictures(viewer) >= 5);
      source.frame(5000);
      await viewer.until(() => pictures(viewer) >= 6);

      const lost = viewer.packets[2];
      if (!lost) throw new Error('no packet');
      const before = viewer.packets.length;
      viewer.sendRtcp(feedback.nack(lost.ssrc, lost.seq));
      await viewer.until(() => viewer.packets.length > before);
      const resent = viewer.packets[before];
      if (rtx) {
        expect(resent?.payloadType).toBe(RTX_PT);
        expect(resent?.payload.readUInt16BE(0)).toBe(lost.seq);
        expect(resent?.payload.subarray(2)).toEqual(lost.payload);
      } else {
        expect(resent).toEqual(lost);
      }

      offsetMs += 1500;
      viewer.sendRtcp(feedback.pli(lost.ssrc));
      await viewer.until(() => pictures(viewer) >= 12);
      engine.closeSession(id);
      await viewer.until(() => viewer.receivedCloseNotify);
      expect(engine.sessionCount).toBe(0);
      expect(engine.arena.blocksInUse).toBe(blocks);
    },
  );

  test.each([
    { transport: 'udp', takesAesGcm: true },
    { transport: 'udp', takesAesGcm: false },
    { transport: 'tcp', takesAesGcm: true },
  ] as const)(
    'a copied certificate without its key gets nothing over $transport (AES-GCM known: $takesAesGcm)',
    async ({ transport, takesAesGcm }) => {
      const victim = createCertificate(Date.now());
      const { viewer, sdp } = await offered(
        { transport, takesAesGcm, presents: impostor(victim) },
        victim.fingerprint,
      );
      await viewer.open(sdp);
      viewer.check();
      await viewer.until(() => viewer.stunAnswers.length > 0);
      viewer.startDtls();
      await vi.waitFor(() =>
        expect(messages).toContainEqual(
          expect.objectContaining({ type: 'session-ended', reason: 'dtls-failed' }),
        ),
      );
      expect(viewer.isConnected).toBe(false);
      expect(viewer.packets).toEqual([]);
    },
  );
});

test('this machine needs no portable half', () => {
  const parts = openParts(new Arena(), Date.now());
  cleanups.push(() => parts.close());
  expect(parts.backEnds).toEqual({ dtls: 'native', srtp: 'native', udp: 'native' });
  expect(parts.problems).toEqual([]);
});

test('when dead threads have used up all functions that C can call, DTLS is portable and says why', () => {
  using taken = new DisposableStack();
  const takeAll = (): never => {
    for (;;) taken.defer(registerCallback('int', ['int'], () => 1).release);
  };
  expect(takeAll).toThrow(NativeError);
  const parts = openParts(new Arena(), Date.now());
  cleanups.push(() => parts.close());
  expect(parts.backEnds).toEqual({ dtls: 'portable', srtp: 'native', udp: 'native' });
  expect(parts.problems).toEqual([
    'DTLS runs without native code, which is slower: no more functions can be called from C',
  ]);
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
