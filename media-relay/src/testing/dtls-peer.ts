/** OpenSSL as a viewer's end of DTLS in memory, for tests: with its own certificate, or with one whose key it does not have. */
import type { Arena } from '../native/arena.ts';
import { openLibrary } from '../native/library.ts';
import type { DtlsRole } from '../webrtc/dtls.ts';
import {
  acceptAnyCertificate,
  control,
  fastHandshakeTimer,
  sslFlags,
  writeCString,
  type OpenSsl,
} from '../native/openssl.ts';

const sslWrite = openLibrary(undefined).bind('SSL_write', 'int', ['uint64_t', 'uint64_t', 'int']);

export interface PeerCertificate {
  readonly der: Uint8Array;
  readonly privateKeyDer: Uint8Array;
}

export class DtlsPeer {
  readonly #openssl: OpenSsl;
  readonly #arena: Arena;
  readonly #context: number;
  readonly #ssl: number;
  readonly #in: number;
  readonly #out: number;
  readonly #scratch;
  readonly #verify = acceptAnyCertificate();
  readonly #timer = fastHandshakeTimer();

  constructor(
    openssl: OpenSsl,
    arena: Arena,
    role: DtlsRole,
    certificate: PeerCertificate | undefined,
    profiles = 'SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80',
  ) {
    this.#openssl = openssl;
    this.#arena = arena;
    this.#scratch = arena.allocate(16_384);
    const { bytes, address } = this.#scratch;
    this.#context = openssl.SSL_CTX_new(openssl.DTLS_method());
    if (certificate) {
      bytes.set(certificate.der);
      must(openssl.SSL_CTX_use_certificate_ASN1(this.#context, certificate.der.length, address));
      bytes.set(certificate.privateKeyDer);
      must(
        openssl.SSL_CTX_use_PrivateKey_ASN1(408, this.#context, address, certificate.privateKeyDer.length),
      );
    }
    openssl.SSL_CTX_set_tlsext_use_srtp(this.#context, writeCString(this.#scratch, 0, profiles));
    openssl.SSL_CTX_set_options(this.#context, sslFlags.SSL_OP_NO_QUERY_MTU);
    openssl.SSL_CTX_set_verify(
      this.#context,
      sslFlags.SSL_VERIFY_PEER | sslFlags.SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
      this.#verify.pointer,
    );
    this.#ssl = openssl.SSL_new(this.#context);
    this.#in = openssl.BIO_new(openssl.BIO_s_dgram_mem());
    this.#out = openssl.BIO_new(openssl.BIO_s_dgram_mem());
    openssl.SSL_set_bio(this.#ssl, this.#in, this.#out);
    openssl.SSL_ctrl(this.#ssl, control.SSL_CTRL_SET_MTU, 1200, 0);
    openssl.DTLS_set_timer_cb(this.#ssl, this.#timer.pointer);
    if (role === 'client') openssl.SSL_set_connect_state(this.#ssl);
    else openssl.SSL_set_accept_state(this.#ssl);
  }

  /** Goes on with the handshake; returns the datagrams for the other end. */
  advance(...received: readonly Uint8Array[]): Uint8Array[] {
    for (const datagram of received) {
      this.#scratch.bytes.set(datagram);
      this.#openssl.BIO_write(this.#in, this.#scratch.address, datagram.length);
    }
    this.#openssl.ERR_clear_error();
    if (this.#openssl.SSL_is_init_finished(this.#ssl))
      this.#openssl.SSL_read(this.#ssl, this.#scratch.address, 4096);
    else this.#openssl.SSL_do_handshake(this.#ssl);
    return this.#drain();
  }

  /** Sends its flight again, if its timer has run out: after 50 ms the first time. */
  handleTimeout(): Uint8Array[] {
    this.#openssl.ERR_clear_error();
    this.#openssl.SSL_ctrl(this.#ssl, control.DTLS_CTRL_HANDLE_TIMEOUT, 0, 0);
    return this.#drain();
  }

  get isConnected(): boolean {
    return this.#openssl.SSL_is_init_finished(this.#ssl) === 1;
  }

  get receivedCloseNotify(): boolean {
    return (this.#openssl.SSL_get_shutdown(this.#ssl) & sslFlags.SSL_RECEIVED_SHUTDOWN) !== 0;
  }

  /** As application data, which WebRTC without data channels has no use for. */
  say(text: string): Uint8Array[] {
    this.#scratch.bytes.set(Buffer.from(text));
    sslWrite(this.#ssl, this.#scratch.address, text.length);
    return this.#drain();
  }

  shutdown(): Uint8Array[] {
    this.#openssl.ERR_clear_error();
    this.#openssl.SSL_shutdown(this.#ssl);
    return this.#drain();
  }

  keyingMaterial(length: number): Uint8Array {
    const label = 'EXTRACTOR-dtls_srtp';
    const at = writeCString(this.#scratch, 1024, label);
    this.#openssl.SSL_export_keying_material(
      this.#ssl,
      this.#scratch.address,
      length,
      at,
      label.length,
      0,
      0,
      0,
    );
    return this.#scratch.bytes.slice(0, length);
  }

  close(): void {
    this.#openssl.SSL_free(this.#ssl);
    this.#openssl.SSL_CTX_free(this.#context);
    this.#verify.release();
    this.#timer.release();
    this.#arena.free(this.#scratch);
  }

  #drain(): Uint8Array[] {
    const datagrams: Uint8Array[] = [];
    for (;;) {
      const length = this.#openssl.BIO_read(this.#out, this.#scratch.address, 16_384);
      if (length <= 0) return datagrams;
      datagrams.push(this.#scratch.bytes.slice(0, length));
    }
  }
}

function must(result: number): void {
  if (result !== 1) throw new Error('OpenSSL refused the test certificate');
}
