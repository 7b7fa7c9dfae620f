// RFC 8839 5.4: user fragment and password of one ICE session.

export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** The 64 characters of "ice-char": one for every six bits, none more likely than another. */
const iceCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const ufragCharacters = 8;
const pwdCharacters = 24;

/** 48 random bits of ufrag (unique on the whole port) and 144 of password; `randomBytes` as in node:crypto. */
export function newIceCredentials(randomBytes: (size: number) => Uint8Array): IceCredentials {
  const bytes = randomBytes(ufragCharacters + pwdCharacters);
  const text = Array.from(bytes, (byte) => iceCharacters.charAt(byte & 63)).join('');
  return { ufrag: text.slice(0, ufragCharacters), pwd: text.slice(ufragCharacters) };
}
