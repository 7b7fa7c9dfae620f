/** The parts of OpenSSL 3 that DTLS and SRTP need, as exported by Node.js. Names as in OpenSSL's manual pages. */
import { openLibrary, readUint64, registerCallback, type NumericFunction } from './library.ts';
import type { Block } from './arena.ts';
import type { NativeKind, NativeLedger } from './ledger.ts';

const P = 'uint64_t';

/** Control numbers of <openssl/ssl.h>, <openssl/bio.h> and <openssl/evp.h>, whose macros are not exported. */
export const control = {
  SSL_CTRL_SET_MTU: 17,
  SSL_CTRL_MODE: 33,
  DTLS_CTRL_GET_TIMEOUT: 73,
  DTLS_CTRL_HANDLE_TIMEOUT: 74,
  SSL_CTRL_SET_GROUPS_LIST: 92,
  SSL_CTRL_SET_MIN_PROTO_VERSION: 123,
  EVP_CTRL_AEAD_GET_TAG: 0x10,
  EVP_CTRL_AEAD_SET_TAG: 0x11,
} as const;

export const sslFlags = {
  SSL_OP_NO_QUERY_MTU: 1 << 12,
  SSL_OP_NO_RENEGOTIATION: 1 << 30,
  SSL_OP_NO_TICKET: 1 << 14,
  SSL_MODE_RELEASE_BUFFERS: 0x10,
  SSL_MODE_AUTO_RETRY: 0x4,
  SSL_VERIFY_PEER: 1,
  SSL_VERIFY_FAIL_IF_NO_PEER_CERT: 2,
  DTLS1_2_VERSION: 0xfefd,
  SSL_ERROR_WANT_READ: 2,
  SSL_ERROR_ZERO_RETURN: 6,
  SSL_RECEIVED_SHUTDOWN: 2,
} as const;

export type OpenSsl = ReturnType<typeof loadOpenSsl>;

/** With a `ledger`, objects stand in it while they live. Throws NativeError naming the first function that this Node.js does not export. */
export function loadOpenSsl(ledger?: NativeLedger) {
  const library = openLibrary(undefined);
  const f = library.bind;
  const making = (kind: NativeKind, make: NumericFunction): NumericFunction => {
    if (ledger === undefined) return make;
    return (...args) => {
      const address = make(...args);
      ledger.add(kind, address);
      return address;
    };
  };
  const freeing = (free: NumericFunction): NumericFunction => {
    if (ledger === undefined) return free;
    return (address = 0) => {
      ledger.remove(address);
      return free(address);
    };
  };
  return {
    versionMajor: f('OPENSSL_version_major', 'uint32_t', []),

    DTLS_method: f('DTLS_method', P, []),
    SSL_CTX_new: making('ssl-context', f('SSL_CTX_new', P, [P])),
    SSL_CTX_free: freeing(f('SSL_CTX_free', 'void', [P])),
    SSL_CTX_ctrl: f('SSL_CTX_ctrl', 'long', [P, 'int', 'long', P]),
    SSL_CTX_set_options: f('SSL_CTX_set_options', P, [P, P]),
    SSL_CTX_use_certificate_ASN1: f('SSL_CTX_use_certificate_ASN1', 'int', [P, 'int', P]),
    SSL_CTX_use_PrivateKey_ASN1: f('SSL_CTX_use_PrivateKey_ASN1', 'int', ['int', P, P, 'long']),
    SSL_CTX_set_cipher_list: f('SSL_CTX_set_cipher_list', 'int', [P, P]),
    SSL_CTX_set_tlsext_use_srtp: f('SSL_CTX_set_tlsext_use_srtp', 'int', [P, P]),
    SSL_CTX_set_verify: f('SSL_CTX_set_verify', 'void', [P, 'int', P]),

    SSL_new: making('ssl', f('SSL_new', P, [P])),
    SSL_free: freeing(f('SSL_free', 'void', [P])),
    SSL_ctrl: f('SSL_ctrl', 'long', [P, 'int', 'long', P]),
    SSL_set_tlsext_use_srtp: f('SSL_set_tlsext_use_srtp', 'int', [P, P]),
    SSL_set_accept_state: f('SSL_set_accept_state', 'void', [P]),
    SSL_set_connect_state: f('SSL_set_connect_state', 'void', [P]),
    SSL_set_bio: f('SSL_set_bio', 'void', [P, P, P]),
    SSL_do_handshake: f('SSL_do_handshake', 'int', [P]),
    SSL_is_init_finished: f('SSL_is_init_finished', 'int', [P]),
    SSL_get_error: f('SSL_get_error', 'int', [P, 'int']),
    SSL_read: f('SSL_read', 'int', [P, P, 'int']),
    SSL_shutdown: f('SSL_shutdown', 'int', [P]),
    SSL_get_shutdown: f('SSL_get_shutdown', 'int', [P]),
    SSL_get1_peer_certificate: f('SSL_get1_peer_certificate', P, [P]),
    SSL_get_selected_srtp_profile: f('SSL_get_selected_srtp_profile', P, [P]),
    SSL_export_keying_material: f('SSL_export_keying_material', 'int', [
      P,
      P,
      'size_t',
      P,
      'size_t',
      P,
      'size_t',
      'int',
    ]),
    /** Reads an `unsigned long` of a structure that OpenSSL owns. */
    readUlong: readUint64,
    DTLS_set_timer_cb: f('DTLS_set_timer_cb', 'void', [P, P]),
    X509_digest: f('X509_digest', 'int', [P, P, P, P]),
    X509_free: f('X509_free', 'void', [P]),
    ERR_clear_error: f('ERR_clear_error', 'void', []),
    ERR_peek_error: f('ERR_peek_error', P, []),
    ERR_error_string_n: f('ERR_error_string_n', 'void', [P, P, 'size_t']),

    BIO_new: f('BIO_new', P, [P]),
    BIO_s_dgram_mem: f('BIO_s_dgram_mem', P, []),
    BIO_write: f('BIO_write', 'int', [P, P, 'int']),
    BIO_read: f('BIO_read', 'int', [P, P, 'int']),

    EVP_sha256: f('EVP_sha256', P, []),
    EVP_sha1: f('EVP_sha1', P, []),
    EVP_aes_128_gcm: f('EVP_aes_128_gcm', P, []),
    EVP_aes_128_ctr: f('EVP_aes_128_ctr', P, []),
    EVP_CIPHER_CTX_new: making('cipher', f('EVP_CIPHER_CTX_new', P, [])),
    EVP_CIPHER_CTX_free: freeing(f('EVP_CIPHER_CTX_free', 'void', [P])),
    EVP_CIPHER_CTX_ctrl: f('EVP_CIPHER_CTX_ctrl', 'int', [P, 'int', 'int', P]),
    EVP_CipherInit_ex: f('EVP_CipherInit_ex', 'int', [P, P, P, P, P, 'int']),
    EVP_Cipher: f('EVP_Cipher', 'int', [P, P, P, 'uint32_t']),
    // For the packet path: few arguments, no result to convert, and `int` is the cheapest length. They cannot fail
    // there, as the self-test shows: the context has its key, and lengths are right.
    cipherIv: f('EVP_EncryptInit', 'void', [P, P, P, P]),
    cipherData: f('EVP_Cipher', 'void', [P, P, P, 'int']),
    cipherControl: f('EVP_CIPHER_CTX_ctrl', 'void', [P, 'int', 'int', P]),
    HMAC_CTX_new: making('mac', f('HMAC_CTX_new', P, [])),
    HMAC_CTX_free: freeing(f('HMAC_CTX_free', 'void', [P])),
    HMAC_Init_ex: f('HMAC_Init_ex', 'int', [P, P, 'int', P, P]),
    HMAC_Update: f('HMAC_Update', 'int', [P, P, 'size_t']),
    HMAC_Final: f('HMAC_Final', 'int', [P, P, P]),
  } as const;
}

/**
 * `SSL_CTX_set_verify` callback that accepts any certificate: a WebRTC certificate is self-signed, and who it belongs
 * to is decided by its fingerprint in the offer (RFC 8122), which the caller compares after the handshake.
 */
export const acceptAnyCertificate = () => registerCallback('int', ['int', P], () => 1);

/** `DTLS_set_timer_cb` callback: retransmission after 50 ms, doubling up to 1.6 s (RFC 6347 4.2.4.1 allows it). */
export const fastHandshakeTimer = () =>
  registerCallback('uint32_t', [P, 'uint32_t'], (_ssl, timerUs = 0) =>
    timerUs === 0 ? 50_000 : Math.min(timerUs * 2, 1_600_000),
  );

/** Copies a C string (with its NUL) into `block` at `offset`; returns its address. */
export function writeCString(block: Block, offset: number, text: string): number {
  block.bytes.set(Buffer.from(`${text}\0`, 'latin1'), offset);
  return block.address + offset;
}
