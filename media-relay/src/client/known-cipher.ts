/**
 * What this browser was seen to take. With AES-GCM known, the relay may begin the DTLS handshake itself, and pictures come
 * a round trip sooner (docs/API.md); it would not let the browser choose then, which likes a dearer cipher better.
 */
const KEY = 'sightline.srtp';
const AES_GCM = 'AEAD_AES_128_GCM';

export class KnownCipher {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  #takesAesGcm: boolean;

  /** `storage`: outlives the page, where there is one. */
  constructor(storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.#storage = storage;
    this.#takesAesGcm = storage?.getItem(KEY) === AES_GCM;
  }

  /** Out of a getStats report of a connection that stands. */
  learn(report: ReadonlyMap<string, unknown>): void {
    if (!this.#takesAesGcm && [...report.values()].some(isAesGcm)) this.#set(true);
  }

  /** A connection that was asked for with it failed. */
  forget(): void {
    if (this.#takesAesGcm) this.#set(false);
  }

  /** The offer as it leaves: it says what is known. Local descriptions stay as they are. */
  mark(offer: string): string {
    // An attribute of the session stands before the first section.
    return this.#takesAesGcm ? offer.replace(/^m=/m, `a=x-srtp:${AES_GCM}\r\n$&`) : offer;
  }

  #set(takesAesGcm: boolean): void {
    this.#takesAesGcm = takesAesGcm;
    try {
      if (takesAesGcm) this.#storage?.setItem(KEY, AES_GCM);
      else this.#storage?.removeItem(KEY);
    } catch {
      // It is full: known for this page, then.
    }
  }
}

/** Of this origin; undefined where the page may have none. */
export function pageStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

/** W3C webrtc-stats, RTCTransportStats: the IANA name of the profile, `SRTP_` before it or not. */
function isAesGcm(entry: unknown): boolean {
  const cipher: unknown =
    typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'srtpCipher') : undefined;
  return cipher === AES_GCM || cipher === `SRTP_${AES_GCM}`;
}
