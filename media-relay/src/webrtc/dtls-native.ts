/** DTLS by the OpenSSL inside Node.js, over memory BIOs that keep datagram boundaries. */
import type { Arena, Block } from '../native/arena.ts';
import {
  acceptAnyCertificate,
  control,
  fastHandshakeTimer,
  sslFlags,
  writeCString,
  type OpenSsl,
} from '../native/openssl.ts';
import { NativeError } from '../native/library.ts';
import { formatFingerprint, type Certificate } from './certificate.ts';
import type { Dtls, DtlsEvents, DtlsFactory, DtlsRole } from './dtls.ts';
import { hasChangedCipher } from './dtls-handshake.ts';
import { profileById, srtpProfiles } from './srtp.ts';

/** Flights stay below what every path carries (RFC 8445 and browsers use 1,200). */
const MTU = 1200;
const EXPORTER_LABEL = 'EXTRACTOR-dtls_srtp';
const MAX_DATAGRAM = 16_384;

export function nativeDtls(openssl: OpenSsl, arena: Arena, certificate: Certificate): DtlsFactory {
  return new NativeDtlsFactory(openssl, arena, certificate);
}

class NativeDtlsFactory implements DtlsFactory {
  readonly fingerprint: string;
  readonly canBeClient = true;
  /** C string: what a client offers. */
  readonly clientProfiles: number;
  readonly openssl: OpenSsl;
  readonly context: number;
  readonly scratch: Block;
  readonly label: number;
  readonly timer = fastHandshakeTimer();
  readonly #verify = acceptAnyCertificate();
  readonly #arena: Arena;
  readonly #strings: Block;

  constructor(openssl: OpenSsl, arena: Arena, certificate: Certificate) {
    this.openssl = openssl;
    this.#arena = arena;
    this.fingerprint = certificate.fingerprint;
    this.scratch = arena.allocate(MAX_DATAGRAM);
    this.#strings = arena.allocate(512);
    this.label = writeCString(this.#strings, 0, EXPORTER_LABEL);
    const ciphers = writeCString(this.#strings, 64, 'ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES128');
    const profiles = writeCString(
      this.#strings,
      128,
      Object.values(srtpProfiles)
        .map((p) => p.openSslName)
        .join(':'),
    );
    this.clientProfiles = writeCString(this.#strings, 320, srtpProfiles.aes128gcm.openSslName);
    const groups = writeCString(this.#strings, 256, 'X25519:P-256:P-384');

    this.context = openssl.SSL_CTX_new(openssl.DTLS_method());
    if (this.context === 0) throw new NativeError(`SSL_CTX_new: ${this.lastError()}`);
    const { scratch } = this;
    scratch.bytes.set(certificate.der);
    this.#must(
      'certificate',
      openssl.SSL_CTX_use_certificate_ASN1(this.context, certificate.der.length, scratch.address),
    );
    scratch.bytes.set(certificate.privateKeyDer);
    const EVP_PKEY_EC = 408;
    this.#must(
      'private key',
      openssl.SSL_CTX_use_PrivateKey_ASN1(
        EVP_PKEY_EC,
        this.context,
        scratch.address,
        certificate.privateKeyDer.length,
      ),
    );
    scratch.bytes.fill(0, 0, certificate.privateKeyDer.length);
    this.#must('cipher list', openssl.SSL_CTX_set_cipher_list(this.context, ciphers));
    this.#must('groups', openssl.SSL_CTX_ctrl(this.context, control.SSL_CTRL_SET_GROUPS_LIST, 0, groups));
    this.#must(
      'version',
      openssl.SSL_CTX_ctrl(this.context, control.SSL_CTRL_SET_MIN_PROTO_VERSION, sslFlags.DTLS1_2_VERSION, 0),
    );
    // This one answers 0 for success.
    if (openssl.SSL_CTX_set_tlsext_use_srtp(this.context, profiles) !== 0)
      throw new NativeError(`SRTP profiles: ${this.lastError()}`);
    openssl.SSL_CTX_ctrl(
      this.context,
      control.SSL_CTRL_MODE,
      sslFlags.SSL_MODE_RELEASE_BUFFERS | sslFlags.SSL_MODE_AUTO_RETRY,
      0,
    );
    openssl.SSL_CTX_set_options(
      this.context,
      sslFlags.SSL_OP_NO_QUERY_MTU | sslFlags.SSL_OP_NO_TICKET | sslFlags.SSL_OP_NO_RENEGOTIATION,
    );
    openssl.SSL_CTX_set_verify(
      this.context,
      sslFlags.SSL_VERIFY_PEER | sslFlags.SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
      this.#verify.pointer,
    );
  }

  open(role: DtlsRole, peerFingerprint: string, events: DtlsEvents): Dtls {
    return new NativeDtls(this, role, peerFingerprint.toUpperCase(), events);
  }

  close(): void {
    this.openssl.SSL_CTX_free(this.context);
    this.#verify.release();
    this.timer.release();
    this.#arena.free(this.scratch);
    this.#arena.free(this.#strings);
  }

  /** The newest entry of OpenSSL's error queue as text: 'error:…:no shared cipher'. */
  lastError(): string {
    const code = this.openssl.ERR_peek_error();
    if (code === 0) return 'no error queued';
    this.openssl.ERR_error_string_n(code, this.scratch.address, 256);
    return Buffer.from(this.scratch.bytes.subarray(0, this.scratch.bytes.indexOf(0))).toString('latin1');
  }

  #must(what: string, result: number): void {
    if (result !== 1) throw new NativeError(`DTLS ${what}: ${this.lastError()}`);
  }
}

class NativeDtls implements Dtls {
  readonly #factory: NativeDtlsFactory;
  readonly #events: DtlsEvents;
  readonly #role: DtlsRole;
  readonly #peerFingerprint: string;
  readonly #ssl: number;
  readonly #fromPeer: number;
  readonly #toPeer: number;
  /** 'deaf': connected, but OpenSSL reads no more. */
  #state: 'new' | 'handshaking' | 'unconfirmed' | 'connected' | 'deaf' | 'ended' | 'freed';
  #hasSentFinished = false;
  #hasRepeatedFinished = false;
  #busy = false;
  #freeLater = false;

  constructor(factory: NativeDtlsFactory, role: DtlsRole, peerFingerprint: string, events: DtlsEvents) {
    const { openssl } = factory;
    this.#factory = factory;
    this.#events = events;
    this.#role = role;
    this.#peerFingerprint = peerFingerprint;
    this.#ssl = openssl.SSL_new(factory.context);
    this.#fromPeer = openssl.BIO_new(openssl.BIO_s_dgram_mem());
    this.#toPeer = openssl.BIO_new(openssl.BIO_s_dgram_mem());
    openssl.SSL_set_bio(this.#ssl, this.#fromPeer, this.#toPeer); // owns both from now on
    openssl.SSL_ctrl(this.#ssl, control.SSL_CTRL_SET_MTU, MTU, 0);
    openssl.DTLS_set_timer_cb(this.#ssl, factory.timer.pointer);
    if (role === 'client') {
      openssl.SSL_set_tlsext_use_srtp(this.#ssl, factory.clientProfiles);
      openssl.SSL_set_connect_state(this.#ssl);
      this.#state = 'new';
    } else {
      openssl.SSL_set_accept_state(this.#ssl);
      this.#state = 'handshaking';
    }
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'handshaking';
    this.#run(() => this.#advance());
  }

  handle(datagram: Uint8Array): void {
    const { openssl, scratch } = this.#factory;
    if (!this.#isHandshaking && this.#state !== 'connected') return;
    if (datagram.length > MAX_DATAGRAM) return;
    scratch.bytes.set(datagram);
    openssl.BIO_write(this.#fromPeer, scratch.address, datagram.length);
    this.#run(() => this.#advance());
  }

  timeoutMs(): number | undefined {
    if (!this.#isHandshaking) return undefined;
    const { openssl, scratch } = this.#factory;
    // struct timeval { long tv_sec; long tv_usec }
    if (openssl.SSL_ctrl(this.#ssl, control.DTLS_CTRL_GET_TIMEOUT, 0, scratch.address) !== 1)
      return undefined;
    const view = new DataView(scratch.bytes.buffer, scratch.bytes.byteOffset);
    return Number(view.getBigInt64(0, true)) * 1000 + Math.ceil(Number(view.getBigInt64(8, true)) / 1000);
  }

  handleTimeout(): void {
    if (!this.#isHandshaking) return;
    this.#run(() => {
      const { openssl } = this.#factory;
      openssl.ERR_clear_error();
      const repeated = openssl.SSL_ctrl(this.#ssl, control.DTLS_CTRL_HANDLE_TIMEOUT, 0, 0);
      if (repeated < 0) this.#end('failed', `no answer from the viewer: ${this.#factory.lastError()}`);
    });
  }

  get #isHandshaking(): boolean {
    return this.#state === 'handshaking' || this.#state === 'unconfirmed';
  }

  close(): void {
    if (this.#state === 'freed') return;
    if (this.#state === 'connected') {
      this.#factory.openssl.ERR_clear_error();
      this.#factory.openssl.SSL_shutdown(this.#ssl);
      this.#flush();
    }
    this.#state = 'ended';
    if (this.#busy) this.#freeLater = true;
    else this.#free();
  }

  /** Runs OpenSSL, then sends what it wrote. A callback may close this session meanwhile: freeing waits for the end. */
  #run(step: () => void): void {
    this.#busy = true;
    try {
      step();
      this.#flush();
    } finally {
      this.#busy = false;
      if (this.#freeLater) this.#free();
    }
  }

  #advance(): void {
    if (this.#isHandshaking) this.#shakeHands();
    // A goodbye may have come with the end of the handshake, or before it.
    if (this.#state === 'connected') this.#readAll();
  }

  /**
   * Application data is nothing to us, but reading answers late flights and shows close_notify. All of it: a datagram holds
   * hundreds of small records, and what is left would pile up. So it would behind a record that OpenSSL gives the connection
   * up for, and anybody can forge one (shorter than its cipher's tag), though RFC 6347 4.1.2.7 has it dropped: media has its
   * keys and goes on, only goodbyes are neither heard nor said any more.
   */
  #readAll(): void {
    const { openssl, scratch } = this.#factory;
    let count: number;
    do {
      openssl.ERR_clear_error();
      count = openssl.SSL_read(this.#ssl, scratch.address, MAX_DATAGRAM);
    } while (count > 0);
    if (openssl.SSL_get_shutdown(this.#ssl) & sslFlags.SSL_RECEIVED_SHUTDOWN)
      this.#end('closed', 'close_notify');
    else if (openssl.SSL_get_error(this.#ssl, count) !== sslFlags.SSL_ERROR_WANT_READ) this.#becomeDeaf();
  }

  #becomeDeaf(): void {
    const { openssl, scratch } = this.#factory;
    this.#state = 'deaf';
    // The viewer would end the session at the alert that OpenSSL has written.
    while (openssl.BIO_read(this.#toPeer, scratch.address, MAX_DATAGRAM) > 0);
  }

  #shakeHands(): void {
    const { openssl } = this.#factory;
    openssl.ERR_clear_error();
    const result = openssl.SSL_do_handshake(this.#ssl);
    const isDone = result === 1;
    if (!isDone && openssl.SSL_get_error(this.#ssl, result) !== sslFlags.SSL_ERROR_WANT_READ) {
      this.#end('failed', this.#factory.lastError());
      return;
    }
    this.#flush();
    if (this.#state === 'unconfirmed') {
      if (!isDone) return;
      this.#state = 'connected';
      if (this.#hasRepeatedFinished) this.#events.confirmedLate();
    } else if (isDone || this.#hasSentFinished) {
      this.#takeKeys(isDone ? 'connected' : 'unconfirmed');
    }
  }

  #takeKeys(state: 'unconfirmed' | 'connected'): void {
    const fingerprint = this.#readPeerFingerprint();
    if (fingerprint !== this.#peerFingerprint) {
      this.#end('failed', 'the viewer\u2019s certificate is not the one its offer names');
      return;
    }
    const { openssl, scratch, label } = this.#factory;
    const chosen = openssl.SSL_get_selected_srtp_profile(this.#ssl);
    const profile = profileById(chosen === 0 ? 0 : this.#profileId(chosen));
    if (profile === undefined) {
      this.#end('failed', 'the viewer supports none of our SRTP profiles');
      return;
    }
    const { keyBytes, saltBytes } = srtpProfiles[profile];
    const length = 2 * (keyBytes + saltBytes);
    const exported = openssl.SSL_export_keying_material(
      this.#ssl,
      scratch.address,
      length,
      label,
      EXPORTER_LABEL.length,
      0,
      0,
      0,
    );
    if (exported !== 1) {
      this.#end('failed', `no keys for SRTP: ${this.#factory.lastError()}`);
      return;
    }
    const keyingMaterial = scratch.bytes.slice(0, length);
    scratch.bytes.fill(0, 0, length);
    this.#state = state;
    this.#events.connected(profile, keyingMaterial);
  }

  #readPeerFingerprint(): string {
    const { openssl, scratch } = this.#factory;
    const certificate = openssl.SSL_get1_peer_certificate(this.#ssl);
    if (certificate === 0) return '';
    const digested = openssl.X509_digest(
      certificate,
      openssl.EVP_sha256(),
      scratch.address,
      scratch.address + 64,
    );
    openssl.X509_free(certificate);
    return digested === 1 ? formatFingerprint(scratch.bytes.subarray(0, 32)) : '';
  }

  /** struct srtp_protection_profile { const char* name; unsigned long id }. */
  #profileId(pointer: number): number {
    return this.#factory.openssl.readUlong(pointer + 8);
  }

  #end(reason: 'closed' | 'failed', detail: string): void {
    if (this.#state === 'ended' || this.#state === 'freed') return;
    this.#flush(); // the alert that says why
    this.#state = 'ended';
    this.#events.ended(reason, detail);
  }

  #flush(): void {
    const { openssl, scratch } = this.#factory;
    for (;;) {
      const length = openssl.BIO_read(this.#toPeer, scratch.address, MAX_DATAGRAM);
      if (length <= 0) return;
      const datagram = scratch.bytes.subarray(0, length);
      // OpenSSL's client goes on to its Finished once it has verified all that the server signed. It repeats it when asked to
      // look at its timer, and by itself.
      if (this.#isHandshaking && this.#role === 'client' && hasChangedCipher(datagram)) {
        this.#hasSentFinished = true;
        this.#hasRepeatedFinished ||= this.#state === 'unconfirmed';
      }
      this.#events.send(datagram);
    }
  }

  #free(): void {
    if (this.#state === 'freed') return;
    this.#state = 'freed';
    this.#factory.openssl.SSL_free(this.#ssl); // and its BIOs
  }
}
