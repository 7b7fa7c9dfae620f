// RFC 8489 (STUN) as far as ICE needs it (RFC 8445 7, 16): Binding messages with short-term credentials, HMAC-SHA1
// integrity and fingerprint. Not implemented: long-term credentials, MESSAGE-INTEGRITY-SHA256, other methods.
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type StunClass = 'request' | 'indication' | 'success' | 'error';

/** A datagram of well-formed STUN. Its integrity is not checked yet; see `hasValidIntegrity`. */
export interface StunMessage {
  /** Borrowed: the datagram itself. */
  readonly bytes: Uint8Array;
  readonly stunClass: StunClass;
  /** 1 is Binding. */
  readonly method: number;
  /** 12 bytes, borrowed. */
  readonly transactionId: Uint8Array;
  readonly username: string | undefined;
  readonly priority: number | undefined;
  readonly useCandidate: boolean;
  /** Which role the sender claims. */
  readonly role: 'controlling' | 'controlled' | undefined;
  /** Comprehension-required attributes that we do not know. */
  readonly unknownRequired: readonly number[];
  /** Offsets of these attributes in `bytes`. */
  readonly integrityAt: number | undefined;
  readonly fingerprintAt: number | undefined;
}

export const bindingMethod = 1;
export const stunHeaderBytes = 20;
export const magicCookie = 0x2112a442;
export const attributeTypes = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  software: 0x8022,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

const integrityAttributeBytes = 24;
const fingerprintXor = 0x5354554e;
const maxUsernameBytes = 512;
const classes = ['request', 'indication', 'success', 'error'] as const;
/** 0x0000 to 0x7fff must be understood (RFC 8489 14); these are, or may be passed over in a request. */
const knownRequired: ReadonlySet<number> = new Set([
  attributeTypes.mappedAddress,
  attributeTypes.username,
  attributeTypes.messageIntegrity,
  attributeTypes.errorCode,
  attributeTypes.unknownAttributes,
  attributeTypes.xorMappedAddress,
  attributeTypes.priority,
  attributeTypes.useCandidate,
]);

/** RFC 7983: what the first byte and the cookie say. Cheap; tells STUN from DTLS and RTP on one port. */
export function isStun(datagram: Uint8Array): boolean {
  return datagram.length >= stunHeaderBytes && uint8(datagram, 0) < 4 && uint32(datagram, 4) === magicCookie;
}

/** Undefined for anything that is not well-formed STUN, which RFC 8489 6.3 says to drop. Never throws. */
export function parseStun(datagram: Uint8Array): StunMessage | undefined {
  if (!hasSoundHeader(datagram)) return undefined;
  const type = uint16(datagram, 0);
  const stunClass = classes[((type >>> 7) & 2) | ((type >>> 4) & 1)] ?? 'error';
  const fields: Mutable<AttributeFields> = {
    username: undefined,
    priority: undefined,
    useCandidate: false,
    role: undefined,
    unknownRequired: [],
    integrityAt: undefined,
    fingerprintAt: undefined,
  };
  let at = stunHeaderBytes;
  while (at < datagram.length) {
    const next = attributeEnd(datagram, at);
    if (next === undefined || fields.fingerprintAt !== undefined) return undefined;
    if (!readAttribute(datagram, at, fields)) return undefined;
    at = next;
  }
  return {
    bytes: datagram,
    stunClass,
    method: (type & 0x000f) | ((type >>> 1) & 0x0070) | ((type >>> 2) & 0x0f80),
    transactionId: datagram.subarray(8, stunHeaderBytes),
    ...fields,
  };
}

/** The value of the first attribute of that type, borrowed; undefined when it is not there. Never throws. */
export function findAttribute(datagram: Uint8Array, type: number): Uint8Array | undefined {
  if (!hasSoundHeader(datagram)) return undefined;
  for (let at = stunHeaderBytes; at < datagram.length;) {
    const next = attributeEnd(datagram, at);
    if (next === undefined) return undefined;
    if (uint16(datagram, at) === type) return datagram.subarray(at + 4, at + 4 + uint16(datagram, at + 2));
    at = next;
  }
  return undefined;
}

/** MESSAGE-INTEGRITY is there and made with this key (RFC 8489 14.5). */
export function hasValidIntegrity({ bytes, integrityAt }: StunMessage, key: KeyObject): boolean {
  if (integrityAt === undefined) return false;
  const expected = integrityOf(bytes.subarray(0, integrityAt), key);
  return timingSafeEqual(expected, bytes.subarray(integrityAt + 4, integrityAt + integrityAttributeBytes));
}

/** FINGERPRINT is there and right (RFC 8489 14.7). */
export function hasValidFingerprint({ bytes, fingerprintAt }: StunMessage): boolean {
  if (fingerprintAt === undefined) return false;
  return fingerprintOf(bytes.subarray(0, fingerprintAt)) === uint32(bytes, fingerprintAt + 4);
}

/** HMAC-SHA1 over what stands before the attribute, with the length field as if the message ended behind it. */
export function integrityOf(before: Uint8Array, key: KeyObject): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(before.length - stunHeaderBytes + integrityAttributeBytes);
  return createHmac('sha1', key)
    .update(before.subarray(0, 2))
    .update(length)
    .update(before.subarray(4))
    .digest();
}

/** CRC-32 over what stands before the attribute; the header must already count the attribute. */
export function fingerprintOf(before: Uint8Array): number {
  return (crc32(before) ^ fingerprintXor) >>> 0;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type AttributeFields = Omit<
  StunMessage,
  'bytes' | 'stunClass' | 'method' | 'transactionId' | 'unknownRequired'
> & {
  readonly unknownRequired: number[];
};

function hasSoundHeader(datagram: Uint8Array): boolean {
  return (
    isStun(datagram) && datagram.length % 4 === 0 && uint16(datagram, 2) === datagram.length - stunHeaderBytes
  );
}

/** Where the next attribute starts; undefined when this one does not fit. */
function attributeEnd(datagram: Uint8Array, at: number): number | undefined {
  const end = at + 4 + ((uint16(datagram, at + 2) + 3) & ~3);
  return end <= datagram.length ? end : undefined;
}

/** False when the attribute itself is malformed. */
function readAttribute(datagram: Uint8Array, at: number, fields: Mutable<AttributeFields>): boolean {
  const type = uint16(datagram, at);
  const length = uint16(datagram, at + 2);
  if (type === attributeTypes.fingerprint) {
    fields.fingerprintAt = at;
    return length === 4;
  }
  // What follows the integrity is not protected by it and must be passed over (RFC 8489 14.5).
  if (fields.integrityAt !== undefined) return true;
  switch (type) {
    case attributeTypes.messageIntegrity:
      fields.integrityAt = at;
      return length === integrityAttributeBytes - 4;
    case attributeTypes.username:
      fields.username ??= Buffer.from(datagram.subarray(at + 4, at + 4 + length)).toString('utf8');
      return length <= maxUsernameBytes;
    case attributeTypes.priority:
      fields.priority ??= uint32(datagram, at + 4);
      return length === 4;
    case attributeTypes.useCandidate:
      fields.useCandidate = true;
      return length === 0;
    case attributeTypes.iceControlled:
    case attributeTypes.iceControlling:
      fields.role ??= type === attributeTypes.iceControlled ? 'controlled' : 'controlling';
      return length === 8;
    default:
      if (type < 0x8000 && !knownRequired.has(type)) fields.unknownRequired.push(type);
      return true;
  }
}

function uint8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (uint8(bytes, at) << 8) | uint8(bytes, at + 1);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x1_0000 + uint16(bytes, at + 2);
}
