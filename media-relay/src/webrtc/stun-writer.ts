// RFC 8489: Binding requests and responses as bytes.
import type { KeyObject } from 'node:crypto';
import { ipToBytes, unmapIpv4 } from './ip.ts';
import { attributeTypes, fingerprintOf, integrityOf, magicCookie, stunHeaderBytes } from './stun.ts';

/** Where a datagram came from. */
export interface RemoteAddress {
  readonly address: string;
  readonly port: number;
}

export interface StunError {
  readonly code: 400 | 401 | 420 | 487;
  readonly reason: string;
  /** For 420. */
  readonly unknownAttributes?: readonly number[];
}

export interface BindingRequest {
  readonly transactionId: Uint8Array;
  /** "their ufrag:our ufrag". */
  readonly username: string;
  /** From the other side's password. */
  readonly key: KeyObject;
  readonly priority: number;
  readonly role: 'controlling' | 'controlled';
  readonly tieBreaker: bigint;
  readonly useCandidate: boolean;
}

interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

const bindingRequestType = 0x0001;
const successType = 0x0101;
const errorType = 0x0111;
const fingerprintAttributeBytes = 8;

/** Keeps an answer to a hostile request short. */
const maxUnknownListed = 16;

/** Success, with the address as XOR-MAPPED-ADDRESS. Without it when `from` is no IP address. */
export function writeBindingSuccess(
  transactionId: Uint8Array,
  from: RemoteAddress,
  key: KeyObject,
): Uint8Array {
  const value = xorMappedAddress(from, transactionId);
  const attributes = value ? [{ type: attributeTypes.xorMappedAddress, value }] : [];
  return writeMessage(successType, transactionId, attributes, key);
}

/** An error response; `key` only where the request's integrity was right (RFC 8489 9.1.3). */
export function writeBindingError(
  transactionId: Uint8Array,
  error: StunError,
  key: KeyObject | undefined,
): Uint8Array {
  const code = Buffer.alloc(4);
  code.writeUInt8(Math.floor(error.code / 100), 2);
  code.writeUInt8(error.code % 100, 3);
  const attributes: Attribute[] = [
    { type: attributeTypes.errorCode, value: Buffer.concat([code, Buffer.from(error.reason, 'utf8')]) },
  ];
  if (error.unknownAttributes) {
    const listed = error.unknownAttributes.slice(0, maxUnknownListed);
    attributes.push({
      type: attributeTypes.unknownAttributes,
      value: Buffer.from(listed.flatMap((type) => [type >>> 8, type & 0xff])),
    });
  }
  return writeMessage(errorType, transactionId, attributes, key);
}

/** What a full ICE agent asks, and the relay to measure a path (path-echo.ts). */
export function writeBindingRequest(request: BindingRequest): Uint8Array {
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(request.priority);
  const tieBreaker = Buffer.alloc(8);
  tieBreaker.writeBigUInt64BE(request.tieBreaker);
  const roleType =
    request.role === 'controlling' ? attributeTypes.iceControlling : attributeTypes.iceControlled;
  const attributes: Attribute[] = [
    { type: attributeTypes.username, value: Buffer.from(request.username, 'utf8') },
    { type: roleType, value: tieBreaker },
    { type: attributeTypes.priority, value: priority },
  ];
  if (request.useCandidate) attributes.push({ type: attributeTypes.useCandidate, value: Buffer.alloc(0) });
  return writeMessage(bindingRequestType, request.transactionId, attributes, request.key);
}

function writeMessage(
  type: number,
  transactionId: Uint8Array,
  attributes: readonly Attribute[],
  key: KeyObject | undefined,
): Uint8Array {
  const header = Buffer.alloc(stunHeaderBytes);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(magicCookie, 4);
  header.set(transactionId.subarray(0, 12), 8);
  const parts: Uint8Array[] = [header, ...attributes.map(writeAttribute)];
  if (key) {
    const value = integrityOf(Buffer.concat(parts), key);
    parts.push(writeAttribute({ type: attributeTypes.messageIntegrity, value }));
  }
  const body = Buffer.concat(parts);
  body.writeUInt16BE(body.length - stunHeaderBytes + fingerprintAttributeBytes, 2);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(fingerprintOf(body));
  return Buffer.concat([body, writeAttribute({ type: attributeTypes.fingerprint, value: crc })]);
}

function writeAttribute({ type, value }: Attribute): Uint8Array {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

/** RFC 8489 14.2: the port and address, XORed with cookie and transaction id. */
function xorMappedAddress(
  { address, port }: RemoteAddress,
  transactionId: Uint8Array,
): Uint8Array | undefined {
  const withoutZone = address.split('%', 1)[0] ?? '';
  const given = ipToBytes(withoutZone);
  if (!given) return undefined;
  const bytes = unmapIpv4(given);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(magicCookie, 0);
  mask.set(transactionId.subarray(0, 12), 4);
  const value = Buffer.alloc(4 + bytes.length);
  value.writeUInt8(bytes.length === 4 ? 1 : 2, 1);
  value.writeUInt16BE((port ^ (magicCookie >>> 16)) & 0xffff, 2);
  for (const [index, byte] of bytes.entries()) value.writeUInt8(byte ^ mask.readUInt8(index), 4 + index);
  return value;
}
