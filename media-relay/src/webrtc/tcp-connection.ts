/**
 * One viewer's TCP connection as a path beside UDP ones: the same datagrams, framed (RFC 4571). A picture begins only
 * while nothing waits in this process, so what a slow reader costs is what the kernel holds and the rest of one picture.
 */
import type { Socket } from 'node:net';
import { ProtocolError } from '../media/protocol-error.ts';
import type { Destination, FramedStream, LocalSocket } from './egress.ts';
import { FrameReader, writeFrames } from './framing.ts';
import type { PortClient } from './port-client.ts';

/** The rest of a picture that has begun may wait here. */
export const QUEUE_BUDGET_BYTES = 512 * 1024;
/** For what does not ask whether there is room: STUN, DTLS, reports, sound. */
const QUEUE_LIMIT_BYTES = QUEUE_BUDGET_BYTES + 128 * 1024;
/** Several checks with all that browsers put into them: who has not proved itself by then is somebody else. */
const UNPROVEN_BYTES = 4096;
/** A goodbye has so long to reach a peer. */
export const LINGER_MS = 1000;

export class TcpConnection implements Destination, FramedStream {
  readonly socket: LocalSocket;
  /** Of the viewer. */
  readonly address: string;
  readonly port: number;
  /** The session that has proved that this is its connection. */
  client: PortClient | undefined;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  #receivedBytes = 0;
  #corked = false;
  /** Whether something waited already when the socket was corked. */
  #wasBehind = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    local: { readonly address: string; readonly family: 4 | 6; readonly port: number },
  ) {
    this.#socket = socket;
    this.address = socket.remoteAddress ?? '';
    this.port = socket.remotePort ?? 0;
    const isWritable = (): boolean => this.#isWritable();
    this.socket = {
      ...local,
      get writable() {
        return isWritable();
      },
    };
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => clearTimeout(this.#linger));
  }

  get tcp(): FramedStream {
    return this;
  }

  get hasRoom(): boolean {
    return this.#socket.writableLength < QUEUE_BUDGET_BYTES;
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** `onDatagram` is not called any more once the connection was closed from here. Bytes that are no frames end it. */
  onDatagrams(onDatagram: (datagram: Uint8Array) => void): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#receivedBytes += chunk.length;
      try {
        this.#reader.push(chunk, (datagram) => {
          if (this.isOpen) onDatagram(datagram);
        });
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.destroy();
      }
      if (this.client === undefined && this.#receivedBytes > UNPROVEN_BYTES) this.destroy();
    });
  }

  onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  send(datagrams: Uint8Array, segmentBytes: number): void {
    const socket = this.#socket;
    if (!socket.writable || socket.writableLength > QUEUE_LIMIT_BYTES) return;
    if (!this.#corked) {
      // What leaves in one turn of the event loop is one system call.
      this.#corked = true;
      this.#wasBehind = socket.writableLength > 0;
      socket.cork();
      process.nextTick(this.#uncork);
    }
    socket.write(writeFrames(datagrams, segmentBytes));
  }

  /** What was sent before still leaves, if the peer takes it. */
  close(): void {
    if (!this.isOpen) return;
    this.#socket.end();
    this.#linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
  };

  /** Corked bytes have not been offered to the kernel yet: they say nothing about the path. */
  #isWritable(): boolean {
    if (!this.isOpen) return false;
    return this.#corked ? !this.#wasBehind && this.hasRoom : this.#socket.writableLength === 0;
  }
}
