/** Known answers at start: a wrong cipher must never reach a viewer. Vectors of RFC 7714 16.1.1. */
import type { Block } from '../native/arena.ts';
import { NativeError } from '../native/library.ts';
import type { OpenSsl } from '../native/openssl.ts';
import type { SrtpCipherFactory, SrtpSessionKeys } from './srtp.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const key = hex('000102030405060708090a0b0c0d0e0f');
const salt = hex('517569642070726f2071756f');
const keys: SrtpSessionKeys = {
  rtp: { key, auth: new Uint8Array(0), salt },
  rtcp: { key, auth: new Uint8Array(0), salt },
};
const header = hex('8040f17b 8041f8d3 5501a0b2');
const payload = Buffer.from('Gallia est omnis divisa in partes tres', 'latin1');
const sealed = hex(
  '8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce',
);

/** Throws NativeError when OpenSSL is another major version or encrypts wrongly. */
export function selfTest(openssl: OpenSsl, srtp: SrtpCipherFactory, sendBuffer: Block): void {
  checkVersion(openssl);
  checkCipher(srtp, sendBuffer);
}

/** Structures and control numbers are those of OpenSSL 3. */
export function checkVersion(openssl: OpenSsl): void {
  const major = openssl.versionMajor();
  if (major !== 3) throw new NativeError(`needs OpenSSL 3, this Node.js has ${major}`);
}

/** Throws NativeError when the cipher of either half encrypts wrongly. */
export function checkCipher(srtp: SrtpCipherFactory, sendBuffer: Block): void {
  const cipher = srtp.create('aes128gcm', keys, keys);
  sendBuffer.bytes.set(header);
  sendBuffer.bytes.set(payload, 4096);
  const length = cipher.sealRtp(0, header.length, sendBuffer, 4096, payload.length, 0x5501_a0b2, 0, 0xf17b);
  const result = Buffer.from(sendBuffer.bytes.subarray(0, length));
  cipher.close();
  if (!result.equals(sealed)) throw new NativeError('SRTP AES-128-GCM self-test: wrong ciphertext');
}
