import fc from 'fast-check';
import { SrtcpSession, SrtpSession } from 'werift';
import { beforeAll, describe, expect, test } from 'vitest';
import { Arena, type Block } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { timeBox } from '../testing/time-box.ts';
import { SEND_BUFFER_BYTES } from './egress.ts';
import { selfTest } from './self-test.ts';
import { deriveSessionKeys } from './srtp-keys.ts';
import {
  srtpProfiles,
  type SrtpCipher,
  type SrtpCipherFactory,
  type SrtpProfileName,
  type SrtpSessionKeys,
} from './srtp.ts';
import { nativeSrtp } from './srtp-native.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const openssl = loadOpenSsl();
const arena = new Arena();
const buffer: Block = arena.allocate(SEND_BUFFER_BYTES);
let srtp: SrtpCipherFactory;

beforeAll(() => {
  srtp = nativeSrtp(openssl, arena, buffer);
});

test('start-up self-test passes (RFC 7714 16.1.1)', () => {
  expect(() => selfTest(openssl, srtp, buffer)).not.toThrow();
});

describe('SRTCP of RFC 7714 17.1', () => {
  const keys: SrtpSessionKeys = {
    rtp: { key: new Uint8Array(16), auth: new Uint8Array(0), salt: new Uint8Array(12) },
    rtcp: {
      key: hex('000102030405060708090a0b0c0d0e0f'),
      auth: new Uint8Array(0),
      salt: hex('517569642070726f2071756f'),
    },
  };
  const plain = hex(
    '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef',
  );
  const sealed = hex(
    '81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4',
  );

  test('opens, and refuses a replay and every flipped bit', () => {
    const cipher = srtp.create('aes128gcm', keys, keys);
    for (let bit = 0; bit < sealed.length * 8; bit += 7) {
      const forged = sealed.slice();
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(cipher.openRtcp(forged)).toBeUndefined();
    }
    expect(cipher.openRtcp(sealed)).toEqual(plain);
    expect(cipher.openRtcp(sealed)).toBeUndefined();
    cipher.close();
  });
});

/** werift's SRTP is an independent implementation of both profiles. */
describe.each<SrtpProfileName>(['aes128gcm', 'aes128cmSha1'])(
  '%s against another implementation',
  (profile) => {
    const { keyBytes, saltBytes, id } = srtpProfiles[profile];
    const master = {
      key: Uint8Array.from({ length: keyBytes }, (_, i) => i + 1),
      salt: Uint8Array.from({ length: saltBytes }, (_, i) => 200 - i),
    };
    const config = {
      profile: id,
      keys: {
        localMasterKey: Buffer.from(master.key),
        localMasterSalt: Buffer.from(master.salt),
        remoteMasterKey: Buffer.from(master.key),
        remoteMasterSalt: Buffer.from(master.salt),
      },
    } as ConstructorParameters<typeof SrtpSession>[0];
    const keys = deriveSessionKeys(master, profile);

    function seal(
      cipher: SrtpCipher,
      header: Uint8Array,
      payload: Uint8Array,
      ssrc: number,
      roc: number,
      seq: number,
    ): Buffer {
      const source = arena.allocate(Math.max(1, payload.length));
      source.bytes.set(payload);
      buffer.bytes.set(header, 100);
      const length = cipher.sealRtp(100, header.length, source, 0, payload.length, ssrc, roc, seq);
      arena.free(source);
      return Buffer.from(buffer.bytes.subarray(100, 100 + length));
    }

    test('RTP packets are what the other side decrypts, over the wrap of the sequence number', () => {
      const cipher = srtp.create(profile, keys, keys);
      const other = new SrtpSession(config);
      let extended = 0xfff0;
      for (let i = 0; i < 40; i++, extended++) {
        globalThis.gc?.();
        const seq = extended & 0xffff;
        const header = hex('8060 0000 00112233 89abcdef');
        header[2] = seq >>> 8;
        header[3] = seq;
        const payload = Uint8Array.from({ length: 1 + i * 29 }, (_, at) => at * 3 + i);
        const packet = seal(cipher, header, payload, 0x89abcdef, extended >>> 16, seq);
        expect(packet).toHaveLength(12 + payload.length + cipher.rtpTagBytes);
        const opened = other.decrypt(packet);
        expect(Buffer.from(opened.subarray(12))).toEqual(Buffer.from(payload));
      }
      cipher.close();
    });

    test('the same packet sealed again is the same, bit for bit', () => {
      const cipher = srtp.create(profile, keys, keys);
      const header = hex('8060 1234 00112233 89abcdef');
      const payload = new Uint8Array(1158).fill(9);
      const first = seal(cipher, header, payload, 0x89abcdef, 3, 0x1234);
      seal(cipher, hex('8060 1235 00112233 89abcdef'), payload, 0x89abcdef, 3, 0x1235);
      expect(seal(cipher, header, payload, 0x89abcdef, 3, 0x1234)).toEqual(first);
      cipher.close();
    });

    test('RTCP goes both ways', () => {
      const cipher = srtp.create(profile, keys, keys);
      const other = new SrtcpSession(config);
      const report = Buffer.from(hex('80c80006 89abcdef e0000000 00000000 00000001 00000002 00000003'));
      for (let i = 0; i < 5; i++) {
        buffer.bytes.set(report);
        const length = cipher.sealRtcp(0, report.length);
        expect(Buffer.from(other.decrypt(Buffer.from(buffer.bytes.subarray(0, length))))).toEqual(report);
        const sealed = other.encrypt(Buffer.from(report));
        expect(Buffer.from(cipher.openRtcp(sealed) ?? [])).toEqual(report);
        expect(cipher.openRtcp(sealed)).toBeUndefined();
      }
      cipher.close();
    });

    test('each SSRC of the other side counts by itself', () => {
      const cipher = srtp.create(profile, keys, keys);
      const other = new SrtcpSession(config);
      const report = (ssrc: number): Buffer => {
        const bytes = Buffer.from(hex('81c90001 00000000'));
        bytes.writeUInt32BE(ssrc, 4);
        return bytes;
      };
      // A browser that plays sound: feedback leaves under the audio SSRC, requests for pictures under the video's.
      for (let i = 0; i < 100; i++) expect(cipher.openRtcp(other.encrypt(report(0xfa17_fa17)))).toBeDefined();
      for (let i = 0; i < 3; i++) {
        const sealed = other.encrypt(report(1));
        expect(Buffer.from(cipher.openRtcp(sealed) ?? [])).toEqual(report(1));
        expect(cipher.openRtcp(sealed)).toBeUndefined();
      }
      expect(cipher.openRtcp(other.encrypt(report(0xfa17_fa17)))).toBeDefined();
      cipher.close();
    });

    test('any bytes are refused', () => {
      const cipher = srtp.create(profile, keys, keys);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
          expect(cipher.openRtcp(bytes)).toBeUndefined();
        }),
        timeBox,
      );
      cipher.close();
    });
  },
);
