import { createCipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deriveKeys, deriveSessionKeys, keyingMaterialBytes, splitKeyingMaterial } from './srtp-keys.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** RFC 3711 B.3. */
const master = {
  key: Buffer.from('e1f97a0d3e018be0d64fa32c06de4139', 'hex'),
  salt: Buffer.from('0ec675ad498afeebb6960b3aabe6', 'hex'),
};

describe('session keys', () => {
  test('RFC 3711 B.3', () => {
    const { rtp } = deriveSessionKeys(master, 'aes128cmSha1');
    expect(hex(rtp.key)).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(hex(rtp.salt)).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(hex(rtp.auth)).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  test.each([
    ['aes128cmSha1', 14, 20],
    ['aes128gcm', 12, 0],
  ] as const)('%s: RTCP has labels 3 to 5, and lengths of its own', (profile, saltBytes, authBytes) => {
    const own = { key: master.key, salt: master.salt.subarray(0, saltBytes) };
    const { rtp, rtcp } = deriveSessionKeys(own, profile);
    expect(rtp.auth).toHaveLength(authBytes);
    expect(rtcp.auth).toHaveLength(authBytes);
    // The first block of AES-CM is AES of the counter itself (RFC 3711 4.1.1).
    expect(hex(rtcp.key)).toBe(hex(block(own, 3)));
    expect(hex(rtcp.auth.subarray(0, 16))).toBe(hex(block(own, 4).subarray(0, Math.min(16, authBytes))));
    expect(hex(rtcp.salt)).toBe(hex(block(own, 5).subarray(0, saltBytes)));
    expect(hex(rtp.salt)).toBe(hex(block(own, 2).subarray(0, saltBytes)));
  });

  test('a master key is not changed', () => {
    const copy = { key: Buffer.from(master.key), salt: Buffer.from(master.salt) };
    deriveKeys(copy, [{ label: 5, byteLength: 64 }]);
    expect(copy).toEqual(master);
  });
});

describe('splitKeyingMaterial', () => {
  test.each([
    ['aes128gcm', 12],
    ['aes128cmSha1', 14],
  ] as const)('%s: client key, server key, client salt, server salt', (profile, saltBytes) => {
    const exported = Buffer.concat([
      Buffer.alloc(16, 1),
      Buffer.alloc(16, 2),
      Buffer.alloc(saltBytes, 3),
      Buffer.alloc(saltBytes, 4),
    ]);
    expect(keyingMaterialBytes(profile)).toBe(exported.length);
    const { client, server } = splitKeyingMaterial(exported, profile);
    exported.fill(0);
    expect([client.key, server.key, client.salt, server.salt].map(hex)).toEqual([
      '01'.repeat(16),
      '02'.repeat(16),
      '03'.repeat(saltBytes),
      '04'.repeat(saltBytes),
    ]);
    expect(() => splitKeyingMaterial(exported.subarray(1), profile)).toThrow('bytes instead of');
  });
});

/** One AES block of salt || label, by another way than the code under test. */
function block({ key, salt }: { key: Uint8Array; salt: Uint8Array }, label: number): Buffer {
  const counter = Buffer.alloc(16);
  counter.set(salt);
  counter.writeUInt8(counter.readUInt8(7) ^ label, 7);
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(counter);
}
