/** Picks the half of each seam that works on this machine. The portable halves join the table when they exist. */
import type { Arena } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { createCertificate } from '../webrtc/certificate.ts';
import type { DtlsFactory } from '../webrtc/dtls.ts';
import { nativeDtls } from '../webrtc/dtls-native.ts';
import type { UdpEgress } from '../webrtc/egress.ts';
import { nativeEgress } from '../webrtc/egress-native.ts';
import { selfTest } from '../webrtc/self-test.ts';
import type { SrtpCipherFactory } from '../webrtc/srtp.ts';
import { nativeSrtp } from '../webrtc/srtp-native.ts';
import type { BackEnds } from './messages.ts';

export interface Parts {
  readonly egress: UdpEgress;
  readonly dtls: DtlsFactory;
  readonly srtp: SrtpCipherFactory;
  readonly backEnds: BackEnds;
  /** Sentences for the log: what could not be used and why. */
  readonly problems: readonly string[];
  close(): void;
}

/** Throws NativeError when this machine lacks what the native halves need. */
export function openParts(arena: Arena, nowMs: number): Parts {
  const openssl = loadOpenSsl();
  const egress = nativeEgress(arena);
  const srtp = nativeSrtp(openssl, arena, egress.buffer);
  selfTest(openssl, srtp, egress.buffer);
  const dtls = nativeDtls(openssl, arena, createCertificate(nowMs));
  return {
    egress,
    srtp,
    dtls,
    backEnds: { dtls: 'native', srtp: 'native', udp: 'native' },
    problems: [],
    close: () => dtls.close(),
  };
}
