import fc from 'fast-check';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { Arena } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { DtlsTestClient } from '../testing/dtls-client.ts';
import {
  accept,
  converse,
  deliver,
  impostor,
  mirrorSignature,
  scatteringPath,
} from '../testing/dtls-conversation.ts';
import { timeBox } from '../testing/time-box.ts';
import { createCertificate } from './certificate.ts';
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

describe.each(['native', 'portable'] as const)('the %s half', (half) => {
  const factory = factories[half];

  describe.each([
    ['SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80', 'aes128gcm', 56],
    ['SRTP_AES128_CM_SHA1_80', 'aes128cmSha1', 60],
  ])('with a viewer that offers %s', (profiles, profile, length) => {
    test('gives it keys, flights of at most 1,200 bytes, and close_notify', async () => {
      const own = createCertificate(Date.now());
      const client = new DtlsTestClient(openssl, arena, own, profiles);
      const outcome = accept(factory, own.fingerprint.toLowerCase());
      const flights: number[] = [];
      const send = outcome.sent.push.bind(outcome.sent);
      outcome.sent.push = (...datagrams) => {
        flights.push(...datagrams.map((d) => d.length));
        return send(...datagrams);
      };
      await converse(client, outcome);
      expect(outcome.ended).toBeUndefined();
      expect(client.isConnected).toBe(true);
      expect(outcome.connected?.profile).toBe(profile);
      expect(Buffer.from(outcome.connected?.keyingMaterial ?? [])).toEqual(
        Buffer.from(client.keyingMaterial(length)),
      );
      expect(outcome.server.timeoutMs()).toBeUndefined();
      expect(Math.max(...flights)).toBeLessThanOrEqual(1200);
      outcome.server.close();
      client.advance(...outcome.sent.splice(0));
      expect(client.receivedCloseNotify).toBe(true);
      client.close();
    });
  });

  test('ends the session once when the viewer says close_notify', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own);
    const outcome = accept(factory, own.fingerprint);
    await converse(client, outcome);
    const goodbye = client.shutdown();
    await deliver(outcome, [...goodbye, ...goodbye]);
    expect(outcome.ended).toEqual({ reason: 'closed', detail: 'close_notify' });
    expect(outcome.endings).toBe(1);
    outcome.server.close();
    outcome.server.close();
    client.close();
  });

  test('refuses another certificate than the one in the offer', async () => {
    const client = new DtlsTestClient(openssl, arena, createCertificate(Date.now()));
    const outcome = accept(factory, createCertificate(Date.now()).fingerprint);
    await converse(client, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.detail).toContain('not the one its offer names');
    outcome.server.close();
    client.close();
  });

  test('refuses a viewer without certificate', async () => {
    const client = new DtlsTestClient(openssl, arena, undefined);
    const outcome = accept(factory, createCertificate(Date.now()).fingerprint);
    await converse(client, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.reason).toBe('failed');
    outcome.server.close();
    client.close();
  });

  test('refuses a copied certificate without its key', async () => {
    const victim = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, impostor(victim));
    const outcome = accept(factory, victim.fingerprint);
    await converse(client, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended).toMatchObject({ reason: 'failed', detail: expect.stringMatching(/signature/) });
    outcome.server.close();
    client.close();
  });

  test('refuses a Finished that does not match what was said', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own);
    const outcome = accept(factory, own.fingerprint);
    await converse(client, outcome, mirrorSignature);
    expect(outcome.connected).toBeUndefined();
    expect(client.isConnected).toBe(false);
    expect(outcome.ended).toMatchObject({
      reason: 'failed',
      detail: expect.stringMatching(/digest check|Finished/),
    });
    outcome.server.close();
    client.close();
  });

  test('refuses a viewer without a common SRTP profile', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own, 'SRTP_AES128_CM_SHA1_32');
    const outcome = accept(factory, own.fingerprint);
    await converse(client, outcome);
    expect(outcome.connected).toBeUndefined();
    expect(outcome.ended?.detail).toContain('SRTP profiles');
    outcome.server.close();
    client.close();
  });

  test('puts fragments together that come twice and in reverse', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own);
    const outcome = accept(factory, own.fingerprint);
    await converse(client, outcome, scatteringPath());
    expect(outcome.ended).toBeUndefined();
    expect(outcome.connected?.profile).toBe('aes128gcm');
    outcome.server.close();
    client.close();
  });

  test('sends a lost flight again within 100 ms', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own);
    const outcome = accept(factory, own.fingerprint);
    let hello = client.advance();
    await deliver(outcome, hello);
    while (outcome.server.timeoutMs() === undefined) {
      hello = client.advance(...outcome.sent.splice(0)); // with the cookie
      await deliver(outcome, hello);
    }
    outcome.sent.splice(0); // lost
    const timeoutMs = outcome.server.timeoutMs() ?? 0;
    expect(timeoutMs).toBeGreaterThan(0);
    expect(timeoutMs).toBeLessThanOrEqual(100);
    await new Promise((resolve) => setTimeout(resolve, timeoutMs + 1));
    outcome.server.handleTimeout();
    expect(outcome.sent.length).toBeGreaterThan(0);
    expect(outcome.server.timeoutMs()).toBeGreaterThan(timeoutMs);
    await deliver(outcome, client.advance(...outcome.sent.splice(0)));
    expect(outcome.connected).toBeDefined();
    outcome.server.close();
    client.close();
  });

  test('answers the last flight again when its own answer was lost', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own);
    const outcome = accept(factory, own.fingerprint);
    let flight = client.advance();
    while (outcome.connected === undefined) {
      await deliver(outcome, flight);
      if (outcome.connected === undefined) flight = client.advance(...outcome.sent.splice(0));
    }
    outcome.sent.splice(0); // lost
    expect(client.isConnected).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await deliver(outcome, client.handleTimeout());
    client.advance(...outcome.sent.splice(0));
    expect(client.isConnected).toBe(true);
    expect(outcome.endings).toBe(0);
    outcome.server.close();
    client.close();
  });

  test('an established session minds neither a ClientHello nor alerts that anybody could send', async () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own);
    const outcome = accept(factory, own.fingerprint);
    await converse(client, outcome);
    const other = new DtlsTestClient(openssl, arena, own);
    const closeNotify = Buffer.from('15fefd00000000000000ff00020100', 'hex');
    const fatal = Buffer.from('15fefd00000000000000fe00020228', 'hex');
    const forged = Buffer.concat([
      Buffer.from('15fefd000100000000000900 1a'.replace(' ', ''), 'hex'),
      Buffer.alloc(26, 7),
    ]);
    await deliver(outcome, [
      ...other.advance(),
      closeNotify,
      fatal,
      forged,
      Buffer.of(22, 1, 2),
      Buffer.of(),
    ]);
    expect(outcome.endings).toBe(0);
    await deliver(outcome, client.shutdown());
    expect(outcome.ended?.reason).toBe('closed');
    outcome.server.close();
    other.close();
    client.close();
  });

  test('garbage neither connects nor crashes, before, during and after a handshake', async () => {
    const own = createCertificate(Date.now());
    const garbage = fc.array(fc.uint8Array({ maxLength: 1400 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(garbage, fc.constantFrom('nothing', 'hello', 'all'), async (datagrams, before) => {
        const client = new DtlsTestClient(openssl, arena, own);
        const outcome = accept(factory, own.fingerprint);
        if (before === 'hello') await deliver(outcome, client.advance());
        if (before === 'all') await converse(client, outcome);
        const connected = outcome.connected;
        for (const datagram of datagrams) {
          outcome.server.handle(datagram);
          const record = datagram.slice();
          if (record.length > 13) record.set([22, 254, 253]);
          if (record.length > 13) record.set([(record.length - 13) >> 8, (record.length - 13) & 0xff], 11);
          outcome.server.handle(record);
          outcome.server.handleTimeout();
        }
        await new Promise(setImmediate);
        expect(outcome.connected).toBe(connected);
        outcome.server.close();
        outcome.server.handle(new Uint8Array(20));
        client.close();
      }),
      timeBox,
    );
  });
});
