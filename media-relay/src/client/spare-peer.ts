/**
 * A peer connection and its offer outlive a relay that refuses, or does not answer: the next attempt posts the same
 * offer. Each new one would cost a certificate, sockets and a search for addresses, and Chromium stops at 500 in a process,
 * closed ones included until they are collected (crbug.com/825576).
 */

/** The certificates that browsers make live for 30 days. */
const LIFE_MS = 24 * 60 * 60 * 1000;

interface Closable {
  close(): void;
}

export interface OfferingPeer<Connection extends Closable> {
  readonly connection: Connection;
  /** Without the candidates that were found since. */
  readonly sdp: string;
  readonly madeMs: number;
}

/** `Connection` is an RTCPeerConnection. */
export class SparePeer<Connection extends Closable> {
  #kept: OfferingPeer<Connection> | undefined;
  #isOfUse = true;

  keep(peer: OfferingPeer<Connection>): void {
    this.#drop();
    if (this.#isOfUse) this.#kept = peer;
    else peer.connection.close();
  }

  /** Whoever takes it closes it, or gives it back. */
  take(nowMs: number): OfferingPeer<Connection> | undefined {
    if (this.#kept !== undefined && nowMs - this.#kept.madeMs >= LIFE_MS) this.#drop();
    const peer = this.#kept;
    this.#kept = undefined;
    return peer;
  }

  /** Also what is given back later: it was made in another network, say. */
  close(): void {
    this.#isOfUse = false;
    this.#drop();
  }

  #drop(): void {
    this.#kept?.connection.close();
    this.#kept = undefined;
  }
}
