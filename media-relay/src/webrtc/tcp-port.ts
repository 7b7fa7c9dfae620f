/**
 * ICE-TCP (RFC 6544): the media port's passive side on TCP, a listener per local address. A connection belongs to
 * nobody until a STUN request on it has proved its session; until then it may hold a few bytes for a few seconds, and
 * there are only so many of these. Not implemented: active and simultaneous-open candidates.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { UdpEgress } from './egress.ts';
import { ufragOf } from './ice-lite.ts';
import { datagramKind, MAX_PATHS, type PortClient } from './port-client.ts';
import { TcpConnection } from './tcp-connection.ts';

/** Connections that nobody has proved yet: the oldest makes room for the next. */
export const MAX_UNPROVEN = 512;
/** Of them, from one address. A wall of 64 cameras behind one NAT joins a few at a time. */
export const MAX_UNPROVEN_PER_ADDRESS = 64;
/** A browser's first check comes one round trip after its connection. */
export const PROVE_WITHIN_MS = 5000;

export interface TcpPortOptions {
  readonly egress: Pick<UdpEgress, 'listen'>;
  readonly clock: () => number;
  readonly clientOf: (ufrag: string) => PortClient | undefined;
  /** A datagram that belongs to nobody. */
  readonly onStranger: () => void;
}

interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

export class TcpPort {
  readonly #options: TcpPortOptions;
  readonly #servers = new Map<string, Server>();
  /** By age, with the timers that end them. */
  readonly #unproven = new Map<TcpConnection, NodeJS.Timeout>();
  readonly #unprovenOf = new Map<string, number>();
  readonly #connectionsOf = new Map<PortClient, Set<TcpConnection>>();

  constructor(options: TcpPortOptions) {
    this.#options = options;
  }

  get addresses(): readonly string[] {
    return [...this.#servers.keys()];
  }

  get unprovenConnections(): number {
    return this.#unproven.size;
  }

  /** Listens where it is new and stops where it is gone. Returns why an address could not be had, for each. */
  async setAddresses(addresses: readonly LocalAddress[], port: number): Promise<string[]> {
    const wanted = new Set(addresses.map(({ address }) => address));
    for (const [address, server] of this.#servers) {
      if (wanted.has(address)) continue;
      this.#servers.delete(address);
      server.close();
    }
    const failures: string[] = [];
    for (const local of addresses) {
      if (this.#servers.has(local.address)) continue;
      const server = createServer((socket) => this.#accept(socket, { ...local, port }));
      try {
        await this.#options.egress.listen(server, local.address, local.family, port);
        server.on('error', () => undefined); // a connection that cannot be accepted (no descriptors) ends nothing
        this.#servers.set(local.address, server);
      } catch (error) {
        failures.push(error instanceof Error ? error.message : 'unknown reason');
      }
    }
    return failures;
  }

  /** The session has ended: its connections are closed once they have taken its goodbye. */
  remove(client: PortClient): void {
    for (const connection of this.#connectionsOf.get(client) ?? []) connection.close();
    this.#connectionsOf.delete(client);
  }

  /** After every client was removed. */
  close(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    for (const connection of this.#unproven.keys()) connection.destroy();
  }

  #accept(socket: Socket, local: LocalAddress & { readonly port: number }): void {
    const connection = new TcpConnection(socket, local);
    const { address } = connection;
    const count = this.#unprovenOf.get(address) ?? 0;
    if (address === '' || count >= MAX_UNPROVEN_PER_ADDRESS) return connection.destroy();
    if (this.#unproven.size >= MAX_UNPROVEN) this.#dropOldest();
    this.#unprovenOf.set(address, count + 1);
    this.#unproven.set(
      connection,
      setTimeout(() => connection.destroy(), PROVE_WITHIN_MS),
    );
    connection.onClose(() => this.#onClose(connection));
    connection.onDatagrams((datagram) => this.#onDatagram(connection, datagram));
  }

  #dropOldest(): void {
    for (const connection of this.#unproven.keys()) {
      this.#settle(connection);
      return connection.destroy();
    }
  }

  #onDatagram(connection: TcpConnection, datagram: Uint8Array): void {
    const { client } = connection;
    if (client === undefined) return this.#onFirst(connection, datagram);
    switch (datagramKind(datagram)) {
      case 'stun':
        if (this.#isFor(client, datagram)) client.onStun(datagram, connection, this.#options.clock());
        else this.#options.onStranger();
        return;
      case 'dtls':
        return client.onDtls(datagram, connection);
      case 'rtp':
        return client.onRtcp(datagram, connection, this.#options.clock());
      case 'unknown':
    }
  }

  /** Nothing but a check of a session that exists is worth waiting for. */
  #onFirst(connection: TcpConnection, datagram: Uint8Array): void {
    const client = datagramKind(datagram) === 'stun' ? this.#clientOf(datagram) : undefined;
    const connections = client && (this.#connectionsOf.get(client) ?? new Set());
    if (!client || !connections || connections.size >= MAX_PATHS) {
      this.#options.onStranger();
      return connection.destroy();
    }
    if (!client.onStun(datagram, connection, this.#options.clock())) return;
    this.#settle(connection);
    connection.client = client;
    this.#connectionsOf.set(client, connections.add(connection));
  }

  /** Answers name nobody: they belong to whom they come from. */
  #isFor(client: PortClient, datagram: Uint8Array): boolean {
    const ufrag = ufragOf(datagram);
    return ufrag === undefined || this.#options.clientOf(ufrag) === client;
  }

  #clientOf(datagram: Uint8Array): PortClient | undefined {
    const ufrag = ufragOf(datagram);
    return ufrag === undefined ? undefined : this.#options.clientOf(ufrag);
  }

  #onClose(connection: TcpConnection): void {
    this.#settle(connection);
    const { client } = connection;
    if (client === undefined) return;
    this.#connectionsOf.get(client)?.delete(connection);
    client.onPathLost(connection);
  }

  /** It is proven or gone. */
  #settle(connection: TcpConnection): void {
    if (!this.#unproven.has(connection)) return;
    clearTimeout(this.#unproven.get(connection));
    this.#unproven.delete(connection);
    const left = (this.#unprovenOf.get(connection.address) ?? 0) - 1;
    if (left > 0) this.#unprovenOf.set(connection.address, left);
    else this.#unprovenOf.delete(connection.address);
  }
}
