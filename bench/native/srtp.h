/*
 * SRTP as a bench's receiver needs it (RFC 3711, RFC 7714): keys from a DTLS export, a received packet's payload, and
 * SRTCP both ways. Profiles: AEAD_AES_128_GCM and AES128_CM_HMAC_SHA1_80. No replay window: order is the sink's affair.
 */
#ifndef BENCH_SRTP_H
#define BENCH_SRTP_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <string.h>

enum { SRTP_TAG_GCM = 16, SRTP_TAG_HMAC = 10 };

struct srtp_keys {
  int gcm;
  uint8_t rtp_key[16], rtp_auth[20], rtp_salt[14];
  uint8_t rtcp_key[16], rtcp_auth[20], rtcp_salt[14];
  EVP_CIPHER_CTX *rtp, *rtcp;
};

static inline void srtp_put32(uint8_t *to, uint32_t v) {
  to[0] = (uint8_t)(v >> 24), to[1] = (uint8_t)(v >> 16), to[2] = (uint8_t)(v >> 8), to[3] = (uint8_t)v;
}

/* RFC 3711 4.3.1 with a key derivation rate of zero: AES-CM keystream of the label xor the salt. */
static void srtp_derive(const uint8_t *key, const uint8_t *salt14, uint8_t label, uint8_t *out, int size) {
  uint8_t iv[16] = {0}, zero[32] = {0};
  int done;
  memcpy(iv, salt14, 14);
  iv[7] ^= label;
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(c, EVP_aes_128_ctr(), NULL, key, iv);
  EVP_EncryptUpdate(c, out, &done, zero, size);
  EVP_CIPHER_CTX_free(c);
}

static void srtp_init(struct srtp_keys *k, int gcm, const uint8_t *key, const uint8_t *salt) {
  uint8_t salt14[14] = {0};
  const int salt_size = gcm ? 12 : 14;
  memcpy(salt14, salt, (size_t)salt_size);
  k->gcm = gcm;
  srtp_derive(key, salt14, 0, k->rtp_key, 16);
  srtp_derive(key, salt14, 1, k->rtp_auth, 20);
  srtp_derive(key, salt14, 2, k->rtp_salt, salt_size);
  srtp_derive(key, salt14, 3, k->rtcp_key, 16);
  srtp_derive(key, salt14, 4, k->rtcp_auth, 20);
  srtp_derive(key, salt14, 5, k->rtcp_salt, salt_size);
  const EVP_CIPHER *cipher = gcm ? EVP_aes_128_gcm() : EVP_aes_128_ctr();
  k->rtp = EVP_CIPHER_CTX_new();
  k->rtcp = EVP_CIPHER_CTX_new();
  EVP_CipherInit_ex(k->rtp, cipher, NULL, k->rtp_key, NULL, 0);
  EVP_CipherInit_ex(k->rtcp, cipher, NULL, k->rtcp_key, NULL, 1);
}

static void srtp_free(struct srtp_keys *k) {
  EVP_CIPHER_CTX_free(k->rtp);
  EVP_CIPHER_CTX_free(k->rtcp);
  k->rtp = k->rtcp = NULL;
}

static int srtp_hmac_is(const uint8_t *key, const uint8_t *bytes, size_t size, const uint8_t *tag) {
  uint8_t mac[20];
  unsigned length = 0;
  HMAC(EVP_sha1(), key, 20, bytes, size, mac, &length);
  return memcmp(mac, tag, SRTP_TAG_HMAC) == 0;
}

/* Decrypts the payload of one SRTP packet; its size, or -1 when it is not authentic. `packet` has 4 bytes of room behind it. */
static int srtp_open(struct srtp_keys *k, uint8_t *packet, int size, int header, uint32_t roc, uint8_t *plain) {
  int done, overhead = k->gcm ? SRTP_TAG_GCM : SRTP_TAG_HMAC;
  uint8_t iv[16] = {0};
  if (size < header + overhead) return -1;
  if (!k->gcm) { /* the tag covers the packet and the rollover counter */
    uint8_t tag[SRTP_TAG_HMAC];
    memcpy(tag, packet + size - SRTP_TAG_HMAC, SRTP_TAG_HMAC);
    srtp_put32(packet + size - SRTP_TAG_HMAC, roc);
    if (!srtp_hmac_is(k->rtp_auth, packet, (size_t)size - SRTP_TAG_HMAC + 4, tag)) return -1;
    memcpy(iv + 4, packet + 8, 4);
    srtp_put32(iv + 8, roc);
    memcpy(iv + 12, packet + 2, 2);
    for (int i = 0; i < 14; i++) iv[i] ^= k->rtp_salt[i];
    EVP_CipherInit_ex(k->rtp, NULL, NULL, NULL, iv, 0);
    EVP_CipherUpdate(k->rtp, plain, &done, packet + header, size - header - SRTP_TAG_HMAC);
    return done;
  }
  memcpy(iv + 2, packet + 8, 4);
  srtp_put32(iv + 6, roc);
  memcpy(iv + 10, packet + 2, 2);
  for (int i = 0; i < 12; i++) iv[i] ^= k->rtp_salt[i];
  EVP_CipherInit_ex(k->rtp, NULL, NULL, NULL, iv, 0);
  EVP_CIPHER_CTX_ctrl(k->rtp, EVP_CTRL_AEAD_SET_TAG, SRTP_TAG_GCM, packet + size - SRTP_TAG_GCM);
  EVP_CipherUpdate(k->rtp, NULL, &done, packet, header);
  EVP_CipherUpdate(k->rtp, plain, &done, packet + header, size - header - SRTP_TAG_GCM);
  const int plain_size = done;
  return EVP_CipherFinal_ex(k->rtp, plain + done, &done) > 0 ? plain_size : -1;
}

static void srtcp_iv(const struct srtp_keys *k, const uint8_t *ssrc, uint32_t index, uint8_t *iv) {
  memset(iv, 0, 16);
  uint8_t word[4];
  srtp_put32(word, index);
  if (k->gcm) {
    memcpy(iv + 2, ssrc, 4);
    memcpy(iv + 8, word, 4);
  } else {
    memcpy(iv + 4, ssrc, 4);
    memcpy(iv + 10, word, 4);
  }
  for (int i = 0; i < (k->gcm ? 12 : 14); i++) iv[i] ^= k->rtcp_salt[i];
}

/* Encrypts `packet` in place (it has 32 bytes of room behind it) and returns the new size. */
static int srtcp_protect(struct srtp_keys *k, uint8_t *packet, int size, uint32_t index) {
  uint8_t iv[16], word[4], mac[20];
  unsigned length = 0;
  int done;
  srtp_put32(word, index | 0x80000000u);
  srtcp_iv(k, packet + 4, index, iv);
  EVP_CipherInit_ex(k->rtcp, NULL, NULL, NULL, iv, 1);
  if (k->gcm) {
    EVP_CipherUpdate(k->rtcp, NULL, &done, packet, 8);
    EVP_CipherUpdate(k->rtcp, NULL, &done, word, 4);
  }
  EVP_CipherUpdate(k->rtcp, packet + 8, &done, packet + 8, size - 8);
  if (k->gcm) {
    EVP_CipherFinal_ex(k->rtcp, packet + size, &done);
    EVP_CIPHER_CTX_ctrl(k->rtcp, EVP_CTRL_AEAD_GET_TAG, SRTP_TAG_GCM, packet + size);
    memcpy(packet + size + SRTP_TAG_GCM, word, 4);
    return size + SRTP_TAG_GCM + 4;
  }
  memcpy(packet + size, word, 4);
  HMAC(EVP_sha1(), k->rtcp_auth, 20, packet, (size_t)size + 4, mac, &length);
  memcpy(packet + size + 4, mac, SRTP_TAG_HMAC);
  return size + 4 + SRTP_TAG_HMAC;
}

/* Decrypts one SRTCP packet in place; returns its plain size, or 0 when it is not authentic. */
static int srtcp_open(struct srtp_keys *k, uint8_t *packet, int size) {
  uint8_t iv[16], tag[16];
  int done, plain = size - 4 - (k->gcm ? SRTP_TAG_GCM : SRTP_TAG_HMAC);
  if (plain < 8) return 0;
  uint8_t *word = packet + (k->gcm ? size - 4 : plain);
  const uint32_t index = ((uint32_t)(word[0] & 127) << 24) | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];
  if (!(word[0] & 0x80)) return 0;
  if (!k->gcm && !srtp_hmac_is(k->rtcp_auth, packet, (size_t)plain + 4, packet + plain + 4)) return 0;
  srtcp_iv(k, packet + 4, index, iv);
  EVP_CipherInit_ex(k->rtcp, NULL, NULL, NULL, iv, 0);
  if (k->gcm) {
    memcpy(tag, packet + plain, SRTP_TAG_GCM);
    EVP_CIPHER_CTX_ctrl(k->rtcp, EVP_CTRL_AEAD_SET_TAG, SRTP_TAG_GCM, tag);
    EVP_CipherUpdate(k->rtcp, NULL, &done, packet, 8);
    EVP_CipherUpdate(k->rtcp, NULL, &done, word, 4);
  }
  EVP_CipherUpdate(k->rtcp, packet + 8, &done, packet + 8, plain - 8);
  if (k->gcm && EVP_CipherFinal_ex(k->rtcp, tag, &done) <= 0) return 0;
  return plain;
}

#endif
