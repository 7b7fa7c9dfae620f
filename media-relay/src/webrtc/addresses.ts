// Which addresses the media port has, and what players are told of them: host candidates of RFC 8445 5.1 and passive
// TCP ones of RFC 6544, written as RFC 8839 5.1 and RFC 6544 4.5.
import { excerpt, ProtocolError } from '../media/protocol-error.ts';
import { bytesToIp, ipToBytes } from './ip.ts';
import { parseInteger } from './sdp.ts';

/** The shape of os.networkInterfaces(), as far as it is read. */
export type NetworkInterfaces = Readonly<
  Record<string, readonly { readonly address: string; readonly scopeid?: number }[] | undefined>
>;

/** An address to bind. */
export interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
  /** Interface index, for addresses that need one; those are not bound so far, so undefined. */
  readonly scopeId: number | undefined;
  /** Local preference of RFC 8445 5.1.2.1: 65535 is the best, no two alike. */
  readonly preference: number;
  /** Whether players hear of it. */
  readonly announce: boolean;
}

export interface AnnouncedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  /** Undefined: the media port's own number. */
  readonly port: number | undefined;
}

export interface Candidate {
  readonly foundation: string;
  /** TCP candidates are passive: the player connects. */
  readonly transport: 'udp' | 'tcp';
  readonly priority: number;
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
}

const hostTypePreference = 126;
/** Below every type preference of UDP that is in use, so that TCP is taken only where UDP does not get through. */
const tcpHostTypePreference = 90;
/** RFC 6544 4.2, of a passive host candidate. */
const passiveDirectionPreference = 4;
const rtpComponent = 1;

/**
 * Every address to bind, the best first: IPv4, IPv6, then link-local IPv4, then loopback; by number within each, so
 * that the order never depends on the system's. IPv6 link-local addresses are left out: they need a zone, which SDP
 * has no room for. Loopback is announced (last: a browser on this host with no network has only that; Firefox passes
 * over it), link-local IPv4 only when there is nothing but loopback besides.
 *
 * `allow` lists the addresses to bind ("0.0.0.0" and "::" stand for all of a family); empty means all. One that this
 * host does not have is left out: addresses come and go.
 */
export function localAddresses(interfaces: NetworkInterfaces, allow: readonly string[]): LocalAddress[] {
  const wanted = allow.map(ipToBytes);
  const isWanted = (bytes: Uint8Array): boolean => wanted.some((one) => one && stands(one, bytes));
  const all = bindable(interfaces);
  const ordered = (allow.length === 0 ? all : all.filter(isWanted)).toSorted(compareAddresses);
  const onlyLinkLocal = ordered.every((bytes) => addressClass(bytes) >= classes.linkLocal4);
  return ordered.map((bytes, index) => ({
    address: bytesToIp(bytes),
    family: bytes.length === 4 ? 4 : 6,
    scopeId: undefined,
    preference: 65535 - index,
    announce: addressClass(bytes) !== classes.linkLocal4 || onlyLinkLocal,
  }));
}

/** Those of `allow` that this host does not have, as they are written there. */
export function missingAddresses(interfaces: NetworkInterfaces, allow: readonly string[]): string[] {
  const all = bindable(interfaces);
  return allow.filter((text) => {
    const bytes = ipToBytes(text);
    return !bytes || !(isUnspecified(bytes) || all.some((one) => stands(bytes, one)));
  });
}

/** For the start, when one that is missing is a mistake. Throws ProtocolError 'ADDRESS_NOT_LOCAL'. */
export function requireLocal(interfaces: NetworkInterfaces, allow: readonly string[]): void {
  const [missing] = missingAddresses(interfaces, allow);
  if (missing === undefined) return;
  const all = bindable(interfaces).map(bytesToIp);
  throw new ProtocolError(
    'ADDRESS_NOT_LOCAL',
    `media address "${excerpt(missing)}" is not one of this host: it has ${all.join(', ') || 'none'}`,
  );
}

/** "203.0.113.7", "203.0.113.7:8641", "2001:db8::1", "[2001:db8::1]:8641". Throws ProtocolError with a remedy. */
export function parseAnnounced(text: string): AnnouncedAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text);
  const host = match ? (match[1] ?? match[2] ?? '') : text;
  const port = parseInteger(match?.[3], 1, 65535);
  if (match?.[3] !== undefined && port === undefined) {
    throw new ProtocolError(
      'ANNOUNCED_BAD_PORT',
      `announced address "${excerpt(text)}": the port must be 1 to 65535`,
    );
  }
  const bytes = ipToBytes(host);
  if (!bytes) {
    throw new ProtocolError(
      'ANNOUNCED_NOT_AN_ADDRESS',
      `announced address "${excerpt(text)}" is not an IP address: write the address that its name resolves to, ` +
        'as 203.0.113.7, 203.0.113.7:8641 or [2001:db8::1]:8641',
    );
  }
  if (!isUnicast(bytes)) {
    throw new ProtocolError(
      'ANNOUNCED_NOT_UNICAST',
      `announced address "${excerpt(text)}" cannot be reached: write the address that viewers connect to`,
    );
  }
  return { address: bytesToIp(bytes), family: bytes.length === 4 ? 4 : 6, port };
}

/**
 * What players are told: announced addresses in their order first, then the local ones, no address and port twice; then
 * the same over TCP, as far as the media port listens (`tcpAddresses`), and without loopback where there is anything else:
 * nothing between a player and its own host drops UDP.
 */
export function candidates(
  local: readonly LocalAddress[],
  port: number,
  announced: readonly AnnouncedAddress[],
  tcpAddresses: readonly string[] = [],
): Candidate[] {
  const announcedHosts = announced.map((one) => ({
    address: one.address,
    family: one.family,
    port: one.port ?? port,
  }));
  const hosts = (list: readonly LocalAddress[]): Host[] =>
    list
      .filter(({ announce }) => announce)
      .toSorted((a, b) => b.preference - a.preference)
      .map(({ address, family }) => ({ address, family, port }));
  const udp = distinct([...announcedHosts, ...hosts(local)]);
  const listening = hosts(local.filter(({ address }) => tcpAddresses.includes(address)));
  const tcp = distinct(listening.length === 0 ? [] : [...announcedHosts, ...listening]);
  const remote = tcp.filter(({ address }) => !isLoopback(ipToBytes(address) ?? new Uint8Array()));
  return [
    ...udp.map((host, index): Candidate => ({
      ...host,
      foundation: String(index + 1),
      transport: 'udp',
      priority: candidatePriority(65535 - index),
    })),
    ...(remote.length > 0 ? remote : tcp).map((host, index): Candidate => ({
      ...host,
      foundation: String(udp.length + index + 1),
      transport: 'tcp',
      priority: tcpCandidatePriority(8191 - index),
    })),
  ];
}

/** RFC 8445 5.1.2.1 for a host candidate of component 1. */
export function candidatePriority(localPreference: number): number {
  return hostTypePreference * 2 ** 24 + localPreference * 2 ** 8 + (256 - rtpComponent);
}

/** RFC 6544 4.2 for a passive host candidate of component 1; `otherPreference` is 0 to 8191. */
export function tcpCandidatePriority(otherPreference: number): number {
  const localPreference = passiveDirectionPreference * 2 ** 13 + otherPreference;
  return tcpHostTypePreference * 2 ** 24 + localPreference * 2 ** 8 + (256 - rtpComponent);
}

export function candidateLines(list: readonly Candidate[]): string[] {
  return list.map(
    ({ foundation, transport, priority, address, port }) =>
      `a=candidate:${foundation} ${rtpComponent} ${transport} ${priority} ${address} ${port} typ host` +
      (transport === 'tcp' ? ' tcptype passive' : ''),
  );
}

type Host = Pick<Candidate, 'address' | 'family' | 'port'>;

function distinct(hosts: readonly Host[]): Host[] {
  return [...new Map(hosts.map((host) => [`${host.address} ${host.port}`, host])).values()];
}

/** Each once. */
function bindable(interfaces: NetworkInterfaces): Uint8Array[] {
  const all = new Map<string, Uint8Array>();
  for (const entry of Object.values(interfaces).flatMap((entries) => entries ?? [])) {
    const bytes = ipToBytes(entry.address);
    if (bytes && isBindable(bytes)) all.set(bytesToIp(bytes), bytes);
  }
  return [...all.values()];
}

/** Whether `allowed` is this address, or stands for all of its family. */
function stands(allowed: Uint8Array, address: Uint8Array): boolean {
  return (
    allowed.length === address.length && (isUnspecified(allowed) || Buffer.compare(allowed, address) === 0)
  );
}

const classes = { ipv4: 0, ipv6: 1, linkLocal4: 2, loopback: 3 } as const;

function addressClass(bytes: Uint8Array): number {
  if (isLoopback(bytes)) return classes.loopback;
  if (bytes.length === 16) return classes.ipv6;
  return bytes[0] === 169 && bytes[1] === 254 ? classes.linkLocal4 : classes.ipv4;
}

function compareAddresses(a: Uint8Array, b: Uint8Array): number {
  return addressClass(a) - addressClass(b) || a.length - b.length || Buffer.compare(a, b);
}

function isLoopback(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 127 : bytesToIp(bytes) === '::1';
}

function isBindable(bytes: Uint8Array): boolean {
  return isUnicast(bytes) && !isLinkLocal6(bytes);
}

function isLinkLocal6(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function isUnicast(bytes: Uint8Array): boolean {
  if (isUnspecified(bytes)) return false;
  const first = bytes[0] ?? 0;
  return bytes.length === 4 ? first !== 0 && first < 224 : first !== 0xff;
}

function isUnspecified(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
