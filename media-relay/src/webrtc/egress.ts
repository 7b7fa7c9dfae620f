/** The one way out: everything that leaves the media port goes through an egress. The seam between us and the kernel. */
import type { Server } from 'node:net';
import type { Block } from '../native/arena.ts';

/** One bound UDP socket of the media port, or one TCP connection to it. */
export interface LocalSocket {
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** False while the kernel's buffer is full: hold back what can wait. */
  writable: boolean;
}

/** Where one viewer's datagrams go, and from which socket: answers leave from the address they were asked on. */
export interface Destination {
  readonly socket: LocalSocket;
  readonly address: string;
  readonly port: number;
  /** A path over TCP (RFC 6544): datagrams go in here instead of the socket. */
  readonly tcp?: FramedStream;
}

/** A TCP connection that carries datagrams framed by RFC 4571. */
export interface FramedStream {
  /** Whether the rest of a picture that has begun may follow. A new one waits until `socket.writable`. */
  readonly hasRoom: boolean;
  /** `datagrams` are `segmentBytes` each, the last one shorter or equal; copied. */
  send(datagrams: Uint8Array, segmentBytes: number): void;
}

/** What sessions send through. */
export interface Egress {
  /** Datagrams are made here, from offset 0, one run after another. */
  readonly buffer: Block;
  /** Sends the first `byteLength` bytes of `buffer` as datagrams of `segmentBytes`, the last one shorter or equal. */
  send(to: Destination, byteLength: number, segmentBytes: number): void;
  /** Sends one small datagram that lies elsewhere (STUN, DTLS). */
  sendDatagram(to: Destination, datagram: Uint8Array): void;
}

export interface UdpEgress extends Egress {
  /** Opens and binds; port 0 lets the system choose. Throws with a sentence that names address and port. */
  open(
    address: string,
    family: 4 | 6,
    port: number,
    receive: (datagram: Uint8Array, address: string, port: number) => void,
  ): Promise<LocalSocket>;
  destination(socket: LocalSocket, address: string, port: number): Destination;
  release(destination: Destination): void;
  closeSocket(socket: LocalSocket): void;
  /**
   * Makes a TCP server listen on an address, its connections buffering as little in the kernel as can be asked for.
   * Rejects with a sentence that names address and port.
   */
  listen(server: Server, address: string, family: 4 | 6, port: number): Promise<void>;
  readonly statistics: EgressStatistics;
}

export interface EgressStatistics {
  /** System calls that sent something. */
  calls: number;
  /** Datagrams that the kernel refused for good. */
  errors: number;
  /** Times that the kernel's buffer was full. */
  congested: number;
}

/** Room for one send call: at most `MAX_RUN_PACKETS` packets, and any RTCP or DTLS datagram. */
export const SEND_BUFFER_BYTES = 64 * 1024;

/** What may wait for a full kernel beside video, which waits in its store: sound, reports, STUN. The rest is lost as on any network. */
export const MAX_QUEUED_BYTES = 1024 * 1024;

/** Chromium's receive buffer is small: many more packets at once are lost in it. Most frames fit into one call. */
export const MAX_RUN_PACKETS = 20;

/** UDP as it is, and TCP connections beside it. */
export function overUdpAndTcp(udp: Egress): Egress {
  const { buffer } = udp;
  return {
    buffer,
    send(to, byteLength, segmentBytes) {
      if (to.tcp === undefined) udp.send(to, byteLength, segmentBytes);
      else to.tcp.send(buffer.bytes.subarray(0, byteLength), segmentBytes);
    },
    sendDatagram(to, datagram) {
      if (to.tcp === undefined) udp.sendDatagram(to, datagram);
      else to.tcp.send(datagram, datagram.length);
    },
  };
}
