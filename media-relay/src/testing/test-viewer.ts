/**
 * A WHEP viewer for tests: ICE controlling side, OpenSSL as the DTLS end that the answer leaves to it, werift's SRTP. It sees every packet, may be
 * told to misbehave, and knows nothing of how the relay is built. Over UDP, or over TCP (RFC 6544, active).
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SrtcpSession, SrtpSession } from 'werift';
import { Arena } from '../native/arena.ts';
import { loadOpenSsl } from '../native/openssl.ts';
import { createCertificate } from '../webrtc/certificate.ts';
import { FrameReader, writeFrames } from '../webrtc/framing.ts';
import { splitKeyingMaterial } from '../webrtc/srtp-keys.ts';
import { writeBindingRequest } from '../webrtc/stun-writer.ts';
import { DtlsPeer, type PeerCertificate } from './dtls-peer.ts';

export interface TestPacket {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly seq: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
  readonly bytes: number;
  /** Of its sockets, the one at which it arrived. */
  readonly socket: number;
}

export const VIDEO_PT = 102;
export const RTX_PT = 103;

export class TestViewer {
  readonly packets: TestPacket[] = [];
  readonly rtcp: Buffer[] = [];
  /** Answers to STUN checks: message types. */
  readonly stunAnswers: number[] = [];
  readonly #arena = new Arena();
  readonly #certificate = createCertificate(Date.now());
  readonly #takesAesGcm: boolean;
  readonly #presents: PeerCertificate;
  /** Since the answer said which end we are. */
  #dtls: DtlsPeer | undefined;
  #isDtlsClient = true;
  readonly #sockets: dgram.Socket[] = [];
  /** Of its sockets, the one that it sends from. */
  sendsFrom = 0;
  /** The connection, with `tcp`. */
  connection: Socket | undefined;
  readonly #ufrag = randomBytes(4).toString('hex');
  /** Media packets, RTCP included. */
  mediaDatagrams = 0;
  readonly #countsOnly: boolean;
  readonly #rtx: boolean;
  readonly #family: 4 | 6;
  readonly #loses: (datagram: Buffer, socket: number) => boolean;
  readonly #waiters = new Set<() => void>();
  #remote: { port: number; address: string; ufrag: string; pwd: string } | undefined;
  #srtp: SrtpSession | undefined;
  #srtcp: SrtcpSession | undefined;

  constructor(
    options: {
      rtx?: boolean;
      /** The offer says that it takes AES-GCM: a relay that can then begins DTLS. */
      takesAesGcm?: boolean;
      presents?: PeerCertificate;
      /** What the path loses on its way here; `socket`: to which of its sockets. */
      loses?: (datagram: Buffer, socket: number) => boolean;
      family?: 4 | 6;
      transport?: 'udp' | 'tcp';
      /** Media is counted and thrown away unread. */
      countsOnly?: boolean;
    } = {},
  ) {
    this.#countsOnly = options.countsOnly ?? false;
    this.#rtx = options.rtx ?? true;
    this.#loses = options.loses ?? (() => false);
    this.#takesAesGcm = options.takesAesGcm ?? true;
    this.#presents = options.presents ?? this.#certificate;
    this.#family = options.family ?? 4;
    if (options.transport !== 'tcp') this.#addSocket();
  }

  /** `fingerprint`: of another certificate than the one it will present. */
  offer(fingerprint = this.#certificate.fingerprint): string {
    const payloads = this.#rtx ? `${VIDEO_PT} ${RTX_PT}` : `${VIDEO_PT}`;
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0',
      ...(this.#takesAesGcm ? ['a=x-srtp:AEAD_AES_128_GCM'] : []),
      `m=video 9 UDP/TLS/RTP/SAVPF ${payloads}`,
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      'a=recvonly',
      'a=rtcp-mux',
      'a=rtcp-rsize',
      `a=ice-ufrag:${this.#ufrag}`,
      `a=ice-pwd:${randomBytes(12).toString('hex')}`,
      `a=fingerprint:sha-256 ${fingerprint}`,
      'a=setup:actpass',
      `a=rtpmap:${VIDEO_PT} H264/90000`,
      `a=fmtp:${VIDEO_PT} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f`,
      `a=rtcp-fb:${VIDEO_PT} nack`,
      `a=rtcp-fb:${VIDEO_PT} nack pli`,
      `a=rtcp-fb:${VIDEO_PT} ccm fir`,
      ...(this.#rtx ? [`a=rtpmap:${RTX_PT} rtx/90000`, `a=fmtp:${RTX_PT} apt=${VIDEO_PT}`] : []),
      '',
    ].join('\r\n');
  }

  /** Binds, and takes the relay's loopback candidate of the given family out of the answer. */
  async open(answer: string, address = '127.0.0.1'): Promise<void> {
    this.#isDtlsClient = answer.includes('a=setup:passive');
    const role = this.#isDtlsClient ? 'client' : 'server';
    this.#dtls = new DtlsPeer(loadOpenSsl(), this.#arena, role, this.#presents);
    const [socket] = this.#sockets;
    const transport = socket ? 'udp' : 'tcp';
    const line = answer
      .split('\r\n')
      .find(
        (text) =>
          text.startsWith('a=candidate:') && text.includes(` ${address} `) && text.includes(transport),
      );
    const port = Number(line?.split(' ')[5]);
    const field = (name: string): string => new RegExp(`a=${name}:(\\S+)`).exec(answer)?.[1] ?? '';
    this.#remote = { port, address, ufrag: field('ice-ufrag'), pwd: field('ice-pwd') };
    if (socket) {
      socket.bind(0, address);
      await once(socket, 'listening');
      return;
    }
    const reader = new FrameReader();
    const connection = (this.connection = connect(port, address));
    connection.on('error', () => undefined);
    connection.on('data', (chunk) => reader.push(chunk, (frame) => this.#receive(Buffer.from(frame))));
    connection.on('close', () => this.#look());
    await once(connection, 'connect');
  }

  /** Another of the relay's addresses, for what is sent from now on. */
  goTo(address: string): void {
    if (this.#remote) this.#remote = { ...this.#remote, address };
  }

  /** Another socket beside the first, and sends from it: a NAT has given the viewer another port. */
  async openAnother(): Promise<void> {
    const socket = this.#addSocket();
    socket.bind(0, this.#remote?.address);
    await once(socket, 'listening');
    this.sendsFrom = this.#sockets.length - 1;
  }

  /** One connectivity check; a wrong password shows what the relay does with strangers. */
  check(pwd = this.#remote?.pwd ?? '', useCandidate = true): void {
    this.send(
      writeBindingRequest({
        transactionId: randomBytes(12),
        username: `${this.#remote?.ufrag}:${this.#ufrag}`,
        key: createSecretKey(pwd, 'utf8'),
        priority: 1,
        role: 'controlling',
        tieBreaker: 1n,
        useCandidate,
      }),
    );
  }

  /** ICE and DTLS up to keys at both ends. */
  async connect(answer: string, address?: string): Promise<void> {
    await this.open(answer, address);
    this.check();
    await this.until(() => this.stunAnswers.length > 0);
    this.startDtls();
    await this.until(() => this.#srtp !== undefined);
    // As the server we had the last word: the answer to what is asked behind it says that it has come.
    const answers = this.stunAnswers.length;
    this.check();
    await this.until(() => this.stunAnswers.length > answers);
  }

  /** As the server, it has nothing to say. */
  startDtls(): void {
    for (const datagram of this.#dtls?.advance() ?? []) this.send(datagram);
  }

  get isConnected(): boolean {
    return this.#srtp !== undefined;
  }

  get receivedCloseNotify(): boolean {
    return this.#dtls?.receivedCloseNotify === true;
  }

  send(datagram: Uint8Array): void {
    if (this.#remote) this.#sockets[this.sendsFrom]?.send(datagram, this.#remote.port, this.#remote.address);
    this.connection?.write(writeFrames(datagram, datagram.length));
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.#srtcp) this.send(this.#srtcp.encrypt(Buffer.from(packet)));
  }

  sendCloseNotify(): void {
    for (const datagram of this.#dtls?.shutdown() ?? []) this.send(datagram);
  }

  /** Resolves when the condition holds; looked at after every datagram. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.connection?.destroy();
    this.#dtls?.close();
  }

  #addSocket(): dgram.Socket {
    const socket = dgram.createSocket(this.#family === 6 ? 'udp6' : 'udp4');
    const index = this.#sockets.push(socket) - 1;
    socket.on('message', (datagram) => this.#receive(datagram, index));
    return socket;
  }

  #receive(datagram: Buffer, socket = 0): void {
    if (this.#loses(datagram, socket)) return;
    const first = datagram[0] ?? 0;
    if (first < 4) this.#receiveStun(datagram.readUInt16BE(0));
    else if (first < 64) this.#receiveDtls(datagram);
    else this.#receiveMedia(datagram, socket);
    this.#look();
  }

  /** Questions of the relay are not answered. */
  #receiveStun(messageType: number): void {
    if (messageType & 0x0100) this.stunAnswers.push(messageType);
  }

  #look(): void {
    for (const look of this.#waiters) look();
  }

  #receiveDtls(datagram: Buffer): void {
    const dtls = this.#dtls;
    for (const answer of dtls?.advance(datagram) ?? []) this.send(answer);
    if (!dtls?.isConnected || this.#srtp) return;
    const { client, server } = splitKeyingMaterial(dtls.keyingMaterial(56), 'aes128gcm');
    const [own, relays] = this.#isDtlsClient ? [client, server] : [server, client];
    const config = {
      profile: 7,
      keys: {
        localMasterKey: Buffer.from(own.key),
        localMasterSalt: Buffer.from(own.salt),
        remoteMasterKey: Buffer.from(relays.key),
        remoteMasterSalt: Buffer.from(relays.salt),
      },
    } as ConstructorParameters<typeof SrtpSession>[0];
    this.#srtp = new SrtpSession(config);
    this.#srtcp = new SrtcpSession(config);
  }

  #receiveMedia(datagram: Buffer, socket: number): void {
    this.mediaDatagrams++;
    if (this.#countsOnly) return;
    const type = datagram[1] ?? 0;
    if (type >= 192 && type < 224) {
      const plain = this.#srtcp?.decrypt(datagram);
      if (plain) this.rtcp.push(plain);
      return;
    }
    const plain = this.#srtp?.decrypt(datagram);
    if (!plain) return;
    const extended = (plain[0] ?? 0) & 0x10 ? 4 + 4 * plain.readUInt16BE(14) : 0;
    this.packets.push({
      marker: (type & 0x80) !== 0,
      payloadType: type & 0x7f,
      seq: plain.readUInt16BE(2),
      timestamp: plain.readUInt32BE(4),
      ssrc: plain.readUInt32BE(8),
      payload: plain.subarray(12 + extended),
      bytes: datagram.length,
      socket,
    });
  }
}

/** Receiver-side RTCP as browsers send it, reduced size (RFC 5506). */
export const feedback = {
  nack(mediaSsrc: number, seq: number, bitmask = 0): Buffer {
    const packet = Buffer.alloc(16);
    packet.set([0x81, 205, 0, 3]);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(mediaSsrc, 8);
    packet.writeUInt16BE(seq, 12);
    packet.writeUInt16BE(bitmask, 14);
    return packet;
  },
  pli(mediaSsrc: number): Buffer {
    const packet = Buffer.alloc(12);
    packet.set([0x81, 206, 0, 2]);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(mediaSsrc, 8);
    return packet;
  },
  /** One report block (RFC 3550 6.4.2); `lastSr`: the middle of the NTP time of a sender report. */
  rr(mediaSsrc: number, fractionLost: number, lastSr: number): Buffer {
    const packet = Buffer.alloc(32);
    packet.set([0x81, 201, 0, 7]);
    packet.writeUInt32BE(1, 4);
    packet.writeUInt32BE(mediaSsrc, 8);
    packet.writeUInt8(fractionLost, 12);
    packet.writeUInt32BE(lastSr, 24);
    return packet;
  },
};
