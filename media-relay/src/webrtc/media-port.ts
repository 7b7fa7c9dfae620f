/**
 * The media port: one UDP socket per local address, all on one number, shared by every session, and TCP on the same
 * number (tcp-port.ts). A datagram finds its session by its source address once that proved itself by a STUN check, and
 * by the ICE user name before that.
 */
import type { Destination, LocalSocket, UdpEgress } from './egress.ts';
import { ufragOf } from './ice-lite.ts';
import { datagramKind, MAX_PATHS, SILENCE_MS, type PortClient } from './port-client.ts';
import { TcpPort } from './tcp-port.ts';

interface Path {
  readonly client: PortClient;
  readonly destination: Destination;
  /** Of its last authentic check. */
  heardMs: number;
}

/** A number that the system chose for UDP may be taken on TCP. */
const PORT_ATTEMPTS = 8;

interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export class MediaPort {
  readonly #egress: UdpEgress;
  readonly #clock: () => number;
  readonly #sockets = new Map<string, LocalSocket>();
  readonly #clients = new Map<string, PortClient>();
  readonly #paths = new Map<string, Path>();
  readonly #pathsOf = new Map<PortClient, string[]>();
  readonly #tcp: TcpPort;
  /** Datagrams that belong to nobody. */
  strangers = 0;
  #port: number;
  #udpProblem: string | undefined;
  #tcpProblem: string | undefined;

  constructor(egress: UdpEgress, port: number, clock: () => number) {
    this.#egress = egress;
    this.#port = port;
    this.#clock = clock;
    this.#tcp = new TcpPort({
      egress,
      clock,
      clientOf: (ufrag) => this.#clients.get(ufrag),
      onStranger: () => void this.strangers++,
    });
  }

  get port(): number {
    return this.#port;
  }

  get addresses(): readonly string[] {
    return [...this.#sockets.keys()];
  }

  /** Those that take connections. */
  get tcpAddresses(): readonly string[] {
    return this.#tcp.addresses;
  }

  /** Why one of the addresses takes no datagrams, though others do. */
  get udpProblem(): string | undefined {
    return this.#udpProblem;
  }

  /** Why an address takes no connections, as far as it is not as intended. */
  get tcpProblem(): string | undefined {
    return this.#tcpProblem;
  }

  /** Opens what is new and closes what is gone. Throws when not a single address can be bound for UDP. */
  async setAddresses(addresses: readonly LocalAddress[]): Promise<void> {
    const anyPort = this.#port === 0;
    for (let attempt = 1; ; attempt++) {
      await this.#setUdpAddresses(addresses);
      const bound = addresses.filter(({ address }) => this.#sockets.has(address));
      const [failure] = await this.#tcp.setAddresses(bound, this.#port);
      this.#tcpProblem = failure;
      if (failure === undefined || !anyPort || attempt === PORT_ATTEMPTS) return;
      this.#closeSockets();
      await this.#tcp.setAddresses([], 0);
      this.#port = 0;
    }
  }

  /** An address that this host does not have for now, though its socket stays. */
  doubt(address: string): void {
    const socket = this.#sockets.get(address);
    for (const { client, destination } of this.#paths.values())
      if (destination.socket === socket) client.onPathDoubtful(destination);
  }

  async #setUdpAddresses(addresses: readonly LocalAddress[]): Promise<void> {
    const wanted = new Set(addresses.map(({ address }) => address));
    for (const [address, socket] of this.#sockets) {
      if (wanted.has(address)) continue;
      this.#egress.closeSocket(socket);
      this.#sockets.delete(address);
      // They lead nowhere now, and the address may come back with another socket.
      for (const [key, path] of this.#paths) if (path.destination.socket === socket) this.#forget(key, path);
    }
    let failure: unknown;
    this.#udpProblem = undefined;
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
        this.#udpProblem ??= error instanceof Error ? error.message : 'unknown reason';
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
    this.#tcp.remove(client);
  }

  close(): void {
    for (const client of this.#clients.values()) this.remove(client);
    this.#tcp.close();
    this.#closeSockets();
  }

  #closeSockets(): void {
    for (const socket of this.#sockets.values()) this.#egress.closeSocket(socket);
    this.#sockets.clear();
  }

  #receive(socket: LocalSocket, datagram: Uint8Array, address: string, port: number): void {
    // Nobody can be answered there, and node:dgram throws at whoever tries.
    const kind = port === 0 ? 'unknown' : datagramKind(datagram);
    const key = `${socket.address} ${address} ${port}`;
    const path = this.#paths.get(key);
    if (kind === 'stun') {
      this.#receiveStun(socket, datagram, address, port, key, path);
    } else if (path === undefined) {
      this.strangers++;
    } else if (kind === 'dtls') {
      path.client.onDtls(datagram, path.destination);
    } else if (kind === 'rtp') {
      path.client.onRtcp(datagram, path.destination, this.#clock());
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
    const nowMs = this.#clock();
    if (known?.client === client) {
      if (client.onStun(datagram, known.destination, nowMs)) known.heardMs = nowMs;
      return;
    }
    const keys = this.#pathsOf.get(client);
    if (keys === undefined || (keys.length >= MAX_PATHS && !this.#forgetSilent(keys, nowMs))) return;
    const destination = this.#egress.destination(socket, address, port);
    if (!client.onStun(datagram, destination, nowMs)) {
      this.#egress.release(destination);
      return;
    }
    // The address was somebody else's: a viewer reloaded behind the same NAT binding.
    if (known) this.#forget(key, known);
    this.#paths.set(key, { client, destination, heardMs: nowMs });
    keys.push(key);
  }

  /** Each time that a viewer's NAT gives it another number, it leaves a path behind. False when none of them is silent. */
  #forgetSilent(keys: readonly string[], nowMs: number): boolean {
    for (const key of keys) {
      const path = this.#paths.get(key);
      if (path === undefined || nowMs - path.heardMs <= SILENCE_MS) continue;
      this.#forget(key, path);
      return true;
    }
    return false;
  }

  #forget(key: string, path: Path): void {
    const keys = this.#pathsOf.get(path.client);
    keys?.splice(keys.indexOf(key), 1);
    this.#paths.delete(key);
    path.client.onPathLost(path.destination);
    this.#egress.release(path.destination);
  }
}
