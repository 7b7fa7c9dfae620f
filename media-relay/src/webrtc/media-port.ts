/**
 * The media port: one UDP socket per local address, all on one number, shared by every session. A datagram finds its
 * session by its source address once that proved itself by a STUN check, and by the ICE user name before that.
 */
import type { Destination, LocalSocket, UdpEgress } from './egress.ts';
import { ufragOf } from './ice-lite.ts';

/** What a session is to the port. */
export interface PortClient {
  readonly localUfrag: string;
  /** A STUN packet; returns true when it proved that this address belongs to the session. */
  onStun(datagram: Uint8Array, from: Destination, nowMs: number): boolean;
  onDtls(datagram: Uint8Array, from: Destination): void;
  onRtcp(datagram: Uint8Array, nowMs: number): void;
  /** This path is now another session's. */
  onPathLost(path: Destination): void;
}

interface Path {
  readonly client: PortClient;
  readonly destination: Destination;
}

/** A browser has a handful of addresses; more than this for one session is not a browser. */
const MAX_PATHS = 16;

export class MediaPort {
  readonly #egress: UdpEgress;
  readonly #clock: () => number;
  readonly #sockets = new Map<string, LocalSocket>();
  readonly #clients = new Map<string, PortClient>();
  readonly #paths = new Map<string, Path>();
  readonly #pathsOf = new Map<PortClient, string[]>();
  /** Datagrams that belong to nobody. */
  strangers = 0;
  #port: number;

  constructor(egress: UdpEgress, port: number, clock: () => number) {
    this.#egress = egress;
    this.#port = port;
    this.#clock = clock;
  }

  get port(): number {
    return this.#port;
  }

  get addresses(): readonly string[] {
    return [...this.#sockets.keys()];
  }

  /** Opens what is new and closes what is gone. Throws when not a single address can be bound. */
  async setAddresses(
    addresses: readonly { readonly address: string; readonly family: 4 | 6 }[],
  ): Promise<void> {
    const wanted = new Set(addresses.map(({ address }) => address));
    for (const [address, socket] of this.#sockets) {
      if (wanted.has(address)) continue;
      this.#egress.closeSocket(socket);
      this.#sockets.delete(address);
    }
    let failure: unknown;
    for (const { address, family } of addresses) {
      if (this.#sockets.has(address)) continue;
      try {
        // The path key must not depend on how an address is spelt by the kernel; sockets tell them apart.
        const socket: LocalSocket = await this.#egress.open(
          address,
          family,
          this.#port,
          (datagram, from, port) => this.#receive(socket, datagram, from, port),
        );
        this.#sockets.set(address, socket);
        this.#port ||= socket.port;
      } catch (error) {
        failure = error;
      }
    }
    if (this.#sockets.size === 0) throw failure ?? new Error('no local address to bind');
  }

  add(client: PortClient): void {
    this.#clients.set(client.localUfrag, client);
    this.#pathsOf.set(client, []);
  }

  remove(client: PortClient): void {
    this.#clients.delete(client.localUfrag);
    for (const key of this.#pathsOf.get(client) ?? []) {
      const path = this.#paths.get(key);
      this.#paths.delete(key);
      if (path) this.#egress.release(path.destination);
    }
    this.#pathsOf.delete(client);
  }

  close(): void {
    for (const client of this.#clients.values()) this.remove(client);
    for (const socket of this.#sockets.values()) this.#egress.closeSocket(socket);
    this.#sockets.clear();
  }

  /** RFC 7983: the first byte tells STUN, DTLS and SRTP apart. */
  #receive(socket: LocalSocket, datagram: Uint8Array, address: string, port: number): void {
    const first = datagram[0] ?? 255;
    const key = `${socket.address} ${address} ${port}`;
    const path = this.#paths.get(key);
    if (first < 4) {
      this.#receiveStun(socket, datagram, address, port, key, path);
    } else if (path === undefined) {
      this.strangers++;
    } else if (first >= 20 && first < 64) {
      path.client.onDtls(datagram, path.destination);
    } else if (first >= 128 && first < 192) {
      path.client.onRtcp(datagram, this.#clock());
    }
  }

  #receiveStun(
    socket: LocalSocket,
    datagram: Uint8Array,
    address: string,
    port: number,
    key: string,
    known: Path | undefined,
  ): void {
    const ufrag = ufragOf(datagram);
    // Answers name nobody: they belong to whom they come from.
    const client = ufrag === undefined ? known?.client : this.#clients.get(ufrag);
    if (client === undefined) {
      this.strangers++;
      return;
    }
    if (known?.client === client) {
      client.onStun(datagram, known.destination, this.#clock());
      return;
    }
    const keys = this.#pathsOf.get(client);
    if (keys === undefined || keys.length >= MAX_PATHS) return;
    const destination = this.#egress.destination(socket, address, port);
    if (!client.onStun(datagram, destination, this.#clock())) {
      this.#egress.release(destination);
      return;
    }
    // The address was somebody else's: a viewer reloaded behind the same NAT binding.
    if (known) this.#forget(key, known);
    this.#paths.set(key, { client, destination });
    keys.push(key);
  }

  #forget(key: string, path: Path): void {
    const keys = this.#pathsOf.get(path.client);
    keys?.splice(keys.indexOf(key), 1);
    path.client.onPathLost(path.destination);
    this.#egress.release(path.destination);
  }
}
