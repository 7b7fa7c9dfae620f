// The sockets of one RTSP connection: TCP or TLS with one reusable read buffer, and UDP port pairs for RTP and RTCP.

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect as connectTcp, isIP, type OnReadOpts } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { SourceError, type SourceErrorCode } from '../sources/source.ts';
import { hostAndPort, type RtspTarget } from './url.ts';

export const connectTimeoutMs = 5000;
const readBufferBytes = 128 * 1024;
/** A camera that takes nothing any more; what we send is a few hundred bytes every few seconds. */
const maxUnsentBytes = 64 * 1024;
const udpReceiveBufferBytes = 2 * 1024 * 1024;
const maxPortAttempts = 64;

export interface RtspConnectionOptions {
  readonly target: RtspTarget;
  /** SHA-256 of the camera's certificate in hex; replaces the check of its name and issuer. */
  readonly tlsFingerprint: string | undefined;
  /** Ends the attempt to connect; from then on `close` does, so that a last request can go out. */
  readonly signal: AbortSignal;
  /** Borrowed bytes: the buffer is read into again afterwards. What it throws closes the connection. */
  readonly onData: (buffer: Uint8Array, start: number, end: number) => void;
  /** Once, unless `close` was called: undefined when the camera closed in good order. */
  readonly onClose: (error: unknown) => void;
}

export interface RtspConnection {
  readonly localAddress: string;
  readonly remoteAddress: string;
  send(data: string | Uint8Array): void;
  /** Flushes what was sent and closes; `onClose` is not called any more. */
  close(): void;
}

/** Resolves when requests can be sent. Rejects with `SourceError`. */
export function openConnection(options: RtspConnectionOptions): Promise<RtspConnection> {
  const { target, signal } = options;
  return new Promise((resolve, reject) => {
    let isOpen = false;
    let isClosed = false;
    const finish = (error: unknown): void => {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      if (isOpen) options.onClose(error);
      else reject(error instanceof Error ? error : hungUp(target));
    };
    const onread: OnReadOpts = {
      buffer: new Uint8Array(readBufferBytes),
      callback: (bytes, buffer) => {
        if (isClosed) return false;
        try {
          options.onData(buffer, 0, bytes);
        } catch (error) {
          finish(error);
        }
        return !isClosed;
      },
    };
    const onAbort = (): void => finish(new SourceError('ended', 'closed by the relay'));
    const onTimeout = (): void =>
      finish(new SourceError('timeout', `${hostAndPort(target)} did not accept a connection within 5 s`));
    const timer = setTimeout(onTimeout, connectTimeoutMs);

    const socket = target.tls
      ? tlsSocket(options, onread)
      : connectTcp({ host: target.host, port: target.port, onread });
    socket.setNoDelay(true);
    socket.on('error', (error) => finish(describeSocketError(error, target, isOpen)));
    socket.on('end', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });

    socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      if (isClosed) return;
      const problem = target.tls
        ? fingerprintProblem(socket as TLSSocket, options.tlsFingerprint)
        : undefined;
      if (problem !== undefined) return finish(new SourceError('tls', `${hostAndPort(target)} ${problem}`));
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      isOpen = true;
      resolve({
        localAddress: plainAddress(socket.localAddress),
        remoteAddress: plainAddress(socket.remoteAddress),
        send(data) {
          if (isClosed) return;
          if (socket.writableLength > maxUnsentBytes) {
            return finish(new SourceError('ended', `${hostAndPort(target)} no longer reads what it is sent`));
          }
          socket.write(data);
        },
        close() {
          if (isClosed) return;
          isClosed = true;
          if (socket.writableLength > maxUnsentBytes / 4) socket.destroy();
          else socket.destroySoon();
        },
      });
    });
  });
}

function hungUp(target: RtspTarget): SourceError {
  const peer = hostAndPort(target);
  return target.tls
    ? new SourceError('tls', `${peer} hung up during the TLS handshake: is this its RTSPS port?`)
    : new SourceError('unreachable', `${peer} hung up at once`);
}

function tlsSocket({ target, tlsFingerprint }: RtspConnectionOptions, onread: OnReadOpts): TLSSocket {
  // The typings of tls.connect omit `onread`; Node 24 hands it to the socket underneath.
  const tlsOptions = {
    host: target.host,
    port: target.port,
    onread,
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    // With a pin the certificate itself is compared once connected, before anything is sent.
    rejectUnauthorized: tlsFingerprint === undefined,
  };
  return connectTls(tlsOptions);
}

function fingerprintProblem(socket: TLSSocket, wanted: string | undefined): string | undefined {
  if (wanted === undefined) return undefined;
  const actual = plainFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
  return actual === plainFingerprint(wanted)
    ? undefined
    : `presents another certificate than the pinned one: its fingerprint is ${actual}`;
}

function plainFingerprint(text: string): string {
  return text.replaceAll(/[:\s]/g, '').toLowerCase();
}

function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}

const codesBySystemError: ReadonlyMap<string, readonly [SourceErrorCode, string]> = new Map([
  ['ECONNREFUSED', ['unreachable', 'refused the connection: is the port right and RTSP switched on?']],
  ['EHOSTUNREACH', ['unreachable', 'cannot be reached: no route to it, or it is off']],
  ['ENETUNREACH', ['unreachable', 'cannot be reached: no route to its network']],
  ['EADDRNOTAVAIL', ['unreachable', 'cannot be reached from any local address']],
  ['ENOTFOUND', ['unreachable', 'has no address: the name is unknown to DNS']],
  ['EAI_AGAIN', ['unreachable', 'has no address: DNS does not answer']],
  ['ETIMEDOUT', ['timeout', 'no longer answers']],
  ['ECONNRESET', ['ended', 'reset the connection']],
  ['EPIPE', ['ended', 'closed the connection']],
]);

/** A socket's error as a sentence that begins with the camera's host and port. */
export function describeSocketError(
  error: NodeJS.ErrnoException,
  target: Pick<RtspTarget, 'host' | 'port' | 'tls'>,
  isOpen: boolean,
): SourceError {
  const code = error.code ?? '';
  const known = codesBySystemError.get(code);
  const peer = hostAndPort(target);
  if (known !== undefined) {
    const [kind, sentence] = known;
    if (!isOpen && kind === 'ended') {
      return new SourceError(target.tls ? 'tls' : 'unreachable', `${peer} ${sentence} before it was set up`);
    }
    return new SourceError(kind, `${peer} ${sentence}`);
  }
  if (target.tls && !isOpen && code.startsWith('ERR_SSL')) {
    return new SourceError('tls', `${peer} does not speak TLS as we do (${code}): is this its RTSPS port?`);
  }
  if (target.tls && !isOpen) {
    return new SourceError(
      'tls',
      `${peer} is not trusted (${code || 'TLS failed'}): give it a certificate of a known authority, or pin its fingerprint`,
    );
  }
  return new SourceError(
    isOpen ? 'ended' : 'unreachable',
    `${peer}: connection failed (${code || 'no code'})`,
  );
}

export interface UdpPair {
  /** RTP on the even port, RTCP on the next. */
  readonly ports: readonly [rtp: number, rtcp: number];
  /** Opens the way through NAT and firewalls: one small packet from each port to the camera's. */
  punch(serverPorts: readonly [rtp: number, rtcp: number], ssrc: number): void;
  sendRtcp(packet: Uint8Array, serverPort: number): void;
  close(): void;
}

export interface UdpPairOptions {
  readonly localAddress: string;
  /** Packets from anywhere else are dropped. */
  readonly remoteAddress: string;
  readonly onRtp: (packet: Uint8Array) => void;
  readonly onRtcp: (packet: Uint8Array) => void;
}

export async function openUdpPair(options: UdpPairOptions): Promise<UdpPair> {
  for (let attempt = 0; attempt < maxPortAttempts; attempt++) {
    const rtp = await bind(options.localAddress, 0);
    if (rtp === undefined) continue;
    const port = rtp.address().port;
    const rtcp = port % 2 === 0 ? await bind(options.localAddress, port + 1) : undefined;
    if (rtcp === undefined) rtp.close();
    else return udpPair(rtp, rtcp, options);
  }
  throw new SourceError('internal', 'no free pair of UDP ports');
}

/** Undefined when the port is taken. */
function bind(address: string, port: number): Promise<UdpSocket | undefined> {
  const socket = createSocket({
    type: isIP(address) === 6 ? 'udp6' : 'udp4',
    recvBufferSize: udpReceiveBufferBytes,
  });
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // A send that fails (ICMP, no route) is not worth more than the silence that follows.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

function udpPair(rtp: UdpSocket, rtcp: UdpSocket, options: UdpPairOptions): UdpPair {
  const { remoteAddress } = options;
  let isClosed = false;
  rtp.on('message', (packet, from) => {
    if (from.address === remoteAddress && !isClosed) options.onRtp(packet);
  });
  rtcp.on('message', (packet, from) => {
    if (from.address === remoteAddress && !isClosed) options.onRtcp(packet);
  });
  return {
    ports: [rtp.address().port, rtcp.address().port],
    punch(serverPorts, ssrc) {
      if (isClosed) return;
      const packets = punchPackets(ssrc);
      if (serverPorts[0] !== 0) rtp.send(packets.rtp, serverPorts[0], remoteAddress, ignore);
      if (serverPorts[1] !== 0) rtcp.send(packets.rtcp, serverPorts[1], remoteAddress, ignore);
    },
    sendRtcp(packet, serverPort) {
      // One copy: the datagram leaves later, and the caller may reuse its buffer.
      if (!isClosed && serverPort !== 0) rtcp.send(Buffer.from(packet), serverPort, remoteAddress, ignore);
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      rtp.close();
      rtcp.close();
    },
  };
}

function ignore(): void {
  // Losing one of these packets changes nothing.
}

/** An RTP packet without payload and an empty receiver report (RFC 3550 sections 5.1 and 6.4.2). */
function punchPackets(ssrc: number): { rtp: Uint8Array; rtcp: Uint8Array } {
  const rtp = new Uint8Array(12);
  rtp[0] = 0x80;
  new DataView(rtp.buffer).setUint32(8, ssrc);
  const rtcp = new Uint8Array(8);
  rtcp.set([0x80, 201, 0, 1]);
  new DataView(rtcp.buffer).setUint32(4, ssrc);
  return { rtp, rtcp };
}
