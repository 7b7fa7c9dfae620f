/** Picks the half of each seam that works on this machine: the native one, or else the portable one and a warning. */
import type { Arena } from '../native/arena.ts';
import type { NativeLedger } from '../native/ledger.ts';
import { NativeError } from '../native/library.ts';
import { loadOpenSsl, type OpenSsl } from '../native/openssl.ts';
import { createCertificate } from '../webrtc/certificate.ts';
import type { DtlsFactory } from '../webrtc/dtls.ts';
import { nativeDtls } from '../webrtc/dtls-native.ts';
import { portableDtls } from '../webrtc/dtls-portable.ts';
import type { UdpEgress } from '../webrtc/egress.ts';
import { nativeEgress } from '../webrtc/egress-native.ts';
import { portableEgress } from '../webrtc/egress-portable.ts';
import { checkCipher, checkVersion } from '../webrtc/self-test.ts';
import type { SrtpCipherFactory } from '../webrtc/srtp.ts';
import { nativeSrtp } from '../webrtc/srtp-native.ts';
import { portableSrtp } from '../webrtc/srtp-portable.ts';
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

/**
 * `forced` names halves to use, and then no other; `ledger` is what OpenSSL's objects are written down in. Throws
 * NativeError when a forced native half does not work here.
 */
export function openParts(
  arena: Arena,
  nowMs: number,
  forced: Partial<BackEnds> = {},
  ledger?: NativeLedger,
): Parts {
  const problems: string[] = [];
  const certificate = createCertificate(nowMs);
  let openssl: OpenSsl | undefined;
  const checkedOpenSsl = (): OpenSsl => {
    if (openssl) return openssl;
    const loaded = loadOpenSsl(ledger);
    checkVersion(loaded);
    return (openssl = loaded);
  };
  const checked = (srtp: SrtpCipherFactory): SrtpCipherFactory => {
    checkCipher(srtp, egress.half.buffer);
    return srtp;
  };

  const pick = <T>(seam: keyof BackEnds, native: () => T, portable: () => T): Picked<T> => {
    if (forced[seam] === 'portable') return { half: portable(), back: 'portable' };
    try {
      return { half: native(), back: 'native' };
    } catch (error) {
      if (!(error instanceof NativeError) || forced[seam] === 'native') throw error;
      problems.push(`${seams[seam]} runs without native code, which is slower: ${error.message}`);
      return { half: portable(), back: 'portable' };
    }
  };
  const egress = pick(
    'udp',
    () => nativeEgress(arena),
    () => portableEgress(arena),
  );
  const { buffer } = egress.half;
  const srtp = pick(
    'srtp',
    () => checked(nativeSrtp(checkedOpenSsl(), arena, buffer)),
    () => checked(portableSrtp(buffer)),
  );
  const dtls = pick(
    'dtls',
    () => nativeDtls(checkedOpenSsl(), arena, certificate),
    () => portableDtls(certificate),
  );
  return {
    egress: egress.half,
    srtp: srtp.half,
    dtls: dtls.half,
    backEnds: { dtls: dtls.back, srtp: srtp.back, udp: egress.back },
    problems,
    close: () => dtls.half.close(),
  };
}

interface Picked<T> {
  readonly half: T;
  readonly back: 'native' | 'portable';
}

const seams = { dtls: 'DTLS', srtp: 'SRTP', udp: 'sending UDP' } as const;
