/** The few socket calls that Node does not offer: sockets made by hand, and `sendmsg` with UDP_SEGMENT. */
import { errno, NativeError, openLibrary } from './library.ts';
import type { Arena, Block } from './arena.ts';

// Linux values (asm-generic); nothing here runs elsewhere, see `loadLibc`.
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const MSG_DONTWAIT = 0x40;

export const errnoOf = {
  EPERM: 1,
  EIO: 5,
  EAGAIN: 11,
  EINVAL: 22,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  ENETUNREACH: 101,
  ENOBUFS: 105,
  EHOSTUNREACH: 113,
  ECONNREFUSED: 111,
} as const;

export const SOCKADDR_BYTES = 28;

export interface Libc {
  /** A bound, non-blocking UDP socket; returns its descriptor. Throws NativeError with the errno in `message`. */
  udpSocket(address: string, port: number, family: 4 | 6, bufferBytes: number): number;
  /**
   * A bound TCP socket that can be made to listen; its connections take no more than `unsentBytes` that they have not
   * sent yet (TCP_NOTSENT_LOWAT, inherited on Linux). Returns its descriptor. Throws NativeError as above.
   */
  tcpSocket(address: string, port: number, family: 4 | 6, unsentBytes: number): number;
  closeDescriptor(fd: number): void;
  /**
   * One `sendmsg`: `byteLength` bytes at `address` leave as datagrams of `segmentBytes`, the last one shorter
   * (0: as one datagram). Returns the bytes taken, or the negated errno.
   */
  send(fd: number, destination: Block, address: number, byteLength: number, segmentBytes: number): number;
}

/** Throws NativeError where these calls cannot be had (not Linux, another libc). */
export function loadLibc(arena: Arena): Libc {
  if (process.platform !== 'linux')
    throw new NativeError(`native UDP needs Linux, this is ${process.platform}`);
  const library = openLibrary('libc.so.6');
  const socket = library.bind('socket', 'int', ['int', 'int', 'int']);
  const bind = library.bind('bind', 'int', ['int', 'uint64_t', 'uint32_t']);
  const close = library.bind('close', 'int', ['int']);
  const setsockopt = library.bind('setsockopt', 'int', ['int', 'int', 'int', 'uint64_t', 'uint32_t']);
  const sendmsg = library.bind('sendmsg', 'long', ['int', 'uint64_t', 'int']);

  const message = new SendMessage(arena);
  const scratch = arena.allocate(64);

  const setInt = (fd: number, level: number, option: number, value: number): void => {
    new DataView(scratch.bytes.buffer, scratch.bytes.byteOffset).setInt32(0, value, true);
    setsockopt(fd, level, option, scratch.address, 4);
  };

  const open = (type: number, family: 4 | 6): number => {
    const fd = socket(family === 6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) throw new NativeError(`socket: errno ${errno()}`);
    if (family === 6) setInt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return fd;
  };

  /** Closes the descriptor when it cannot be bound. */
  const bindTo = (fd: number, address: string, port: number, family: 4 | 6): void => {
    const length = writeSockaddr(scratch.bytes, address, port, family);
    if (bind(fd, scratch.address, length) >= 0) return;
    const code = errno();
    close(fd);
    const inUse = code === errnoOf.EADDRINUSE ? ' (address in use)' : '';
    throw new NativeError(`bind ${address} port ${port}: errno ${code}${inUse}`);
  };

  return {
    udpSocket(address, port, family, bufferBytes) {
      const fd = open(SOCK_DGRAM, family);
      setInt(fd, SOL_SOCKET, SO_SNDBUF, bufferBytes);
      setInt(fd, SOL_SOCKET, SO_RCVBUF, bufferBytes);
      bindTo(fd, address, port, family);
      return fd;
    },
    tcpSocket(address, port, family, unsentBytes) {
      const fd = open(SOCK_STREAM, family);
      // A relay that restarts must not wait for the connections of its last life.
      setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      setInt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsentBytes);
      bindTo(fd, address, port, family);
      return fd;
    },
    closeDescriptor: (fd) => void close(fd),
    send(fd, destination, address, byteLength, segmentBytes) {
      message.prepare(destination, address, byteLength, segmentBytes);
      const sent = sendmsg(fd, message.address, MSG_DONTWAIT);
      return sent < 0 ? -errno() : sent;
    },
  };
}

/** struct msghdr with one iovec and one UDP_SEGMENT control message, laid out for 64-bit Linux. */
class SendMessage {
  readonly address: number;
  readonly #words: DataView;
  readonly #control: number;
  readonly #keep: Block;
  #destination = 0;
  #segmentBytes = -1;

  constructor(arena: Arena) {
    this.#keep = arena.allocate(128);
    this.address = this.#keep.address;
    this.#words = new DataView(this.#keep.bytes.buffer, this.#keep.bytes.byteOffset);
    const iovec = this.address + 64;
    this.#control = this.address + 80;
    this.#setPointer(16, iovec); // msg_iov
    this.#setPointer(24, 1); // msg_iovlen
    // struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; uint16_t value }
    this.#setPointer(80, 18);
    this.#words.setInt32(88, SOL_UDP, true);
    this.#words.setInt32(92, UDP_SEGMENT, true);
  }

  prepare(destination: Block, address: number, byteLength: number, segmentBytes: number): void {
    if (destination.address !== this.#destination) {
      this.#destination = destination.address;
      this.#setPointer(0, destination.address); // msg_name
      this.#words.setUint32(8, destination.bytes.length, true); // msg_namelen
    }
    this.#setPointer(64, address);
    this.#words.setUint32(72, byteLength, true);
    if (segmentBytes !== this.#segmentBytes) {
      this.#segmentBytes = segmentBytes;
      this.#words.setUint16(96, segmentBytes, true);
      this.#setPointer(32, segmentBytes === 0 ? 0 : this.#control); // msg_control
      this.#setPointer(40, segmentBytes === 0 ? 0 : 24); // msg_controllen: CMSG_SPACE(2)
    }
  }

  #setPointer(at: number, value: number): void {
    this.#words.setUint32(at, value >>> 0, true);
    this.#words.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  }
}

/** Fills a struct sockaddr_in or sockaddr_in6; returns its length (16 or 28). `scopeId` only for link-local IPv6. */
export function writeSockaddr(
  target: Uint8Array,
  address: string,
  port: number,
  family: 4 | 6,
  scopeId = 0,
): number {
  target.fill(0, 0, SOCKADDR_BYTES);
  target[0] = family === 6 ? AF_INET6 : AF_INET; // sa_family is a little-endian uint16
  target[2] = port >>> 8;
  target[3] = port & 0xff;
  if (family === 4) {
    target.set(ipv4Bytes(address), 4);
    return 16;
  }
  target.set(ipv6Bytes(address), 8);
  target[24] = scopeId & 0xff;
  target[25] = (scopeId >>> 8) & 0xff;
  return SOCKADDR_BYTES;
}

function ipv4Bytes(address: string): number[] {
  return address.split('.').map(Number);
}

/** The 16 bytes of a valid IPv6 address in any of its textual forms (RFC 4291 2.2). */
export function ipv6Bytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  let text = address.split('%')[0] ?? '';
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(dotted[2]);
    text = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  front.forEach((word, i) => bytes.set([word >>> 8, word & 0xff], i * 2));
  back.forEach((word, i) => bytes.set([word >>> 8, word & 0xff], 16 - (back.length - i) * 2));
  return bytes;
}
