import fc from 'fast-check';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { collectGarbage } from '../testing/collect-garbage.ts';
import {
  converse,
  deliver,
  impostor,
  open,
  scatteringPath,
  type Outcome,
} from '../testing/dtls-conversation.ts';
import { useDtlsHalves } from '../testing/dtls-halves.ts';
import { DtlsPeer, type PeerCertificate } from '../testing/dtls-peer.ts';
import { timeBox } from '../testing/time-box.ts';
import { createCertificate } from './certificate.ts';

const { openssl, arena, factories } = useDtlsHalves();

test('our certificate is a valid self-signed P-256 certificate', () => {
  const certificate = createCertificate(Date.now());
  const x509 = new X509Certificate(certificate.der);
  expect(x509.verify(x509.publicKey)).toBe(true);
  expect(x509.fingerprint256).toBe(certificate.fingerprint);
  const key = createPrivateKey({ key: Buffer.from(certificate.privateKeyDer), format: 'der', type: 'pkcs8' });
  expect(x509.checkPrivateKey(key)).toBe(true);
  expect(Date.parse(x509.validFrom)).toBeLessThan(Date.now());
  expect(Date.parse(x509.validTo)).toBeGreaterThan(Date.now() + 9 * 365 * 86_400_000);
});

test('only the native half can be the client', () => {
  expect(factories.native.canBeClient).toBe(true);
  expect(factories.portable.canBeClient).toBe(false);
});

const ends = [
  { half: 'native', role: 'client' },
  { half: 'native', role: 'server' },
  { half: 'portable', role: 'server' },
] as const;

describe.each(ends)('the $half half as $role', ({ half, role }) => {
  const factory = factories[half];
  const accept = (fingerprint: string): Outcome => open(factory, role, fingerprint);
  const peer = (certificate: PeerCertificate | undefined, profiles?: string): DtlsPeer =>
    new DtlsPeer(openssl, arena, role === 'client' ? 'server' : 'client', certificate, profiles);

  // A server that does not take AES-GCM is none for our client.
  const offers = [
    ['SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80', 'aes128gcm', 56],
    ['SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM', 'aes128gcm', 56],
    ...(role === 'server' ? ([['SRTP_AES128_CM_SHA1_80', 'aes128cmSha1', 60]] as const) : []),
  ] as const;

  describe.each(offers)('with a viewer that offers %s', (profiles, profile, length) => {
    test('gives it keys, flights of at most 1,200 bytes, and close_notify, whatever is collected meanwhile', async () => {
      const own = createCertificate(Date.now());
      const viewer = peer(own, profiles);
      const outcome = accept(own.fingerprint.toLowerCase());
      const flights: number[] = [];
      const send = outcome.sent.push.bind(outcome.sent);
      outcome.sent.push = (...datagrams) => {
        collectGarbage();
        flights.push(...datagrams.map((d) => d.length));
        return send(...datagrams);
      };
      await converse(viewer, outcome);
      expect(outcome.ended).toBeUndefined();
      expect(viewer.isConnected).toBe(true);
      expect(outcome.connected?.profile).toBe(profile);
      expect(Buffer.from(outcome.connected?.keyingMaterial ?? [])).toEqual(
        Buffer.from(viewer.keyingMaterial(length)),
      );
      expect(outcome.dtls.timeoutMs()).toBeUndefined();
      expect(Math.max(...flights)).toBeLessThanOrEqual(1200);
      outcome.dtls.close();
      viewer.advance(...outcome.sent.splice(0));
      expect(viewer.receivedCloseNotify).toBe(true);
      viewer.close();
    });
  });

  test('ends the session once when the viewer says close_notify', async () => {
    const own = createCertificate(Date.now());
    const viewer = peer(own);
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome);
    const goodbye = viewer.shutdown();
    await deliver(outcome, [...goodbye, ...goodbye]);
    expect(outcome.ended).toEqual({ reason: 'closed', detail: 'close_notify' });
    expect(outcome.endings).toBe(1);
    outcome.dtls.close();
    outcome.dtls.close();
    viewer.close();
  });

  test('hears close_notify behind whatever else a datagram holds', async () => {
    const own = createCertificate(Date.now());
    const viewer = peer(own);
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome);
    const chatter = Array.from({ length: 50 }, () => viewer.say('hello')).flat();
    await deliver(outcome, [Buffer.concat([...chatter, ...viewer.shutdown()])]);
    expect(outcome.ended).toEqual({ reason: 'closed', detail: 'close_notify' });
    outcome.dtls.close();
    viewer.close();
  });

  test('refuses another certificate than the one in the offer', async () => {
    const viewer = peer(createCertificate(Date.now()));
    const outcome = accept(createCertificate(Date.now()).fingerprint);
    await converse(viewer, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.detail).toContain('not the one its offer names');
    outcome.dtls.close();
    viewer.close();
  });

  test('refuses a viewer without certificate', async () => {
    const viewer = peer(undefined);
    const outcome = accept(createCertificate(Date.now()).fingerprint);
    await converse(viewer, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.reason).toBe('failed');
    outcome.dtls.close();
    viewer.close();
  });

  test('refuses a copied certificate without its key', async () => {
    const victim = createCertificate(Date.now());
    const viewer = peer(impostor(victim));
    const outcome = accept(victim.fingerprint);
    await converse(viewer, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended).toMatchObject({ reason: 'failed', detail: expect.stringMatching(/signature/) });
    outcome.dtls.close();
    viewer.close();
  });

  test('refuses a viewer without a common SRTP profile', async () => {
    const own = createCertificate(Date.now());
    const viewer = peer(own, 'SRTP_AES128_CM_SHA1_32');
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.detail).toContain('SRTP profiles');
    outcome.dtls.close();
    viewer.close();
  });

  test('puts fragments together that come twice and in reverse', async () => {
    const own = createCertificate(Date.now());
    const viewer = peer(own);
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome, scatteringPath());
    expect(outcome.ended).toBeUndefined();
    expect(outcome.connected?.profile).toBe('aes128gcm');
    outcome.dtls.close();
    viewer.close();
  });

  test('an established session minds neither a ClientHello nor alerts that anybody could send', async () => {
    const own = createCertificate(Date.now());
    const viewer = peer(own);
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome);
    const other = peer(own);
    // As a server, it answers a ClientHello of somebody else.
    const foreignFlight = (): Uint8Array[] => (role === 'client' ? accept(own.fingerprint).sent : []);
    const closeNotify = Buffer.from('15fefd00000000000000ff00020100', 'hex');
    const fatal = Buffer.from('15fefd00000000000000fe00020228', 'hex');
    const forged = forgedRecord(21, 26);
    await deliver(outcome, [
      ...other.advance(...foreignFlight()),
      closeNotify,
      fatal,
      forged,
      Buffer.of(22, 1, 2),
      Buffer.of(),
    ]);
    expect(outcome.endings).toBe(0);
    await deliver(outcome, viewer.shutdown());
    expect(outcome.ended?.reason).toBe('closed');
    outcome.dtls.close();
    other.close();
    viewer.close();
  });

  test('an established session minds no forged record, however short', async () => {
    const own = createCertificate(Date.now());
    for (const type of [21, 22, 23]) {
      for (const length of [1, 15, 23, 24]) {
        const viewer = peer(own);
        const outcome = accept(own.fingerprint);
        await converse(viewer, outcome);
        await deliver(outcome, [forgedRecord(type, length), forgedRecord(type, length)]);
        viewer.advance(...outcome.sent.splice(0));
        const { receivedCloseNotify } = viewer;
        expect({ type, length, endings: outcome.endings, receivedCloseNotify }).toEqual({
          type,
          length,
          endings: 0,
          receivedCloseNotify: false,
        });
        outcome.dtls.close();
        viewer.close();
      }
    }
  });

  test('garbage neither connects nor crashes, before, during and after a handshake', async () => {
    const own = createCertificate(Date.now());
    const garbage = fc.array(fc.uint8Array({ maxLength: 1400 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(garbage, fc.constantFrom('nothing', 'hello', 'all'), async (datagrams, before) => {
        const viewer = peer(own);
        const outcome = accept(own.fingerprint);
        if (before === 'hello') await deliver(outcome, viewer.advance(...outcome.sent.splice(0)));
        if (before === 'all') await converse(viewer, outcome);
        const connected = outcome.connected;
        for (const datagram of datagrams) {
          outcome.dtls.handle(datagram);
          const record = datagram.slice();
          if (record.length > 13) record.set([22, 254, 253]);
          if (record.length > 13) record.set([(record.length - 13) >> 8, (record.length - 13) & 0xff], 11);
          outcome.dtls.handle(record);
          outcome.dtls.handleTimeout();
        }
        await new Promise(setImmediate);
        expect(outcome.connected).toBe(connected);
        outcome.dtls.close();
        outcome.dtls.handle(new Uint8Array(20));
        viewer.close();
      }),
      timeBox,
    );
  });
});

/** Of a connection whose keys nobody else has: epoch 1, and nonsense. */
function forgedRecord(type: number, length: number): Buffer {
  return Buffer.concat([
    Buffer.of(type, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, length),
    Buffer.alloc(length, 7),
  ]);
}
