import fc from 'fast-check';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { Arena } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { DtlsTestClient } from '../testing/dtls-client.ts';
import { timeBox } from '../testing/time-box.ts';
import { createCertificate, type Certificate } from './certificate.ts';
import type { Dtls } from './dtls.ts';
import { nativeDtls } from './dtls-native.ts';

const openssl = loadOpenSsl();
const arena = new Arena();
const factory = nativeDtls(openssl, arena, createCertificate(Date.now()));
afterAll(() => factory.close());

interface Outcome {
  readonly server: Dtls;
  readonly sent: Uint8Array[];
  connected: { profile: string; keyingMaterial: Uint8Array } | undefined;
  ended: { reason: string; detail: string } | undefined;
}

function accept(fingerprint: string): Outcome {
  const sent: Uint8Array[] = [];
  const outcome: Outcome = {
    sent,
    connected: undefined,
    ended: undefined,
    server: factory.accept(fingerprint, {
      send: (datagram) => void sent.push(datagram.slice()),
      connected: (profile, keyingMaterial) => (outcome.connected = { profile, keyingMaterial }),
      ended: (reason, detail) => (outcome.ended = { reason, detail }),
    }),
  };
  return outcome;
}

/** Carries datagrams both ways until nobody has anything to say. */
function converse(client: DtlsTestClient, outcome: Outcome): void {
  let toServer = client.advance();
  for (let round = 0; round < 20 && toServer.length > 0; round++) {
    globalThis.gc?.();
    for (const datagram of toServer) outcome.server.handle(datagram);
    toServer = client.advance(...outcome.sent.splice(0));
  }
}

/** The victim's certificate with a key that names the victim's public point but holds another secret. */
function impostor(victim: Certificate): { der: Uint8Array; privateKeyDer: Uint8Array } {
  const other = createCertificate(Date.now());
  const point = (der: Uint8Array): Buffer => {
    const all = Buffer.from(der);
    const at = all.indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04]));
    return all.subarray(at + 3, at + 3 + 65);
  };
  const forged = Buffer.from(other.privateKeyDer);
  const own = point(forged);
  const at = forged.indexOf(own);
  point(Buffer.from(victim.privateKeyDer)).copy(forged, at);
  return { der: victim.der, privateKeyDer: forged };
}

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

describe.each([
  ['SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80', 'aes128gcm', 56],
  ['SRTP_AES128_CM_SHA1_80', 'aes128cmSha1', 60],
])('a viewer that offers %s', (profiles, profile, length) => {
  test('gets keys, flights of at most 1,200 bytes, and close_notify', () => {
    const own = createCertificate(Date.now());
    const client = new DtlsTestClient(openssl, arena, own, profiles);
    const outcome = accept(own.fingerprint.toLowerCase());
    const flights: number[] = [];
    const send = outcome.sent.push.bind(outcome.sent);
    outcome.sent.push = (...datagrams) => {
      flights.push(...datagrams.map((d) => d.length));
      return send(...datagrams);
    };
    converse(client, outcome);
    expect(outcome.ended).toBeUndefined();
    expect(client.isConnected).toBe(true);
    expect(outcome.connected?.profile).toBe(profile);
    expect(outcome.connected?.keyingMaterial).toEqual(client.keyingMaterial(length));
    expect(Math.max(...flights)).toBeLessThanOrEqual(1200);
    outcome.server.close();
    client.advance(...outcome.sent.splice(0));
    expect(client.receivedCloseNotify).toBe(true);
    client.close();
  });
});

test('a viewer that says close_notify ends the session once', () => {
  const own = createCertificate(Date.now());
  const client = new DtlsTestClient(openssl, arena, own);
  const outcome = accept(own.fingerprint);
  converse(client, outcome);
  for (const datagram of client.shutdown()) outcome.server.handle(datagram);
  expect(outcome.ended).toEqual({ reason: 'closed', detail: 'close_notify' });
  outcome.server.close();
  outcome.server.close();
  client.close();
});

test('another certificate than the one in the offer is refused', () => {
  const client = new DtlsTestClient(openssl, arena, createCertificate(Date.now()));
  const outcome = accept(createCertificate(Date.now()).fingerprint);
  converse(client, outcome);
  expect(outcome.connected).toBeUndefined();
  expect(outcome.ended?.detail).toContain('not the one its offer names');
  outcome.server.close();
  client.close();
});

test('no certificate is refused', () => {
  const client = new DtlsTestClient(openssl, arena, undefined);
  const outcome = accept(createCertificate(Date.now()).fingerprint);
  converse(client, outcome);
  expect(outcome.connected).toBeUndefined();
  expect(outcome.ended?.reason).toBe('failed');
  outcome.server.close();
  client.close();
});

test('a copied certificate without its key is refused', () => {
  const victim = createCertificate(Date.now());
  const client = new DtlsTestClient(openssl, arena, impostor(victim));
  const outcome = accept(victim.fingerprint);
  converse(client, outcome);
  expect(outcome.connected).toBeUndefined();
  expect(outcome.ended).toMatchObject({ reason: 'failed', detail: expect.stringMatching(/signature/) });
  outcome.server.close();
  client.close();
});

test('no common SRTP profile is refused', () => {
  const own = createCertificate(Date.now());
  const client = new DtlsTestClient(openssl, arena, own, 'SRTP_AES128_CM_SHA1_32');
  const outcome = accept(own.fingerprint);
  converse(client, outcome);
  expect(outcome.connected).toBeUndefined();
  expect(outcome.ended?.detail).toContain('SRTP profiles');
  outcome.server.close();
  client.close();
});

test('a lost flight is asked for again within 100 ms, and late flights are answered after the handshake', () => {
  const own = createCertificate(Date.now());
  const client = new DtlsTestClient(openssl, arena, own);
  const outcome = accept(own.fingerprint);
  const hello = client.advance();
  for (const datagram of hello) outcome.server.handle(datagram);
  outcome.sent.splice(0); // lost
  const timeoutMs = outcome.server.timeoutMs();
  expect(timeoutMs).toBeGreaterThan(0);
  expect(timeoutMs).toBeLessThanOrEqual(100);
  outcome.server.close();
  client.close();
});

test('garbage neither connects nor crashes, before and during a handshake', () => {
  const own = createCertificate(Date.now());
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 1400 }), { maxLength: 8 }),
      fc.boolean(),
      (datagrams, started) => {
        const client = new DtlsTestClient(openssl, arena, own);
        const outcome = accept(own.fingerprint);
        if (started) for (const datagram of client.advance()) outcome.server.handle(datagram);
        for (const datagram of datagrams) {
          const record = datagram.slice();
          if (record.length > 3) record.set([22, 254, 253]);
          outcome.server.handle(record);
          outcome.server.handleTimeout();
        }
        expect(outcome.connected).toBeUndefined();
        outcome.server.close();
        outcome.server.handle(new Uint8Array(20));
        client.close();
      },
    ),
    timeBox,
  );
});
