// RFC 5764 4.2 (which exported bytes are whose) and RFC 3711 4.3 (session keys by AES-CM), for AES-CM with HMAC-SHA1
// and, with the salt padded at its end, for AES-GCM (RFC 7714 11). Key derivation rate 0 only, as DTLS-SRTP implies.
import { createCipheriv, createSecretKey } from 'node:crypto';
import { srtpProfiles, type SrtpProfileName, type SrtpSessionKeys } from './srtp.ts';

export interface MasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** What each side of the DTLS handshake writes with. */
export interface MasterKeys {
  readonly client: MasterKey;
  readonly server: MasterKey;
}

/** RFC 5705 label of the exporter. */
export const keyingMaterialLabel = 'EXTRACTOR-dtls_srtp';

/** HMAC-SHA1 key, RFC 3711 5.2. */
const authKeyBytes = 20;
const labels = { rtp: { key: 0, auth: 1, salt: 2 }, rtcp: { key: 3, auth: 4, salt: 5 } } as const;

export function keyingMaterialBytes(profile: SrtpProfileName): number {
  const { keyBytes, saltBytes } = srtpProfiles[profile];
  return 2 * (keyBytes + saltBytes);
}

/** Client key, server key, client salt, server salt, copied. `exported` must be `keyingMaterialBytes` long. */
export function splitKeyingMaterial(exported: Uint8Array, profile: SrtpProfileName): MasterKeys {
  const { keyBytes, saltBytes } = srtpProfiles[profile];
  const expected = keyingMaterialBytes(profile);
  if (exported.length !== expected) {
    throw new Error(`keying material for ${profile} has ${exported.length} bytes instead of ${expected}`);
  }
  // Not slice(): a Buffer's would share the memory that the caller wipes.
  const copy = (start: number, byteLength: number) =>
    Uint8Array.from(exported.subarray(start, start + byteLength));
  const salts = 2 * keyBytes;
  return {
    client: { key: copy(0, keyBytes), salt: copy(salts, saltBytes) },
    server: { key: copy(keyBytes, keyBytes), salt: copy(salts + saltBytes, saltBytes) },
  };
}

/** The keys that protect RTP and RTCP in one direction; `auth` is empty for AES-GCM. */
export function deriveSessionKeys(master: MasterKey, profile: SrtpProfileName): SrtpSessionKeys {
  const { keyBytes, saltBytes } = srtpProfiles[profile];
  const authBytes = profile === 'aes128cmSha1' ? authKeyBytes : 0;
  const wanted = [labels.rtp, labels.rtcp].flatMap(({ key, auth, salt }) => [
    { label: key, byteLength: keyBytes },
    { label: auth, byteLength: authBytes },
    { label: salt, byteLength: saltBytes },
  ]);
  const [rtpKey, rtpAuth, rtpSalt, rtcpKey, rtcpAuth, rtcpSalt] = deriveKeys(master, wanted);
  return {
    rtp: { key: rtpKey ?? none, auth: rtpAuth ?? none, salt: rtpSalt ?? none },
    rtcp: { key: rtcpKey ?? none, auth: rtcpAuth ?? none, salt: rtcpSalt ?? none },
  };
}

const none = new Uint8Array(0);
const blockBytes = 16;

/**
 * RFC 3711 4.3.3: for each label the AES-CM key stream whose counter block is the salt with the label in its eighth
 * byte. All in one run of the block cipher: making a cipher costs more than all of its work here.
 */
export function deriveKeys(
  { key, salt }: MasterKey,
  wanted: readonly { readonly label: number; readonly byteLength: number }[],
): Uint8Array[] {
  const counters = wanted.flatMap(({ label, byteLength }) =>
    Array.from({ length: Math.ceil(byteLength / blockBytes) }, (_, index) => {
      const counter = Buffer.alloc(blockBytes);
      counter.set(salt);
      counter.writeUInt8(counter.readUInt8(7) ^ label, 7);
      counter.writeUInt16BE(index, 14);
      return counter;
    }),
  );
  const cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null).setAutoPadding(false);
  const stream = cipher.update(Buffer.concat(counters));
  let at = 0;
  return wanted.map(({ byteLength }) => {
    const derived = stream.subarray(at, at + byteLength);
    at += Math.ceil(byteLength / blockBytes) * blockBytes;
    return derived;
  });
}
