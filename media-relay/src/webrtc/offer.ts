// JSEP (RFC 9429) offers as WHEP players send them, over RFC 8866. Read here: BUNDLE (RFC 9143), ICE (RFC 8839),
// DTLS (RFC 8122, 8842), header extensions (RFC 8285). Not read: candidates (we are ICE-lite), simulcast, ssrc lines.
import { ProtocolError } from '../media/protocol-error.ts';
import { parsePayloads, type OfferedPayload } from './offer-payloads.ts';
import {
  attributesOf,
  onlyAttribute,
  parseInteger,
  parseSdpLines,
  sdpError,
  shown,
  type SdpAttribute,
  type SdpDocument,
  type SdpSection,
} from './sdp.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type SetupRole = 'actpass' | 'active' | 'passive' | 'holdconn';

export interface Offer {
  /** The mids of the BUNDLE group in their order; empty without one. */
  readonly bundle: readonly string[];
  readonly iceLite: boolean;
  /** `a=x-srtp:AEAD_AES_128_GCM`, of our own (docs/API.md): the player has seen its browser take that profile. */
  readonly takesAesGcm: boolean;
  /** Session-level o= field, as it came; some players name themselves there. */
  readonly origin: string;
  readonly media: readonly OfferedMedia[];
}

export interface OfferedMedia {
  /** Line of its m=, counted from 1. */
  readonly line: number;
  /** "audio", "video", "application" or whatever else was written. */
  readonly kind: string;
  /** Zero is a rejected section, unless it is `bundleOnly`. */
  readonly port: number;
  readonly protocol: string;
  /** The formats as written; an answer that rejects the section repeats one. */
  readonly formats: readonly string[];
  readonly mid: string | undefined;
  readonly direction: Direction;
  readonly bundleOnly: boolean;
  /** Empty for kinds that are not RTP. */
  readonly payloads: readonly OfferedPayload[];
  readonly extensions: readonly OfferedExtension[];
  readonly rtcpMux: boolean;
  readonly reducedSizeRtcp: boolean;
  readonly transport: OfferedTransport;
}

export interface OfferedExtension {
  readonly id: number;
  readonly uri: string;
  readonly direction: Direction;
}

/** Undefined parts were given neither in the section nor at session level (bundled sections need none). */
export interface OfferedTransport {
  readonly iceUfrag: string | undefined;
  readonly icePwd: string | undefined;
  readonly iceOptions: readonly string[];
  /** SHA-256 of the player's certificate as "AB:CD:..." in capitals, the first when several are given. */
  readonly fingerprint: string | undefined;
  /** "active" when not given (RFC 4145 4). */
  readonly setup: SetupRole;
}

/** Throws ProtocolError ('SDP_...') that names line, field and value; nothing else. */
export function parseOffer(text: string): Offer {
  const document = parseSdpLines(text);
  const origin = checkSessionLines(document);
  const session = attributesOf(document.session);
  const media = document.sections.map((section) => parseSection(section, session));
  return {
    bundle: parseBundle(session, media),
    iceLite: session.some(({ name }) => name === 'ice-lite'),
    takesAesGcm: session.some(({ name, value }) => name === 'x-srtp' && value === 'AEAD_AES_128_GCM'),
    origin,
    media,
  };
}

function checkSessionLines({ session }: SdpDocument): string {
  const [version, origin] = session;
  if (version?.type !== 'v' || version.value !== '0') {
    throw sdpError('SDP_BAD_VERSION', 1, 'expected v=0', version ? `${version.type}=${version.value}` : '');
  }
  if (origin?.type !== 'o' || origin.value.split(' ').length !== 6) {
    throw sdpError('SDP_BAD_ORIGIN', 2, 'expected o= with six fields', origin?.value ?? '');
  }
  for (const type of ['s', 't']) {
    if (!session.some((line) => line.type === type)) {
      throw new ProtocolError('SDP_MISSING_LINE', `SDP has no ${type}= line at session level`);
    }
  }
  return origin.value;
}

function parseSection(section: SdpSection, session: readonly SdpAttribute[]): OfferedMedia {
  const { number, value } = section.media;
  const [kind, portText, protocol, ...formats] = value.split(' ');
  if (!kind || !/^[\w-]{1,32}$/.test(kind))
    throw sdpError('SDP_BAD_MEDIA', number, 'media kind in m=', value);
  const port = parseInteger(portText, 0, 65535);
  if (port === undefined) throw sdpError('SDP_BAD_PORT', number, 'port in m=', portText ?? '');
  if (!protocol || !/^[\w/-]{1,32}$/.test(protocol)) {
    throw sdpError('SDP_BAD_PROTOCOL', number, 'transport in m=', protocol ?? '');
  }
  if (formats.length === 0 || !formats.every((format) => /^[!-~]{1,64}$/.test(format))) {
    throw sdpError('SDP_BAD_FORMATS', number, 'formats in m=', formats.join(' '));
  }
  const attributes = attributesOf(section.lines);
  const isRtp = /RTP\/S?AVPF?$/.test(protocol);
  return {
    line: number,
    kind,
    port,
    protocol,
    formats,
    mid: parseMid(attributes),
    direction: parseDirection(attributes) ?? parseDirection(session) ?? 'sendrecv',
    bundleOnly: attributes.some(({ name }) => name === 'bundle-only'),
    payloads: isRtp ? parsePayloads(number, kind, formats, attributes) : [],
    extensions: attributes.filter(({ name }) => name === 'extmap').map(parseExtension),
    rtcpMux: attributes.some(({ name }) => name === 'rtcp-mux'),
    reducedSizeRtcp: attributes.some(({ name }) => name === 'rtcp-rsize'),
    transport: parseTransport(attributes, session),
  };
}

function parseMid(attributes: readonly SdpAttribute[]): string | undefined {
  const mid = onlyAttribute(attributes, 'mid');
  if (mid && !/^[\w!#$%&'*+.^`{|}~-]{1,64}$/.test(mid.value)) {
    throw sdpError('SDP_BAD_MID', mid.line, 'a=mid is not a token of at most 64 characters', mid.value);
  }
  return mid?.value;
}

const directions = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;

function parseDirection(attributes: readonly SdpAttribute[]): Direction | undefined {
  const found = attributes.filter(({ name }) => isDirection(name));
  const second = found[1];
  if (second) throw sdpError('SDP_DUPLICATE_ATTRIBUTE', second.line, 'a second direction', second.name);
  return directions.find((direction) => direction === found[0]?.name);
}

function isDirection(text: string): text is Direction {
  return directions.some((direction) => direction === text);
}

function parseExtension({ line, value }: SdpAttribute): OfferedExtension {
  const match = /^(\d{1,5})(?:\/(sendrecv|sendonly|recvonly|inactive))? ([!-~]{1,256})(?: .*)?$/.exec(value);
  const id = parseInteger(match?.[1], 1, 4351);
  const uri = match?.[3];
  if (id === undefined || uri === undefined) throw sdpError('SDP_BAD_EXTMAP', line, 'a=extmap', value);
  const direction = directions.find((one) => one === match?.[2]) ?? 'sendrecv';
  return { id, uri, direction };
}

function parseTransport(media: readonly SdpAttribute[], session: readonly SdpAttribute[]): OfferedTransport {
  const pick = (name: string) => onlyAttribute(media, name) ?? onlyAttribute(session, name);
  const options = pick('ice-options');
  const own = media.filter(({ name }) => name === 'fingerprint');
  const given = own.length > 0 ? own : session.filter(({ name }) => name === 'fingerprint');
  return {
    iceUfrag: iceText(pick('ice-ufrag'), 4),
    icePwd: iceText(pick('ice-pwd'), 22),
    iceOptions: options ? options.value.split(' ').filter((option) => option !== '') : [],
    fingerprint: parseFingerprint(given),
    setup: parseSetup(pick('setup')),
  };
}

/** RFC 8839 5.4: at least 24 bits (ufrag, 4 characters) or 128 bits (pwd, 22), at most 256 characters. */
export function iceText(attribute: SdpAttribute | undefined, minLength: number): string | undefined {
  if (!attribute) return undefined;
  const { line, name, value } = attribute;
  if (value.length < minLength || value.length > 256 || !/^[A-Za-z0-9+/]+$/.test(value)) {
    throw sdpError(
      'SDP_BAD_ICE',
      line,
      `a=${name} needs ${minLength} to 256 of A-Z a-z 0-9 + /`,
      shown(attribute),
    );
  }
  return value;
}

/** Other hash functions are passed over as long as there is one SHA-256 (RFC 8122 5). */
function parseFingerprint(attributes: readonly SdpAttribute[]): string | undefined {
  const [first] = attributes;
  if (!first) return undefined;
  const chosen = attributes.find(({ value }) => /^sha-256 /i.test(value));
  if (!chosen) {
    throw sdpError('SDP_NO_SHA256_FINGERPRINT', first.line, 'no a=fingerprint with sha-256', first.value);
  }
  const digest = chosen.value.slice('sha-256 '.length).trim();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/i.test(digest)) {
    throw sdpError('SDP_BAD_FINGERPRINT', chosen.line, 'a=fingerprint sha-256 needs 32 hex pairs', digest);
  }
  return digest.toUpperCase();
}

function parseSetup(attribute: SdpAttribute | undefined): SetupRole {
  const { line = 0, value = 'active' } = attribute ?? {};
  const roles = ['actpass', 'active', 'passive', 'holdconn'] as const;
  const role = roles.find((one) => one === value);
  if (!role) throw sdpError('SDP_BAD_SETUP', line, 'a=setup', value);
  return role;
}

function parseBundle(session: readonly SdpAttribute[], media: readonly OfferedMedia[]): string[] {
  const mids = new Set<string>();
  for (const { mid, line } of media) {
    if (mid === undefined) continue;
    if (mids.has(mid)) throw sdpError('SDP_DUPLICATE_MID', line, 'two sections share a=mid', mid);
    mids.add(mid);
  }
  const group = session.find(({ name, value }) => name === 'group' && value.split(' ')[0] === 'BUNDLE');
  const members = group?.value.split(' ').slice(1) ?? [];
  const stranger = members.find((mid) => !mids.has(mid));
  if (group && stranger !== undefined) {
    throw sdpError('SDP_BAD_GROUP', group.line, 'a=group:BUNDLE names a mid of no section', stranger);
  }
  return [...new Set(members)];
}
