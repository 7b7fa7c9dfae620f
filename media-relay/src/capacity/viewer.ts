/**
 * A WHEP viewer that counts what it gets, unread, and says what browsers say: ICE checks, receiver reports, transport-wide
 * feedback. werift's DTLS client and SRTCP, so that the other end of the wire is not the product's own.
 */
import { createSecretKey, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as Werift from 'werift';
import { createCertificate, type Certificate } from '../webrtc/certificate.ts';
import { writeBindingRequest } from '../webrtc/stun-writer.ts';
import { writeReceiverReport, writeTransportFeedback, type Arrival } from './transport-feedback.ts';

const videoPayloadType = 102;
const transportCcId = 3;
const transportCcUri = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const joinTimeoutMs = 10_000;
/** Chromium reports this often. */
const tickMs = 62;
const reportEveryTicks = 16;
const checkEveryTicks = 40;
const aes128gcm = 7;
const receiveBufferBytes = 2 ** 20;

/** What is the same for all viewers of a run: loading werift takes about a second. */
export interface ViewerKit {
  readonly werift: typeof Werift;
  readonly certificate: Certificate;
}

export function viewerKit(): ViewerKit {
  const path = fileURLToPath(import.meta.resolve('werift'));
  return {
    werift: createRequire(import.meta.url)(path) as typeof Werift,
    certificate: createCertificate(Date.now()),
  };
}

export interface ViewerOptions {
  readonly relayUrl: string;
  readonly stream: string;
  /** Transport-wide feedback every 62 ms, as browsers send it. */
  readonly hasFeedback: boolean;
}

interface Remote {
  readonly port: number;
  readonly ufrag: string;
  readonly pwd: string;
}

export class CountingViewer {
  /** Media datagrams. */
  packets = 0;
  readonly #kit: ViewerKit;
  readonly #options: ViewerOptions;
  readonly #socket: Socket = createSocket('udp4');
  readonly #ufrag = randomBytes(4).toString('hex');
  #location: URL | undefined;
  #remote: Remote | undefined;
  #dtls: Werift.DtlsClient | undefined;
  #toDtls: (datagram: Buffer) => void = () => undefined;
  #onChecked: () => void = () => undefined;
  #srtcp: Werift.SrtcpSession | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #feedbackCount = 0;
  #arrivals: Arrival[] = [];
  #ssrc = 0;
  #highestSeq = 0;

  /** Resolves once media can flow. Rejects with a sentence; what was opened is closed then. */
  static async join(kit: ViewerKit, options: ViewerOptions): Promise<CountingViewer> {
    const viewer = new CountingViewer(kit, options);
    try {
      await viewer.#join();
    } catch (error) {
      viewer.#release();
      throw error;
    }
    return viewer;
  }

  private constructor(kit: ViewerKit, options: ViewerOptions) {
    this.#kit = kit;
    this.#options = options;
    this.#socket.on('error', () => undefined);
    this.#socket.on('message', (datagram) => this.#receive(datagram));
  }

  /** DELETE at the relay, as a page does. */
  async leave(): Promise<void> {
    if (this.#location !== undefined)
      await fetch(this.#location, { method: 'DELETE', signal: AbortSignal.timeout(joinTimeoutMs) }).then(
        (response) => response.arrayBuffer(),
        () => undefined,
      );
    this.#release();
  }

  async #join(): Promise<void> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    // The kernel gives as much as it may: a key frame comes at once, to all viewers of this process.
    this.#socket.setRecvBufferSize(receiveBufferBytes);
    const { relayUrl, stream } = this.#options;
    const url = new URL(`api/v1/whep/${stream}`, relayUrl);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp' },
      body: this.#offer(),
      signal: AbortSignal.timeout(joinTimeoutMs),
    });
    const answer = await response.text();
    const location = response.headers.get('location');
    if (response.status !== 201 || location === null)
      throw new Error(`the relay refused a viewer with status ${response.status}: ${answer.slice(0, 300)}`);
    this.#location = new URL(location, url);
    this.#remote = remoteOf(answer);
    await within(this.#connect(), 'a viewer was not connected');
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  async #connect(): Promise<void> {
    const checked = new Promise<void>((resolve) => (this.#onChecked = resolve));
    this.#check();
    await checked;
    const { werift, certificate } = this.#kit;
    const transport: ConstructorParameters<typeof Werift.DtlsClient>[0]['transport'] = {
      type: 'udp',
      address: { address: '', family: '', port: 0 },
      closed: false,
      onData: () => undefined,
      send: (datagram) => {
        this.#send(datagram);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const dtls = (this.#dtls = new werift.DtlsClient({
      transport,
      cert: pem('CERTIFICATE', certificate.der),
      key: pem('PRIVATE KEY', certificate.privateKeyDer),
      signatureHash: { hash: 4, signature: 3 }, // SHA-256 with ECDSA
      srtpProfiles: [aes128gcm],
      extendedMasterSecret: true,
    }));
    this.#toDtls = (datagram) => transport.onData(datagram, ['', 0]);
    const connected = new Promise<void>((resolve, reject) => {
      dtls.onConnect.subscribe(resolve);
      dtls.onError.subscribe(reject);
    });
    await Promise.all([dtls.connect(), connected]);
    const { localKey, localSalt, remoteKey, remoteSalt } = dtls.extractSessionKeys(16, 12);
    this.#srtcp = new werift.SrtcpSession({
      profile: aes128gcm,
      keys: {
        localMasterKey: localKey,
        localMasterSalt: localSalt,
        remoteMasterKey: remoteKey,
        remoteMasterSalt: remoteSalt,
      },
    });
  }

  #offer(): string {
    const transportCc = this.#options.hasFeedback
      ? [`a=extmap:${transportCcId} ${transportCcUri}`, `a=rtcp-fb:${videoPayloadType} transport-cc`]
      : [];
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0',
      `m=video 9 UDP/TLS/RTP/SAVPF ${videoPayloadType}`,
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      'a=recvonly',
      'a=rtcp-mux',
      'a=rtcp-rsize',
      `a=ice-ufrag:${this.#ufrag}`,
      `a=ice-pwd:${randomBytes(12).toString('hex')}`,
      `a=fingerprint:sha-256 ${this.#kit.certificate.fingerprint}`,
      'a=setup:actpass',
      `a=rtpmap:${videoPayloadType} H264/90000`,
      `a=fmtp:${videoPayloadType} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f`,
      `a=rtcp-fb:${videoPayloadType} nack`,
      `a=rtcp-fb:${videoPayloadType} nack pli`,
      ...transportCc,
      '',
    ].join('\r\n');
  }

  #check(): void {
    if (this.#remote === undefined) return;
    const { ufrag, pwd } = this.#remote;
    this.#send(
      writeBindingRequest({
        transactionId: randomBytes(12),
        username: `${ufrag}:${this.#ufrag}`,
        key: createSecretKey(pwd, 'utf8'),
        priority: 1,
        role: 'controlling',
        tieBreaker: 1n,
        useCandidate: true,
      }),
    );
  }

  #receive(datagram: Buffer): void {
    const first = datagram[0] ?? 0;
    if (first < 4) this.#onChecked();
    else if (first < 64) this.#toDtls(datagram);
    else this.#count(datagram);
  }

  #count(datagram: Buffer): void {
    const type = datagram[1] ?? 0;
    if (type >= 192 && type < 224) return; // RTCP
    this.packets++;
    this.#highestSeq = datagram.readUInt16BE(2);
    this.#ssrc = datagram.readUInt32BE(8);
    if (!this.#options.hasFeedback) return;
    const seq = transportSeq(datagram);
    if (seq !== undefined) this.#arrivals.push({ seq, atMs: performance.now() });
  }

  #tick(): void {
    this.#ticks++;
    if (this.#ticks % checkEveryTicks === 0) this.#check();
    if (this.#ssrc === 0) return;
    if (this.#ticks % reportEveryTicks === 0)
      this.#sendRtcp(writeReceiverReport(this.#ssrc, this.#highestSeq));
    if (this.#arrivals.length === 0) return;
    this.#sendRtcp(writeTransportFeedback(this.#ssrc, this.#feedbackCount++, this.#arrivals));
    this.#arrivals = [];
  }

  #sendRtcp(packet: Buffer): void {
    if (this.#srtcp !== undefined) this.#send(this.#srtcp.encrypt(packet));
  }

  #send(datagram: Uint8Array): void {
    if (this.#remote !== undefined) this.#socket.send(datagram, this.#remote.port, '127.0.0.1');
  }

  #release(): void {
    clearInterval(this.#timer);
    this.#remote = undefined;
    this.#dtls?.close();
    this.#socket.close();
  }
}

/** Of the relay's loopback candidate over UDP. */
function remoteOf(answer: string): Remote {
  const candidate = answer
    .split('\r\n')
    .map((line) => /^a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+) /i.exec(line)?.[1])
    .find((port) => port !== undefined);
  const field = (name: string): string => new RegExp(`^a=${name}:(\\S+)`, 'm').exec(answer)?.[1] ?? '';
  if (candidate === undefined) throw new Error('the answer has no candidate on loopback');
  return { port: Number(candidate), ufrag: field('ice-ufrag'), pwd: field('ice-pwd') };
}

/** RFC 8285 4.2, one-byte headers; the extension is not encrypted. */
function transportSeq(packet: Buffer): number | undefined {
  if (((packet[0] ?? 0) & 0x10) === 0 || packet.length < 16) return undefined;
  const end = 16 + 4 * packet.readUInt16BE(14);
  for (let at = 16; at < end && at + 3 <= packet.length;) {
    const head = packet[at] ?? 0;
    if (head === 0) at++;
    else if (head >> 4 === transportCcId) return packet.readUInt16BE(at + 1);
    else at += 2 + (head & 0x0f);
  }
  return undefined;
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${joinTimeoutMs / 1000} s`)), joinTimeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
