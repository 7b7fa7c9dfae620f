/** Both halves of DTLS, as the parts of an engine would be, closed when the tests of a file are over. */
import { afterAll } from 'vitest';
import { Arena } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { createCertificate } from '../webrtc/certificate.ts';
import { nativeDtls } from '../webrtc/dtls-native.ts';
import { portableDtls } from '../webrtc/dtls-portable.ts';

export function useDtlsHalves() {
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
  return { openssl, arena, factories };
}
