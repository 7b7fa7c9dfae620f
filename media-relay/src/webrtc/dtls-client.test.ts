import { describe, expect, test } from 'vitest';
import {
  converse,
  deliver,
  open,
  renameCertificateTypes,
  type Outcome,
} from '../testing/dtls-conversation.ts';
import { useDtlsHalves } from '../testing/dtls-halves.ts';
import { DtlsPeer } from '../testing/dtls-peer.ts';
import { createCertificate, type Certificate } from './certificate.ts';
import { hasChangedCipher } from './dtls-handshake.ts';
import { nativeDtls } from './dtls-native.ts';

const { openssl, arena, factories } = useDtlsHalves();

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
