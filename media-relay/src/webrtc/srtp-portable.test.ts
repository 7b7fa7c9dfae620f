import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Arena, countedAddresses } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { timeBox } from '../testing/time-box.ts';
import { SEND_BUFFER_BYTES } from './egress.ts';
import { checkCipher } from './self-test.ts';
import { deriveSessionKeys } from './srtp-keys.ts';
import { nativeSrtp } from './srtp-native.ts';
import { portableSrtp } from './srtp-portable.ts';
import { srtpProfiles, type SrtpCipher, type SrtpProfileName } from './srtp.ts';

const arenas = { native: new Arena(), portable: new Arena(countedAddresses()) };
const buffers = {
  native: arenas.native.allocate(SEND_BUFFER_BYTES),
  portable: arenas.portable.allocate(SEND_BUFFER_BYTES),
};
const sources = { native: arenas.native.allocate(4096), portable: arenas.portable.allocate(4096) };
const factories = {
  native: nativeSrtp(loadOpenSsl(), arenas.native, buffers.native),
  portable: portableSrtp(buffers.portable),
};
const halves = ['native', 'portable'] as const;
type Half = (typeof halves)[number];

test('start-up self-test passes (RFC 7714 16.1.1)', () => {
  expect(() => checkCipher(factories.portable, buffers.portable)).not.toThrow();
});

describe.each<SrtpProfileName>(['aes128gcm', 'aes128cmSha1'])('%s: both halves', (profile) => {
  const { keyBytes, saltBytes } = srtpProfiles[profile];
  const keys = (from: number) =>
    deriveSessionKeys(
      {
        key: Uint8Array.from({ length: keyBytes }, (_, i) => from + i),
        salt: Uint8Array.from({ length: saltBytes }, (_, i) => from * 3 + i),
      },
      profile,
    );
  const ciphers: SrtpCipher[] = [];
  const create = (half: Half, local = keys(1), remote = keys(100)): SrtpCipher => {
    const cipher = factories[half].create(profile, local, remote);
    ciphers.push(cipher);
    return cipher;
  };
  afterEach(() => {
    for (const cipher of ciphers.splice(0)) cipher.close();
  });

  function seal(
    half: Half,
    cipher: SrtpCipher,
    at: number,
    header: Uint8Array,
    payload: Uint8Array,
    roc: number,
  ): Buffer {
    const bytes = Buffer.from(header);
    sources[half].bytes.set(payload, 17);
    buffers[half].bytes.set(header, at);
    const length = cipher.sealRtp(
      at,
      header.length,
      sources[half],
      17,
      payload.length,
      bytes.readUInt32BE(8),
      roc,
      bytes.readUInt16BE(2),
    );
    expect(Buffer.from(sources[half].bytes.subarray(17, 17 + payload.length))).toEqual(Buffer.from(payload));
    return Buffer.from(buffers[half].bytes.subarray(at, at + length));
  }

  test('seal the same RTP packets, over the wrap of the sequence number, and again when resent', () => {
    const [native, portable] = [create('native'), create('portable')];
    const sent: Buffer[] = [];
    const packet = (extended: number): { header: Buffer; payload: Uint8Array } => {
      const header = Buffer.from('9060000000112233f9abcdefbede00013212345600', 'hex').subarray(0, 20);
      header.writeUInt16BE(extended & 0xffff, 2);
      return {
        header,
        payload: Uint8Array.from({ length: (extended * 37) % 1160 }, (_, i) => i * 7 + extended),
      };
    };
    for (let extended = 0xffff_fff0; extended < 0xffff_fff0 + 40; extended++) {
      const { header, payload } = packet(extended);
      const roc = Math.floor(extended / 0x1_0000) >>> 0;
      const sealed = seal('portable', portable, 100, header, payload, roc);
      expect(sealed).toEqual(seal('native', native, 100, header, payload, roc));
      expect(sealed).toHaveLength(header.length + payload.length + portable.rtpTagBytes);
      sent.push(sealed);
    }
    const { header, payload } = packet(0xffff_fff5);
    expect(seal('portable', portable, 0, header, payload, 0xffff)).toEqual(sent[5]);
  });

  test('seal the same RTCP packets and open each other’s, each once', () => {
    const [native, portable] = [create('native'), create('portable')];
    const peers = {
      native: create('native', keys(100), keys(1)),
      portable: create('portable', keys(100), keys(1)),
    };
    for (let i = 0; i < 70; i++) {
      const report = Buffer.alloc(28 + 4 * (i % 5), i);
      report.set([0x80, 200, 0, 6, 0, 0, 0, 1]);
      for (const half of halves) buffers[half].bytes.set(report, 50);
      const length = portable.sealRtcp(50, report.length);
      expect(native.sealRtcp(50, report.length)).toBe(length);
      const sealed = Buffer.from(buffers.portable.bytes.subarray(50, 50 + length));
      expect(sealed).toEqual(Buffer.from(buffers.native.bytes.subarray(50, 50 + length)));
      for (const half of halves) {
        expect(Buffer.from(peers[half].openRtcp(sealed) ?? [])).toEqual(report);
        expect(peers[half].openRtcp(sealed)).toBeUndefined();
      }
    }
  });

  test('refuse every flipped bit, and packets older than the replay window', () => {
    const portable = create('portable');
    const peer = create('portable', keys(100), keys(1));
    const report = Buffer.alloc(28, 1).fill(0x80, 0, 1);
    const sealed = Array.from({ length: 66 }, () => {
      buffers.portable.bytes.set(report);
      return Buffer.from(buffers.portable.bytes.subarray(0, portable.sealRtcp(0, report.length)));
    });
    const [first = Buffer.of(), second = Buffer.of(), third = Buffer.of()] = sealed;
    for (let bit = 0; bit < first.length * 8; bit++) {
      const forged = Buffer.from(first);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(peer.openRtcp(forged)).toBeUndefined();
    }
    expect(peer.openRtcp(sealed[65] ?? Buffer.of())).toBeDefined();
    expect(peer.openRtcp(second)).toBeUndefined(); // 64 older
    expect(peer.openRtcp(third)).toBeDefined();
  });

  test('count each SSRC by itself, and only so many of them', () => {
    const peers = halves.map((half) => create(half, keys(100), keys(1)));
    const packets = Array.from({ length: 40 }, (_, ssrc) => {
      const sender = create('portable'); // it counts from 0
      return Array.from({ length: 2 }, () => {
        buffers.portable.bytes.set([0x81, 201, 0, 1, 0, 0, 0, ssrc]);
        return Buffer.from(buffers.portable.bytes.subarray(0, sender.sealRtcp(0, 8)));
      });
    });
    for (const peer of peers) {
      for (const packet of packets.slice(0, 16).flat()) expect(peer.openRtcp(packet)).toBeDefined();
      for (const packet of packets.slice(16).flat()) expect(peer.openRtcp(packet)).toBeUndefined();
      for (const packet of packets.flat()) expect(peer.openRtcp(packet)).toBeUndefined();
    }
  });

  test('any bytes are refused', () => {
    const cipher = create('portable');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
        expect(cipher.openRtcp(bytes)).toBeUndefined();
      }),
      timeBox,
    );
  });
});
