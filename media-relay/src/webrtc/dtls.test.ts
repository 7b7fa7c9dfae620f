import fc from 'fast-check';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { Arena } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import {
  converse,
  deliver,
  impostor,
  mirrorSignature,
  open,
  renameCertificateTypes,
  scatteringPath,
  type Outcome,
} from '../testing/dtls-conversation.ts';
import { DtlsPeer, type PeerCertificate } from '../testing/dtls-peer.ts';
import { timeBox } from '../testing/time-box.ts';
import { createCertificate, type Certificate } from './certificate.ts';
import { hasChangedCipher } from './dtls-handshake.ts';
import { nativeDtls } from './dtls-native.ts';
import { portableDtls } from './dtls-portable.ts';

const openssl = loadOpenSsl();
const arena = new Arena();
const factories = {
  native: nativeDtls(openssl, arena, createCertificate(Date.now())),
  portable: portableDtls(createCertificate(Date.now())),
};
afterAll(() => {
  factories.native.close();
  factories.portable.close();
});

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

describe.each(['native', 'portable'] as const)('the %s half as server', (half) => {
  const accept = (fingerprint: string): Outcome => open(factories[half], 'server', fingerprint);
  const client = (certificate: PeerCertificate): DtlsPeer =>
    new DtlsPeer(openssl, arena, 'client', certificate);

  test('refuses a Finished that does not match what was said', async () => {
    const own = createCertificate(Date.now());
    const viewer = client(own);
    const outcome = accept(own.fingerprint);
    await converse(viewer, outcome, mirrorSignature);
    expect(outcome.connected).toBeUndefined();
    expect(viewer.isConnected).toBe(false);
    expect(outcome.ended).toMatchObject({
      reason: 'failed',
      detail: expect.stringMatching(/digest check|Finished/),
    });
    outcome.dtls.close();
    viewer.close();
  });

  test('sends a lost flight again within 100 ms', async () => {
    const own = createCertificate(Date.now());
    const viewer = client(own);
    const outcome = accept(own.fingerprint);
    let hello = viewer.advance();
    await deliver(outcome, hello);
    while (outcome.dtls.timeoutMs() === undefined) {
      hello = viewer.advance(...outcome.sent.splice(0)); // with the cookie
      await deliver(outcome, hello);
    }
    outcome.sent.splice(0); // lost
    const timeoutMs = outcome.dtls.timeoutMs() ?? 0;
    expect(timeoutMs).toBeGreaterThan(0);
    expect(timeoutMs).toBeLessThanOrEqual(100);
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 1));
    outcome.dtls.handleTimeout();
    expect(outcome.sent.length).toBeGreaterThan(0);
    expect(outcome.dtls.timeoutMs()).toBeGreaterThan(timeoutMs);
    await deliver(outcome, viewer.advance(...outcome.sent.splice(0)));
    expect(outcome.connected).toBeDefined();
    outcome.dtls.close();
    viewer.close();
  });

  test('answers the last flight again when its own answer was lost', async () => {
    const own = createCertificate(Date.now());
    const viewer = client(own);
    const outcome = accept(own.fingerprint);
    let flight = viewer.advance();
    while (outcome.connected === undefined) {
      await deliver(outcome, flight);
      if (outcome.connected === undefined) flight = viewer.advance(...outcome.sent.splice(0));
    }
    outcome.sent.splice(0); // lost
    expect(viewer.isConnected).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await deliver(outcome, viewer.handleTimeout());
    viewer.advance(...outcome.sent.splice(0));
    expect(viewer.isConnected).toBe(true);
    expect(outcome.endings).toBe(0);
    outcome.dtls.close();
    viewer.close();
  });
});

describe('the native half as client', () => {
  const begin = (): { own: Certificate; outcome: Outcome; viewer: DtlsPeer } => {
    const own = createCertificate(Date.now());
    const viewer = new DtlsPeer(openssl, arena, 'server', own);
    return { own, viewer, outcome: open(factories.native, 'client', own.fingerprint) };
  };

  test('says nothing before it is started, and begins once', () => {
    const sent: Uint8Array[] = [];
    const dtls = factories.native.open('client', createCertificate(Date.now()).fingerprint, {
      send: (datagram) => void sent.push(datagram.slice()),
      connected: () => undefined,
      confirmedLate: () => undefined,
      ended: () => undefined,
    });
    dtls.handle(Buffer.from('15fefd00000000000000fe00020228', 'hex'));
    expect(dtls.timeoutMs()).toBeUndefined();
    expect(sent).toEqual([]);
    dtls.start();
    dtls.start();
    expect(sent).toHaveLength(1);
    dtls.close();
    dtls.start();
    expect(sent).toHaveLength(1);
  });

  test('has its keys behind its Finished, a round trip before the handshake is done', () => {
    const { outcome, viewer } = begin();
    const hello = outcome.sent.splice(0);
    for (const datagram of viewer.advance(...hello)) outcome.dtls.handle(datagram);
    expect(outcome.connected?.profile).toBe('aes128gcm');
    expect(outcome.dtls.timeoutMs()).toBeGreaterThan(0);
    expect(viewer.isConnected).toBe(false);
    const answer = viewer.advance(...outcome.sent.splice(0));
    expect(viewer.isConnected).toBe(true);
    const early = Buffer.from(outcome.connected?.keyingMaterial ?? []);
    expect(early).toEqual(Buffer.from(viewer.keyingMaterial(56)));
    for (const datagram of answer) outcome.dtls.handle(datagram);
    expect(outcome.dtls.timeoutMs()).toBeUndefined();
    // OpenSSL repeats its Finished when the answer took 50 ms.
    const isRepeated = outcome.sent.some(hasChangedCipher);
    expect(outcome).toMatchObject({ confirmedLate: isRepeated ? 1 : 0, endings: 0 });
    outcome.dtls.close();
    viewer.close();
  });

  test('ends when the peer’s Finished shows that a message was another one', async () => {
    const { outcome, viewer } = begin();
    await converse(viewer, outcome, renameCertificateTypes);
    expect(viewer.isConnected).toBe(false);
    expect(outcome.ended?.reason).toBe('failed');
    expect(outcome.endings).toBe(1);
    outcome.dtls.close();
    viewer.close();
  });

  test('takes no keys that OpenSSL does not give: what stands in the scratch memory is known to anybody', async () => {
    const own = createCertificate(Date.now());
    const viewer = new DtlsPeer(openssl, arena, 'server', own);
    const factory = nativeDtls(
      { ...openssl, SSL_export_keying_material: () => 0 },
      arena,
      createCertificate(Date.now()),
    );
    const outcome = open(factory, 'client', own.fingerprint);
    await converse(viewer, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.reason).toBe('failed');
    outcome.dtls.close();
    viewer.close();
    factory.close();
  });

  test('says that its first Finished may not have come, too, when OpenSSL repeats it by itself', async () => {
    const { outcome, viewer } = begin();
    await deliver(outcome, viewer.advance(...outcome.sent.splice(0)));
    outcome.sent.splice(0); // lost
    await new Promise((resolve) => setTimeout(resolve, 60));
    await deliver(outcome, viewer.handleTimeout());
    await converse(viewer, outcome);
    expect(viewer.isConnected).toBe(true);
    expect(outcome).toMatchObject({ confirmedLate: 1, endings: 0 });
    outcome.dtls.close();
    viewer.close();
  });

  test('hears a goodbye in the datagram that ends the handshake', () => {
    const { outcome, viewer } = begin();
    for (const datagram of viewer.advance(...outcome.sent.splice(0))) outcome.dtls.handle(datagram);
    const last = viewer.advance(...outcome.sent.splice(0));
    expect(viewer.isConnected).toBe(true);
    outcome.dtls.handle(Buffer.concat([...last, ...viewer.shutdown()]));
    expect(outcome.ended?.reason).toBe('closed');
    outcome.dtls.close();
    viewer.close();
  });

  test('reads no more when OpenSSL has given the connection up: what comes behind would pile up', async () => {
    const own = createCertificate(Date.now());
    const viewer = new DtlsPeer(openssl, arena, 'server', own);
    let isBroken = false;
    let written = 0;
    const factory = nativeDtls(
      {
        ...openssl,
        SSL_read: (...of) => (isBroken ? -1 : openssl.SSL_read(...of)),
        SSL_get_error: (...of) => (isBroken ? 1 : openssl.SSL_get_error(...of)),
        BIO_write: (...of) => {
          written++;
          return openssl.BIO_write(...of);
        },
      },
      arena,
      createCertificate(Date.now()),
    );
    const outcome = open(factory, 'client', own.fingerprint);
    await converse(viewer, outcome);
    expect(outcome.endings).toBe(0);
    isBroken = true;
    written = 0;
    for (let i = 0; i < 3; i++) outcome.dtls.handle(Uint8Array.of(23, 254, 253));
    expect({ endings: outcome.endings, written }).toEqual({ endings: 0, written: 1 });
    outcome.dtls.close();
    viewer.close();
    factory.close();
  });

  test('sends a lost ClientHello again within 100 ms', async () => {
    const { outcome, viewer } = begin();
    outcome.sent.splice(0); // lost
    const timeoutMs = outcome.dtls.timeoutMs() ?? 0;
    expect(timeoutMs).toBeGreaterThan(0);
    expect(timeoutMs).toBeLessThanOrEqual(100);
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 1));
    outcome.dtls.handleTimeout();
    expect(outcome.sent).toHaveLength(1);
    expect(outcome.dtls.timeoutMs()).toBeGreaterThan(timeoutMs);
    await converse(viewer, outcome);
    expect(viewer.isConnected).toBe(true);
    expect(outcome.endings).toBe(0);
    outcome.dtls.close();
    viewer.close();
  });

  test('sends a lost Finished again, and says that the first one may not have come', async () => {
    const { outcome, viewer } = begin();
    await deliver(outcome, viewer.advance(...outcome.sent.splice(0)));
    expect(outcome.connected).toBeDefined();
    outcome.sent.splice(0); // lost
    const timeoutMs = outcome.dtls.timeoutMs() ?? 0;
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 1));
    outcome.dtls.handleTimeout();
    expect(outcome.confirmedLate).toBe(0);
    await converse(viewer, outcome);
    expect(viewer.isConnected).toBe(true);
    expect(outcome).toMatchObject({ confirmedLate: 1, endings: 0 });
    outcome.dtls.close();
    viewer.close();
  });
});

/** Of a connection whose keys nobody else has: epoch 1, and nonsense. */
function forgedRecord(type: number, length: number): Buffer {
  return Buffer.concat([
    Buffer.of(type, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, length),
    Buffer.alloc(length, 7),
  ]);
}
