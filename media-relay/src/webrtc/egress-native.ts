/** UDP egress with generic segmentation offload (UDP_SEGMENT, Linux 4.18): one system call for a run of packets. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import type { Server } from 'node:net';
import type { Arena, Block } from '../native/arena.ts';
import { errnoOf, loadLibc, SOCKADDR_BYTES, writeSockaddr, type Libc } from '../native/libc.ts';
import {
  MAX_QUEUED_BYTES,
  SEND_BUFFER_BYTES,
  type Destination,
  type EgressStatistics,
  type LocalSocket,
  type UdpEgress,
} from './egress.ts';

const SOCKET_BUFFER_BYTES = 4 * 2 ** 20;
/** What a TCP connection's kernel may hold that it has not sent yet: more would only grow old there. */
const UNSENT_BYTES = 64 * 1024;

interface NativeSocket extends LocalSocket {
  readonly fd: number;
  readonly socket: dgram.Socket;
}

interface NativeDestination extends Destination {
  readonly socket: NativeSocket;
  /** struct sockaddr_in or sockaddr_in6. */
  readonly sockaddr: Block;
  /** False once this path refused UDP segmentation: single datagrams from then on. */
  segmentation: boolean;
}

/** Throws NativeError where the C library cannot be used. */
export function nativeEgress(arena: Arena, libc: Libc = loadLibc(arena)): UdpEgress {
  return new NativeEgress(arena, libc);
}

class NativeEgress implements UdpEgress {
  readonly buffer: Block;
  readonly statistics: EgressStatistics = { calls: 0, errors: 0, congested: 0 };
  readonly #arena: Arena;
  readonly #libc: Libc;
  readonly #sockets = new Set<NativeSocket>();
  readonly #small: Block;

  constructor(arena: Arena, libc: Libc) {
    this.#arena = arena;
    this.#libc = libc;
    this.buffer = arena.allocate(SEND_BUFFER_BYTES);
    this.#small = arena.allocate(16 * 1024);
  }

  async open(
    address: string,
    family: 4 | 6,
    port: number,
    receive: (datagram: Uint8Array, address: string, port: number) => void,
  ): Promise<LocalSocket> {
    const fd = this.#libc.udpSocket(address, port, family, SOCKET_BUFFER_BYTES);
    const socket = dgram.createSocket(family === 6 ? 'udp6' : 'udp4');
    // ICMP errors of one viewer surface here; they end nothing.
    socket.on('error', () => void this.statistics.errors++);
    const listening = once(socket, 'listening');
    socket.bind({ fd });
    await listening;
    socket.on('message', (datagram, remote) => receive(datagram, remote.address, remote.port));
    const local: NativeSocket = { address, family, port: socket.address().port, writable: true, fd, socket };
    this.#sockets.add(local);
    return local;
  }

  async listen(server: Server, address: string, family: 4 | 6, port: number): Promise<void> {
    const fd = this.#libc.tcpSocket(address, port, family, UNSENT_BYTES);
    const listening = once(server, 'listening');
    server.listen({ fd });
    await listening;
  }

  destination(socket: NativeSocket, address: string, port: number): NativeDestination {
    const scratch = new Uint8Array(SOCKADDR_BYTES);
    const length = writeSockaddr(scratch, address, port, socket.family);
    const sockaddr = this.#arena.allocate(length);
    sockaddr.bytes.set(scratch.subarray(0, length));
    return { socket, address, port, sockaddr, segmentation: true };
  }

  release(destination: NativeDestination): void {
    this.#arena.free(destination.sockaddr);
  }

  send(to: NativeDestination, byteLength: number, segmentBytes: number): void {
    if (!to.segmentation && byteLength > segmentBytes) {
      this.#sendSingly(to, 0, byteLength, segmentBytes);
      return;
    }
    const segment = byteLength > segmentBytes ? segmentBytes : 0;
    this.#sendRange(to, this.buffer, 0, byteLength, segment);
  }

  sendDatagram(to: NativeDestination, datagram: Uint8Array): void {
    if (datagram.length > this.#small.bytes.length) return;
    this.#small.bytes.set(datagram);
    this.#sendRange(to, this.#small, 0, datagram.length, 0);
  }

  closeSocket(socket: LocalSocket): void {
    for (const native of this.#sockets) {
      if (native !== socket) continue;
      this.#sockets.delete(native);
      native.writable = false;
      native.socket.close();
    }
  }

  #sendRange(
    to: NativeDestination,
    block: Block,
    offset: number,
    byteLength: number,
    segmentBytes: number,
  ): void {
    const native = to.socket;
    if (!this.#sockets.has(native)) return;
    const result = this.#libc.send(native.fd, to.sockaddr, block.address + offset, byteLength, segmentBytes);
    this.statistics.calls++;
    if (result >= 0) return;
    const code = -result;
    if (code === errnoOf.EAGAIN || code === errnoOf.ENOBUFS) {
      this.#queue(native, to, block, offset, byteLength, segmentBytes);
    } else if (
      segmentBytes !== 0 &&
      (code === errnoOf.EMSGSIZE || code === errnoOf.EIO || code === errnoOf.EINVAL)
    ) {
      to.segmentation = false;
      this.#sendSingly(to, offset, byteLength, segmentBytes);
    } else {
      this.statistics.errors++;
    }
  }

  #sendSingly(to: NativeDestination, offset: number, byteLength: number, segmentBytes: number): void {
    for (let at = offset; at < offset + byteLength; at += segmentBytes) {
      this.#sendRange(to, this.buffer, at, Math.min(segmentBytes, offset + byteLength - at), 0);
    }
  }

  /** libuv queues what the kernel does not take and sends it when the socket is writable again; we hold back until then. */
  #queue(
    native: NativeSocket,
    to: NativeDestination,
    block: Block,
    offset: number,
    byteLength: number,
    segmentBytes: number,
  ): void {
    this.statistics.congested++;
    native.writable = false;
    if (native.socket.getSendQueueSize() > MAX_QUEUED_BYTES) {
      this.statistics.errors++;
      return;
    }
    const step = segmentBytes === 0 ? byteLength : segmentBytes;
    for (let at = offset; at < offset + byteLength; at += step) {
      const datagram = Buffer.from(block.bytes.subarray(at, Math.min(at + step, offset + byteLength)));
      native.socket.send(datagram, to.port, to.address, (error) => {
        if (error) this.statistics.errors++;
        if (this.#sockets.has(native) && native.socket.getSendQueueCount() === 0) native.writable = true;
      });
    }
  }
}
