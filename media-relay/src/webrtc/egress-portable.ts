/** UDP egress by node:dgram alone, for systems where the C library cannot be called: one send per datagram. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import type { Server } from 'node:net';
import type { Arena, Block } from '../native/arena.ts';
import {
  MAX_QUEUED_BYTES,
  SEND_BUFFER_BYTES,
  type Destination,
  type EgressStatistics,
  type LocalSocket,
  type UdpEgress,
} from './egress.ts';

const SOCKET_BUFFER_BYTES = 4 * 2 ** 20;

interface PortableSocket extends LocalSocket {
  readonly socket: dgram.Socket;
  /** One for all datagrams of this socket: a closure per datagram would be litter at 10,000 a second. */
  readonly onSent: (error: Error | null) => void;
}

interface PortableDestination extends Destination {
  readonly socket: PortableSocket;
}

export function portableEgress(arena: Arena): UdpEgress {
  return new PortableEgress(arena);
}

class PortableEgress implements UdpEgress {
  readonly buffer: Block;
  readonly statistics: EgressStatistics = { calls: 0, errors: 0, congested: 0 };
  readonly #sockets = new Set<PortableSocket>();

  constructor(arena: Arena) {
    this.buffer = arena.allocate(SEND_BUFFER_BYTES);
  }

  async open(
    address: string,
    family: 4 | 6,
    port: number,
    receive: (datagram: Uint8Array, address: string, port: number) => void,
  ): Promise<LocalSocket> {
    const socket = dgram.createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      // Destinations are addresses already. Answering at once makes `send` reach the kernel before it returns.
      lookup: (host, _options, callback) => callback(null, host, family),
    });
    try {
      const listening = once(socket, 'listening'); // with such a lookup it comes before `bind` returns
      socket.bind({ address, port, exclusive: true });
      await listening;
    } catch (error) {
      socket.close();
      throw new Error(`bind ${address} port ${port}: ${sentenceOf(error)}`, { cause: error });
    }
    growBuffers(socket);
    // ICMP errors of one viewer surface here; they end nothing.
    socket.on('error', () => void this.statistics.errors++);
    socket.on('message', (datagram, remote) => receive(datagram, remote.address, remote.port));
    const local: PortableSocket = {
      address,
      family,
      port: socket.address().port,
      writable: true,
      socket,
      onSent: (error) => {
        if (error) this.statistics.errors++;
        if (!local.writable && this.#sockets.has(local)) local.writable = socket.getSendQueueSize() === 0;
      },
    };
    this.#sockets.add(local);
    return local;
  }

  async listen(server: Server, address: string, family: 4 | 6, port: number): Promise<void> {
    try {
      const listening = once(server, 'listening');
      server.listen({ host: address, port, ipv6Only: family === 6, exclusive: true });
      await listening;
    } catch (error) {
      throw new Error(`listen on ${address} port ${port}: ${sentenceOf(error)}`, { cause: error });
    }
  }

  destination(socket: PortableSocket, address: string, port: number): PortableDestination {
    return { socket, address, port };
  }

  release(): void {}

  send(to: PortableDestination, byteLength: number, segmentBytes: number): void {
    for (let at = 0; at < byteLength; at += segmentBytes) {
      this.sendDatagram(to, this.buffer.bytes.subarray(at, Math.min(at + segmentBytes, byteLength)));
    }
  }

  sendDatagram({ socket: local, address, port }: PortableDestination, datagram: Uint8Array): void {
    if (!this.#sockets.has(local)) return;
    if (local.socket.getSendQueueSize() > MAX_QUEUED_BYTES) {
      this.statistics.errors++;
      return;
    }
    // A copy: what the kernel does not take at once is read again when it has room.
    local.socket.send(Buffer.from(datagram), port, address, local.onSent);
    this.statistics.calls++;
    if (local.socket.getSendQueueSize() === 0) return;
    this.statistics.congested++;
    local.writable = false;
  }

  closeSocket(socket: PortableSocket): void {
    if (!this.#sockets.delete(socket)) return;
    socket.writable = false;
    socket.socket.close();
  }
}

/** As far as the system allows; some refuse a size beyond their limit, Linux takes the limit. */
function growBuffers(socket: dgram.Socket): void {
  for (let bytes = SOCKET_BUFFER_BYTES; bytes >= 2 ** 18; bytes /= 2) {
    try {
      socket.setSendBufferSize(bytes);
      socket.setRecvBufferSize(bytes);
      return;
    } catch {
      // a smaller one, then
    }
  }
}

function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return code === 'EADDRINUSE' ? `${code} (address in use)` : code;
}
