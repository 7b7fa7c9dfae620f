import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Link, type LinkOptions } from './link.ts';
import { seededRandom } from './random.ts';

export interface LossyOptions {
  /** Port of the server on loopback. */
  readonly toPort: number;
  /** From the client to the server. */
  readonly up?: LinkOptions;
  readonly down?: LinkOptions;
  /** Which of the server's datagrams never arrive, besides. */
  readonly losesDown?: (datagram: Buffer) => boolean;
  readonly seed?: number;
}

export interface LossyPath {
  /** Where clients send to instead, on loopback. */
  readonly port: number;
  readonly up: Link;
  readonly down: Link;
  close(): void;
}

const bufferBytes = 4 << 20;

/** A worse network in front of a UDP server; the server sees each client on a port of its own. */
export async function startLossyPath(options: LossyOptions): Promise<LossyPath> {
  const { toPort, up = {}, down = {}, losesDown = () => false, seed = 1 } = options;
  const upLink = new Link(up, seededRandom(seed));
  const downLink = new Link(down, seededRandom(seed + 1));
  const upLine = new DelayLine();
  const downLine = new DelayLine();
  const front = createSocket({ type: 'udp4', recvBufferSize: bufferBytes, sendBufferSize: bufferBytes });
  const backs = new Map<number, Socket>();

  const openBack = (client: RemoteInfo): Socket => {
    const back = createSocket({ type: 'udp4', recvBufferSize: bufferBytes, sendBufferSize: bufferBytes });
    back.on('message', (datagram) => {
      if (losesDown(datagram)) return;
      const dueMs = downLink.arrivalMs(datagram.length, performance.now());
      if (dueMs !== undefined)
        downLine.add(dueMs, () => front.send(datagram, client.port, client.address, ignoreError));
    });
    back.on('error', ignoreError);
    backs.set(client.port, back);
    return back;
  };

  front.on('message', (datagram, client) => {
    const back = backs.get(client.port) ?? openBack(client);
    const dueMs = upLink.arrivalMs(datagram.length, performance.now());
    if (dueMs !== undefined) upLine.add(dueMs, () => back.send(datagram, toPort, '127.0.0.1', ignoreError));
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    port: front.address().port,
    up: upLink,
    down: downLink,
    close() {
      upLine.close();
      downLine.close();
      front.close();
      for (const back of backs.values()) back.close();
    },
  };
}

/** A peer that has gone answers with ICMP; a network would not care either. */
function ignoreError(): void {}

/** Runs actions when they are due, in order of their due time; first in, first out at the same time. */
class DelayLine {
  readonly #waiting: { readonly dueMs: number; readonly run: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  add(dueMs: number, run: () => void): void {
    if (this.#closed) return;
    // Almost always the last: a search from behind costs nothing.
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.dueMs ?? 0) > dueMs) at--;
    this.#waiting.splice(at, 0, { dueMs, run });
    if (at === 0) this.#arm();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (!first) return;
    this.#timer = setTimeout(() => this.#release(), Math.max(0, first.dueMs - performance.now()));
  }

  #release(): void {
    const nowMs = performance.now();
    let due = 0;
    while ((this.#waiting[due]?.dueMs ?? Infinity) <= nowMs) due++;
    for (const { run } of this.#waiting.splice(0, due)) run();
    this.#arm();
  }
}
