/**
 * DTLS by werift's server, and the server only, for systems where OpenSSL cannot be called. werift builds the messages
 * and makes the keys; what it lacks is done here, before it sees a byte: order and reassembly, retransmission, who the
 * client is (its certificate's fingerprint, the signature of CertificateVerify, its Finished), and an established session
 * that no forged ClientHello or alert can reset. Only ECDHE-ECDSA-AES128-GCM-SHA256 with extended master secret (RFC
 * 7627), which every browser offers.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as Werift from 'werift';
import { fingerprintOf, type Certificate } from './certificate.ts';
import type { Dtls, DtlsEvents, DtlsFactory } from './dtls.ts';
import {
  contentType,
  firstCertificate,
  HandshakeAssembly,
  handshakeType,
  isClientFinished,
  provesPossession,
  readMessage,
  readRecords,
  writeRecord,
  type DtlsRecord,
  type HandshakeMessage,
} from './dtls-handshake.ts';
import { profileById, srtpProfiles, type SrtpProfileName } from './srtp.ts';
import { keyingMaterialBytes, keyingMaterialLabel } from './srtp-keys.ts';

const MAX_DATAGRAM = 16_384;
const FIRST_TIMEOUT_MS = 50;
const MAX_TIMEOUT_MS = 1600;
const MAX_RESENDS = 12;
const FATAL = 2;
const CLOSE_NOTIFY = Buffer.from([1, 0]);
const HANDSHAKE_FAILURE = Buffer.from([FATAL, 40]);
const DECRYPT_ERROR = Buffer.from([FATAL, 51]);
/** werift's numbers for the side that a record's keys belong to. */
const SERVER_SIDE = 2;

/** Types of the client's messages, by sequence number: werift always asks for a cookie first. */
const clientMessages: readonly number[] = [
  handshakeType.clientHello,
  handshakeType.clientHello,
  handshakeType.certificate,
  handshakeType.clientKeyExchange,
  handshakeType.certificateVerify,
];
const FINISHED_SEQ = clientMessages.length;
/** Sequence number to come while the client has not answered ServerHelloDone. */
const AWAITING_CERTIFICATE = 2;

/** Takes about a second and 40 MB, so only where it is needed. Throws when werift is not installed. */
export function portableDtls(
  certificate: Certificate,
  clock: () => number = () => performance.now(),
): DtlsFactory {
  // Its CommonJS build, which a plain `require` would choose, is several times slower.
  const { DtlsServer } = createRequire(import.meta.url)(
    fileURLToPath(import.meta.resolve('werift')),
  ) as typeof Werift;
  const cert = pem('CERTIFICATE', certificate.der);
  const key = pem('PRIVATE KEY', certificate.privateKeyDer);
  const serve = (transport: DtlsTransport): Werift.DtlsServer =>
    new DtlsServer({
      transport,
      cert,
      key,
      signatureHash: { hash: 4, signature: 3 }, // SHA-256 with ECDSA
      srtpProfiles: [srtpProfiles.aes128gcm.id, srtpProfiles.aes128cmSha1.id],
      certificateRequest: true,
      extendedMasterSecret: true,
    });
  return {
    fingerprint: certificate.fingerprint,
    canBeClient: false,
    open: (_role, peerFingerprint, events) =>
      new PortableDtls(serve, peerFingerprint.toUpperCase(), events, clock),
    close: () => {},
  };
}

type DtlsTransport = ConstructorParameters<typeof Werift.DtlsServer>[0]['transport'];

class PortableDtls implements Dtls {
  readonly #events: DtlsEvents;
  readonly #peerFingerprint: string;
  readonly #clock: () => number;
  readonly #server: Werift.DtlsServer;
  readonly #transport: DtlsTransport;
  readonly #assembly = new HandshakeAssembly();
  #state: 'handshaking' | 'proven' | 'connected' | 'ended' = 'handshaking';
  #profile: SrtpProfileName | undefined;
  #certificate: Buffer | undefined;
  /** The last flight, for the client that did not get it. */
  #flight: Uint8Array[] = [];
  #timeoutMs = FIRST_TIMEOUT_MS;
  #resendAtMs: number | undefined;
  #resends = 0;

  constructor(
    serve: (transport: DtlsTransport) => Werift.DtlsServer,
    peerFingerprint: string,
    events: DtlsEvents,
    clock: () => number,
  ) {
    this.#events = events;
    this.#peerFingerprint = peerFingerprint;
    this.#clock = clock;
    this.#transport = {
      type: 'udp',
      address: { address: '', family: '', port: 0 },
      closed: false,
      onData: () => {},
      send: (datagram) => this.#sendFlight(datagram),
      close: () => Promise.resolve(),
    };
    this.#server = serve(this.#transport);
    this.#server.onConnect.subscribe(() => this.#connected());
    this.#server.onError.subscribe((error) => this.#fail(this.#reasonOf(error), HANDSHAKE_FAILURE));
  }

  start(): void {}

  handle(datagram: Uint8Array): void {
    if (this.#state === 'ended' || datagram.length > MAX_DATAGRAM) return;
    // A copy, because werift keeps pieces of what it is given.
    for (const record of readRecords(Buffer.from(datagram))) {
      if (this.#state === 'handshaking') this.#handshake(record);
      else if (this.#state === 'connected' && record.epoch === 1) this.#established(record);
    }
  }

  timeoutMs(): number | undefined {
    if (this.#resendAtMs === undefined) return undefined;
    return Math.max(0, Math.ceil(this.#resendAtMs - this.#clock()));
  }

  handleTimeout(): void {
    if (this.#resendAtMs === undefined || this.#clock() < this.#resendAtMs) return;
    if (++this.#resends > MAX_RESENDS) {
      this.#end('failed', 'no answer from the viewer');
      return;
    }
    this.#timeoutMs = Math.min(this.#timeoutMs * 2, MAX_TIMEOUT_MS);
    this.#resendAtMs = this.#clock() + this.#timeoutMs;
    this.#resend();
  }

  close(): void {
    if (this.#state === 'connected') this.#sendEncryptedAlert(CLOSE_NOTIFY);
    this.#stop();
  }

  #handshake(record: DtlsRecord): void {
    if (record.type === contentType.alert && record.epoch === 0) {
      const [level, description] = record.fragment;
      if (level === FATAL || description === 0)
        this.#end('failed', `the viewer answered with alert ${description}`);
    } else if (record.type === contentType.handshake && record.epoch === 1) {
      this.#finish(record);
    } else if (record.type === contentType.handshake && record.epoch === 0) {
      const repeats = this.#assembly.add(record.fragment);
      if (repeats && this.#assembly.next <= AWAITING_CERTIFICATE) this.#resend();
      for (let message = this.#assembly.take(); message; message = this.#assembly.take()) {
        if (message.type !== clientMessages[message.seq]) {
          this.#assembly.reject();
          return;
        }
        this.#message(message);
        if (this.#state !== 'handshaking') return;
      }
    }
  }

  /** One message of the client, whole and in its place. */
  #message(message: HandshakeMessage): void {
    if (message.type === handshakeType.certificate) {
      this.#resendAtMs = undefined;
      const certificate = firstCertificate(message.body);
      if (certificate === undefined) {
        this.#fail('the viewer sent no certificate', HANDSHAKE_FAILURE);
        return;
      }
      if (fingerprintOf(certificate) !== this.#peerFingerprint) {
        this.#fail('the viewer’s certificate is not the one its offer names', HANDSHAKE_FAILURE);
        return;
      }
      this.#certificate = certificate;
    } else if (message.type === handshakeType.certificateVerify && !this.#isOwner(message)) {
      this.#fail('bad signature: the viewer does not have the key of its certificate', DECRYPT_ERROR);
      return;
    }
    if (message.type === handshakeType.clientHello) this.#flight = [];
    this.#feed(writeRecord(contentType.handshake, 0, message.whole));
    if (message.type === handshakeType.clientHello && message.seq > 0) this.#checkHello();
  }

  #isOwner(message: HandshakeMessage): boolean {
    return (
      this.#certificate !== undefined && provesPossession(message.body, this.#certificate, this.#transcript())
    );
  }

  /** What werift made of the ClientHello with the cookie. */
  #checkHello(): void {
    const { dtls, srtp } = this.#server;
    if (dtls.flight !== 4) {
      this.#assembly.reject(); // a wrong cookie
      return;
    }
    this.#profile = profileById(srtp.srtpProfile ?? 0);
    if (this.#profile === undefined) this.#fail(NO_PROFILE, HANDSHAKE_FAILURE);
    else if (!dtls.remoteExtendedMasterSecret)
      this.#fail('the viewer lacks extended master secret', HANDSHAKE_FAILURE);
    else this.#resendAtMs = this.#clock() + this.#timeoutMs;
  }

  /** The client's Finished, encrypted: the last proof. werift answers it with ours. */
  #finish(record: DtlsRecord): void {
    if (this.#assembly.next !== FINISHED_SEQ) return; // overtook the rest of its flight
    const plain = this.#decrypt(record);
    const message = plain && readMessage(plain);
    if (message === undefined) return;
    const { masterSecret } = this.#server.cipher;
    if (
      message.type !== handshakeType.finished ||
      message.seq !== FINISHED_SEQ ||
      !isClientFinished(message.body, masterSecret, this.#transcript())
    ) {
      this.#fail('the viewer’s Finished does not match the handshake', DECRYPT_ERROR);
      return;
    }
    this.#state = 'proven';
    this.#flight = [];
    this.#feed(record.whole);
  }

  #connected(): void {
    const profile = this.#profile;
    if (this.#state !== 'proven' || profile === undefined) return;
    this.#state = 'connected';
    const keyingMaterial = this.#server.exportKeyingMaterial(
      keyingMaterialLabel,
      keyingMaterialBytes(profile),
    );
    this.#events.connected(profile, keyingMaterial);
  }

  /** Of an established session only what is encrypted counts, and of that, only alerts and a Finished sent again. */
  #established(record: DtlsRecord): void {
    if (record.type !== contentType.alert && record.type !== contentType.handshake) return;
    const plain = this.#decrypt(record);
    if (plain === undefined) return;
    if (record.type === contentType.handshake) {
      if (plain[0] === handshakeType.finished) this.#resend();
      return;
    }
    const [level, description] = plain;
    if (description === 0) this.#end('closed', 'close_notify');
    else if (level === FATAL) this.#end('closed', `alert ${description}`);
  }

  /** Every handshake message so far, as hashed by CertificateVerify and Finished. */
  #transcript(): Buffer {
    return Buffer.concat(this.#server.dtls.sortedHandshakeCache.map((message) => message.serialize()));
  }

  #decrypt({ type, epoch, sequenceNumber, fragment }: DtlsRecord): Buffer | undefined {
    try {
      const header = { type, version: 0xfefd, epoch, sequenceNumber };
      return this.#server.cipher.cipher.decrypt(SERVER_SIDE, fragment, header);
    } catch {
      return undefined; // forged or damaged
    }
  }

  #feed(datagram: Buffer): void {
    try {
      this.#transport.onData(datagram, ['', 0]);
    } catch (error) {
      this.#fail(this.#reasonOf(error), HANDSHAKE_FAILURE);
    }
  }

  /** What werift sends. It sends a flight again by a timer of its own, from 500 ms on: ours is earlier, so that is dropped. */
  #sendFlight(datagram: Uint8Array): Promise<void> {
    if (this.#state === 'ended' || this.#flight.includes(datagram)) return Promise.resolve();
    this.#flight.push(datagram);
    this.#events.send(datagram);
    return Promise.resolve();
  }

  #resend(): void {
    for (const datagram of this.#flight) this.#events.send(datagram);
  }

  #sendEncryptedAlert(alert: Buffer): void {
    const { cipher, dtls } = this.#server;
    const sequenceNumber = ++dtls.recordSequenceNumber;
    const header = { type: contentType.alert, version: 0xfefd, epoch: 1, sequenceNumber };
    const record = writeRecord(
      contentType.alert,
      sequenceNumber,
      cipher.cipher.encrypt(SERVER_SIDE, alert, header),
    );
    record.writeUInt16BE(1, 3);
    this.#events.send(record);
  }

  #reasonOf(error: unknown): string {
    // werift throws an error without a message for it
    const message = error instanceof Error ? error.message : String(error);
    return message === '' ? NO_PROFILE : message;
  }

  #fail(detail: string, alert: Buffer): void {
    if (this.#state === 'ended') return;
    if (this.#state !== 'connected')
      this.#events.send(writeRecord(contentType.alert, ++this.#server.dtls.recordSequenceNumber, alert));
    this.#end('failed', detail);
  }

  #end(reason: 'closed' | 'failed', detail: string): void {
    if (this.#state === 'ended') return;
    this.#stop();
    this.#events.ended(reason, detail);
  }

  #stop(): void {
    this.#state = 'ended';
    this.#resendAtMs = undefined;
    this.#flight = [];
    // werift's timer looks at this when it fires (after 5.5 s at most) and then ends.
    this.#server.dtls.flight = 6;
  }
}

const NO_PROFILE = 'the viewer supports none of our SRTP profiles';

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
