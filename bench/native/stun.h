/*
 * The two STUN messages that a controlling ICE agent exchanges with an ICE-lite one (RFC 8489, RFC 8445): it makes
 * binding requests with USE-CANDIDATE, checks the answers' MESSAGE-INTEGRITY, and answers requests (unchecked) of servers
 * that call themselves lite and ask all the same.
 */
#ifndef BENCH_STUN_H
#define BENCH_STUN_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <string.h>

static uint32_t stun_crc32(const uint8_t *bytes, int size) {
  uint32_t crc = ~0u;
  for (int i = 0; i < size; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1));
  }
  return ~crc;
}

static inline void stun_put16(uint8_t *to, unsigned v) { to[0] = (uint8_t)(v >> 8), to[1] = (uint8_t)v; }

static int stun_attribute(uint8_t *message, int at, unsigned type, const void *value, int size) {
  stun_put16(message + at, type);
  stun_put16(message + at + 2, (unsigned)size);
  memset(message + at + 4, 0, (size_t)((size + 3) & ~3));
  memcpy(message + at + 4, value, (size_t)size);
  return at + 4 + ((size + 3) & ~3);
}

static void stun_integrity(const uint8_t *message, int size, const char *password, uint8_t *mac) {
  unsigned length = 0;
  HMAC(EVP_sha1(), password, (int)strlen(password), message, (size_t)size, mac, &length);
}

/* MESSAGE-INTEGRITY and FINGERPRINT; each covers a length that includes itself. Returns the size. */
static int stun_seal(uint8_t *m, int at, const char *password) {
  uint8_t mac[20], crc[4];
  stun_put16(m + 2, (unsigned)(at - 20 + 24));
  stun_integrity(m, at, password, mac);
  at = stun_attribute(m, at, 0x0008, mac, 20);
  stun_put16(m + 2, (unsigned)(at - 20 + 8));
  const uint32_t sum = stun_crc32(m, at) ^ 0x5354554e;
  crc[0] = (uint8_t)(sum >> 24), crc[1] = (uint8_t)(sum >> 16), crc[2] = (uint8_t)(sum >> 8), crc[3] = (uint8_t)sum;
  return stun_attribute(m, at, 0x8028, crc, 4);
}

/* `user` is "remote:local" ufrags; `password` the remote's. Returns the size. */
static int stun_request(uint8_t *m, const uint8_t *transaction12, const char *user, const char *password,
                        const uint8_t *tie_breaker8) {
  static const uint8_t header[8] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, priority[4] = {0x6e, 0x7f, 0xff, 0xff};
  memcpy(m, header, 8);
  memcpy(m + 8, transaction12, 12);
  int at = stun_attribute(m, 20, 0x0006, user, (int)strlen(user));
  at = stun_attribute(m, at, 0x0024, priority, 4);
  at = stun_attribute(m, at, 0x802a, tie_breaker8, 8); /* ICE-CONTROLLING */
  at = stun_attribute(m, at, 0x0025, "", 0);           /* USE-CANDIDATE */
  return stun_seal(m, at, password);
}

/* The answer to the other side's request: it is seen at the IPv4 address and port given in network order. */
static int stun_response(uint8_t *m, const uint8_t *request, const void *address4, const void *port2,
                         const char *password) {
  static const uint8_t header[4] = {1, 1, 0, 0};
  uint8_t mapped[8] = {0, 1};
  memcpy(m, header, 4);
  memcpy(m + 4, request + 4, 16); /* cookie and transaction */
  memcpy(mapped + 2, port2, 2);
  memcpy(mapped + 4, address4, 4);
  for (int i = 0; i < 6; i++) mapped[2 + i] ^= m[4 + (i < 2 ? i : i - 2)];
  return stun_seal(m, stun_attribute(m, 20, 0x0020, mapped, 8), password);
}

/* An authentic success response to `transaction12`? */
static int stun_is_success(uint8_t *m, int size, const uint8_t *transaction12, const char *password) {
  if (size < 20 || m[0] != 1 || m[1] != 1 || memcmp(m + 8, transaction12, 12)) return 0;
  for (int at = 20; at + 4 <= size;) {
    const int type = m[at] << 8 | m[at + 1], length = m[at + 2] << 8 | m[at + 3];
    if (at + 4 + length > size) return 0;
    if (type == 0x0008 && length == 20) {
      uint8_t mac[20], kept[2] = {m[2], m[3]};
      stun_put16(m + 2, (unsigned)(at - 20 + 24));
      stun_integrity(m, at, password, mac);
      memcpy(m + 2, kept, 2);
      return memcmp(mac, m + at + 4, 20) == 0;
    }
    at += 4 + ((length + 3) & ~3);
  }
  return 0;
}

#endif
