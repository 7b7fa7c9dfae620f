/*
 * Many WebRTC viewers in one cheap process, for load benches. Each session has its own UDP socket, is the controlling
 * ICE agent and whichever end of DTLS the other side is not (RFC 8445, RFC 5764), sends an SRTCP receiver report every
 * second, transport-wide feedback every 62 ms where packets carry its sequence number (as Chromium does), and renews
 * consent every 2.5 s (RFC 7675). What arrives is counted by its plain RTP header; only sessions told to `verify` also check
 * every packet's authentication tag, and that its pictures are those of the camera's file (payload-check.h). `plain` ports
 * just count datagrams.
 *
 * UDP_GRO stays off on purpose: with it, loopback would hand super-packets over unsliced, which no real viewer sees.
 *
 * Commands, one per line on stdin; one JSON object per line on stdout:
 *   offer ID                                              -> {"event":"offer","id":,"ufrag":,"pwd":,"port":}
 *   answer ID IP PORT UFRAG PWD SHA256 VERIFY TRACE RTX WAITS FILE   starts ICE; RTX is the payload type of resends, 0 for
 *                                                         none; WAITS is 1 when the other side is the DTLS client; VERIFY
 *                                                         is 1 for a viewer that begins with a key frame, 2 for one that
 *                                                         may begin amid the stream, 0 for none and then without FILE
 *                                                         -> {"event":"connected","id":,"ms":} | {"event":"failed",...}
 *   close ID                                              sends close_notify and forgets the session
 *   plain N                                               -> {"event":"plain","ports":[...]}
 *   report                                                -> {"event":"report",...}
 *   trace ID                                              -> {"event":"trace","id":,"frames":[[rtp,firstMs,lastMs,n],...]}
 * It ends when stdin does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "order.h"
#include "payload-check.h"
#include "srtp.h"
#include "stun.h"

enum {
  MAX_SESSIONS = 16384,
  BATCH = 64,
  DATAGRAM = 2048,
  HEADER_ONLY = 256,
  MAX_PICTURES = 16,
  TRACE_FRAMES = 1024,
  FEEDBACK_PACKETS = 512,
  TRANSPORT_CC_ID = 3,
  RECEIVE_BUFFER = 4 << 20
};
#define MS 1000000LL

enum state { WAITING, CHECKING, HANDSHAKE, CONNECTED, FAILED, CLOSED, PLAIN };
static const char *const state_names[] = {"waiting", "checking", "handshake", "connected", "failed", "closed", "plain"};

struct traced_frame {
  uint32_t timestamp, packets;
  int64_t first_ns, last_ns; /* kernel's receive time, Unix */
};

struct session {
  int fd, id, rtx_type, is_dtls_server;
  enum state state;
  char ufrag[9], password[33], remote_ufrag[260], remote_password[260], user[520];
  uint8_t fingerprint[32], tie_breaker[8], transaction[12];
  struct sockaddr_in server;
  SSL *ssl;
  const uint8_t *incoming; /* the datagram that the BIO hands to OpenSSL */
  int incoming_size;
  struct srtp_keys from_server, to_server;
  int64_t answered_ns, next_check_ns, next_report_ns, first_packet_ns, connected_ns, sender_report_ns;
  uint32_t ssrc, own_ssrc, report_index, sender_report_middle;
  uint64_t packets, bytes, rtx, foreign, decrypt_errors, verified, filled, sender_reports, rtcp_errors, consents;
  uint64_t reported_expected, reported_received;
  uint32_t kernel_drops;
  struct order order, resend_order;
  struct payload_check *check; /* of who verifies */
  /* Transport-wide sequence numbers from `feedback_from` to before `feedback_to` are not reported yet; 0: not arrived. */
  uint16_t feedback_from, feedback_to;
  uint8_t feedback_started, feedback_count;
  int64_t next_feedback_ns, arrived_ns[FEEDBACK_PACKETS];
  struct traced_frame *trace;
  uint32_t trace_count;
};

static struct session *sessions[MAX_SESSIONS];
static int highest_session, epoll_fd;
static SSL_CTX *context;
static BIO_METHOD *bio_method;
static char own_fingerprint[96];
static uint8_t buffers[BATCH][DATAGRAM + 8], controls[BATCH][128], plain_text[DATAGRAM];

static void die(const char *what) {
  fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void fail(struct session *s, const char *why) {
  if (s->state == FAILED) return;
  s->state = FAILED;
  printf("{\"event\":\"failed\",\"id\":%d,\"why\":\"%s\"}\n", s->id, why);
}

/* ---- DTLS over one connected socket: a BIO keeps datagram boundaries (OpenSSL 3.0 has no BIO_s_dgram_mem). ---- */

static int bio_write(BIO *bio, const char *bytes, int size) {
  const struct session *s = BIO_get_data(bio);
  return send(s->fd, bytes, (size_t)size, 0) < 0 ? -1 : size;
}

static int bio_read(BIO *bio, char *to, int room) {
  struct session *s = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (!s->incoming_size) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const int size = s->incoming_size < room ? s->incoming_size : room;
  memcpy(to, s->incoming, (size_t)size);
  s->incoming_size = 0;
  return size;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH ? 1 : command == BIO_CTRL_DGRAM_GET_MTU_OVERHEAD ? 28 : 0;
}

static int accept_any_certificate(int preverified, X509_STORE_CTX *store) {
  (void)preverified, (void)store; /* self-signed: the fingerprint from the answer decides */
  return 1;
}

static void make_context(void) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  uint8_t digest[32];
  unsigned size = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const uint8_t *)"sink", -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  context = SSL_CTX_new(DTLS_method());
  if (!X509_sign(certificate, key, EVP_sha256()) || !context || SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1 ||
      SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"))
    die("cannot set up DTLS");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any_certificate);
  X509_digest(certificate, EVP_sha256(), digest, &size);
  for (unsigned i = 0; i < size; i++) sprintf(own_fingerprint + 3 * i, "%02X%s", digest[i], i + 1 < size ? ":" : "");
  X509_free(certificate);
  EVP_PKEY_free(key);
  bio_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "datagram");
  BIO_meth_set_write(bio_method, bio_write);
  BIO_meth_set_read(bio_method, bio_read);
  BIO_meth_set_ctrl(bio_method, bio_ctrl);
}

static void start_dtls(struct session *s) {
  BIO *bio = BIO_new(bio_method);
  BIO_set_data(bio, s);
  BIO_set_init(bio, 1);
  s->ssl = SSL_new(context);
  SSL_set_options(s->ssl, SSL_OP_NO_QUERY_MTU);
  SSL_set_bio(s->ssl, bio, bio);
  SSL_set_mtu(s->ssl, 1200);
  if (s->is_dtls_server)
    SSL_set_accept_state(s->ssl);
  else
    SSL_set_connect_state(s->ssl);
  s->state = HANDSHAKE;
}

static void finish_dtls(struct session *s, int64_t now) {
  static const char label[] = "EXTRACTOR-dtls_srtp";
  const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(s->ssl);
  X509 *certificate = SSL_get1_peer_certificate(s->ssl);
  uint8_t digest[32] = {0}, keys[60];
  unsigned size = 0;
  if (certificate) X509_digest(certificate, EVP_sha256(), digest, &size);
  X509_free(certificate);
  if (memcmp(digest, s->fingerprint, 32)) {
    fail(s, "the certificate is not the one in the answer");
    return;
  }
  if (!profile) {
    fail(s, "no SRTP profile was agreed on");
    return;
  }
  const int gcm = profile->id == SRTP_AEAD_AES_128_GCM, salt = gcm ? 12 : 14;
  SSL_export_keying_material(s->ssl, keys, (size_t)(32 + 2 * salt), label, sizeof label - 1, NULL, 0, 0);
  /* RFC 5764 4.2: the DTLS client's key, the DTLS server's key, their salts in the same order. */
  const int own = s->is_dtls_server, other = !own;
  srtp_init(&s->to_server, gcm, keys + 16 * own, keys + 32 + salt * own);
  srtp_init(&s->from_server, gcm, keys + 16 * other, keys + 32 + salt * other);
  s->state = CONNECTED;
  s->connected_ns = now;
  s->next_report_ns = now + 1000 * MS;
  printf("{\"event\":\"connected\",\"id\":%d,\"ms\":%.1f,\"profile\":\"%s\"}\n", s->id,
         (double)(now - s->answered_ns) / MS, profile->name);
}

static void advance_dtls(struct session *s, int64_t now) {
  uint8_t waste[64];
  ERR_clear_error();
  const int result = s->state == HANDSHAKE ? SSL_do_handshake(s->ssl) : SSL_read(s->ssl, waste, sizeof waste);
  const int error = SSL_get_error(s->ssl, result);
  if (s->state == HANDSHAKE && result == 1)
    finish_dtls(s, now);
  else if (s->state == CONNECTED && error == SSL_ERROR_ZERO_RETURN) {
    s->state = CLOSED;
    printf("{\"event\":\"closed\",\"id\":%d}\n", s->id);
  } else if (s->state == HANDSHAKE && error != SSL_ERROR_WANT_READ)
    fail(s, "the DTLS handshake failed");
}

/* ---- What goes to the server ---- */

static void send_check(struct session *s, int64_t now) {
  uint8_t message[1024];
  RAND_bytes(s->transaction, sizeof s->transaction);
  send(s->fd, message, (size_t)stun_request(message, s->transaction, s->user, s->remote_password, s->tie_breaker), 0);
  s->next_check_ns = now + (s->state == CHECKING ? 50 * MS : 2500 * MS);
}

/* RFC 3550 6.4.2: one report block about the video, as a browser sends it. */
static void send_report(struct session *s, int64_t now) {
  uint8_t b[32 + 32] = {0x81, 201, 0, 7};
  const uint64_t expected = order_expected(&s->order) - s->reported_expected;
  const uint64_t received = s->order.received - s->reported_received;
  const uint64_t lost = order_lost(&s->order);
  srtp_put32(b + 4, s->own_ssrc);
  srtp_put32(b + 8, s->ssrc);
  srtp_put32(b + 12, (uint32_t)(lost & 0xffffff));
  b[12] = expected > received ? (uint8_t)((expected - received) * 255 / expected) : 0;
  srtp_put32(b + 16, (uint32_t)(s->order.highest - 65536));
  srtp_put32(b + 24, s->sender_report_middle);
  srtp_put32(b + 28, s->sender_report_ns ? (uint32_t)((now - s->sender_report_ns) * 65536 / NS_PER_SECOND) : 0);
  s->reported_expected += expected;
  s->reported_received += received;
  s->next_report_ns = now + 1000 * MS;
  send(s->fd, b, (size_t)srtcp_protect(&s->to_server, b, 32, s->report_index++), 0);
}

/* draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1: vectors of 14 one-bit symbols, deltas of one byte. */
static void send_feedback(struct session *s, int64_t now) {
  const int64_t tick = MS / 4;
  uint8_t b[20 + FEEDBACK_PACKETS / 7 + 2 + FEEDBACK_PACKETS + 4 + 64] = {0x80 | 15, 205};
  const int count = (uint16_t)(s->feedback_to - s->feedback_from), vectors = (count + 13) / 14;
  uint8_t *deltas = b + 20 + 2 * vectors;
  int64_t last = 0, reference = 0;
  s->next_feedback_ns = now + 62 * MS;
  for (int i = 0; i < count; i++) {
    int64_t *arrived = &s->arrived_ns[(uint16_t)(s->feedback_from + i) % FEEDBACK_PACKETS];
    const int64_t at = *arrived / tick;
    if (!*arrived) continue;
    if (!last) reference = at / 256, last = reference * 256;
    const int64_t delta = at < last ? 0 : at - last > 255 ? 255 : at - last;
    last += delta;
    *deltas++ = (uint8_t)delta;
    *arrived = 0;
    b[20 + i / 14 * 2 + (i % 14 >= 6)] |= (uint8_t)(1 << (i % 14 < 6 ? 5 - i % 14 : 13 - i % 14));
  }
  for (int i = 0; i < vectors; i++) b[20 + 2 * i] |= 0x80;
  const int size = ((int)(deltas - b) + 3) / 4 * 4;
  b[3] = (uint8_t)(size / 4 - 1);
  srtp_put32(b + 4, s->own_ssrc);
  srtp_put32(b + 8, s->ssrc);
  srtp_put32(b + 12, (uint32_t)s->feedback_from << 16 | (uint32_t)count);
  srtp_put32(b + 16, (uint32_t)reference << 8 | s->feedback_count++);
  s->feedback_from = s->feedback_to;
  send(s->fd, b, (size_t)srtcp_protect(&s->to_server, b, size, s->report_index++), 0);
}

/* ---- What comes from it ---- */

/* Notes the transport-wide sequence number of a packet with one-byte extensions (RFC 8285). */
static void note_arrival(struct session *s, const uint8_t *p, int size, int64_t now) {
  const int at = 12 + 4 * (p[0] & 15), end = at + 4 + 4 * (p[at + 2] << 8 | p[at + 3]);
  if (end > size || end > HEADER_ONLY || p[at] != 0xbe || p[at + 1] != 0xde) return;
  for (int i = at + 4; i + 2 < end; i += p[i] ? 2 + (p[i] & 15) : 1) {
    if (p[i] >> 4 != TRANSPORT_CC_ID) continue;
    const uint16_t number = (uint16_t)(p[i + 1] << 8 | p[i + 2]);
    if (!s->feedback_started) s->feedback_from = s->feedback_to = number;
    s->feedback_started = 1;
    if ((int16_t)(number - s->feedback_from) < 0) return; /* reported as lost */
    if ((uint16_t)(number - s->feedback_from) >= FEEDBACK_PACKETS) {
      send_feedback(s, now);
      s->feedback_from = s->feedback_to = number;
    }
    while ((int16_t)(number - s->feedback_to) >= 0) s->arrived_ns[s->feedback_to++ % FEEDBACK_PACKETS] = 0;
    s->arrived_ns[number % FEEDBACK_PACKETS] = now;
    return;
  }
}

static void on_rtcp(struct session *s, uint8_t *packet, int size, int64_t now) {
  const int plain = srtcp_open(&s->from_server, packet, size);
  if (!plain) {
    s->rtcp_errors++;
    return;
  }
  if (packet[1] != 200 || plain < 28) return;
  s->sender_reports++;
  s->sender_report_ns = now;
  memcpy(&s->sender_report_middle, packet + 10, 4);
  s->sender_report_middle = ntohl(s->sender_report_middle);
}

static void trace_packet(struct session *s, uint32_t timestamp, int64_t kernel_ns) {
  struct traced_frame *f = s->trace_count ? &s->trace[(s->trace_count - 1) % TRACE_FRAMES] : NULL;
  if (!f || f->timestamp != timestamp) {
    f = &s->trace[s->trace_count++ % TRACE_FRAMES];
    *f = (struct traced_frame){.timestamp = timestamp, .first_ns = kernel_ns};
  }
  f->packets++;
  f->last_ns = kernel_ns;
}

/* Size of the payload in `plain_text`, or -1 when the packet is not authentic. */
static int open_packet(struct session *s, uint8_t *p, int size, uint64_t number) {
  int header = 12 + 4 * (p[0] & 15);
  if (p[0] & 0x10 && header + 4 <= size) header += 4 + 4 * (p[header + 2] << 8 | p[header + 3]);
  int plain = srtp_open(&s->from_server, p, size, header, (uint32_t)(number / 65536 - 1), plain_text);
  if (plain < 0) {
    s->decrypt_errors++;
    return -1;
  }
  s->verified++;
  if (p[0] & 0x20 && plain) plain = plain > plain_text[plain - 1] ? plain - plain_text[plain - 1] : 0;
  return plain;
}

/* RFC 4588 4: the original sequence number and payload, in a stream of its own. */
static void on_resend(struct session *s, uint8_t *p, int size, uint32_t timestamp) {
  const uint64_t number = order_extend(&s->resend_order, (uint16_t)(p[2] << 8 | p[3]));
  const int plain = open_packet(s, p, size, number);
  if (plain < 0) return;
  order_add(&s->resend_order, number);
  if (plain < 2 || !s->order.started) return;
  const uint64_t original = order_extend(&s->order, (uint16_t)(plain_text[0] << 8 | plain_text[1]));
  s->filled += (uint64_t)check_packet(s->check, original, timestamp, p[1] >> 7, plain_text + 2, (uint32_t)plain - 2);
}

static void on_rtp(struct session *s, uint8_t *p, int size, int64_t now, int64_t kernel_ns) {
  const int type = p[1] & 127;
  uint32_t ssrc, timestamp;
  memcpy(&ssrc, p + 8, 4);
  memcpy(&timestamp, p + 4, 4);
  s->packets++;
  s->bytes += (uint64_t)size;
  if (!s->first_packet_ns) s->first_packet_ns = now;
  if (p[0] & 0x10) note_arrival(s, p, size, now);
  if (s->rtx_type && type == s->rtx_type) {
    s->rtx++;
    if (s->check) on_resend(s, p, size, ntohl(timestamp));
    return;
  }
  if (!s->ssrc) s->ssrc = ntohl(ssrc);
  if (ntohl(ssrc) != s->ssrc) {
    s->foreign++;
    return;
  }
  const uint64_t number = order_extend(&s->order, (uint16_t)(p[2] << 8 | p[3]));
  if (s->check) {
    const int plain = open_packet(s, p, size, number);
    if (plain < 0) return;
    check_packet(s->check, number, ntohl(timestamp), p[1] >> 7, plain_text, (uint32_t)plain);
  }
  order_add(&s->order, number);
  if (s->trace) trace_packet(s, ntohl(timestamp), kernel_ns);
}

static void on_datagram(struct session *s, uint8_t *bytes, int size, int64_t now, int64_t kernel_ns) {
  if (s->state == PLAIN) {
    s->packets++;
    s->bytes += (uint64_t)size;
  } else if (size > DATAGRAM) {
    s->foreign++; /* cut short by the kernel, and nothing that a viewer should get */
  } else if (size >= 12 && (bytes[0] & 0xc0) == 0x80) {
    if (s->state != CONNECTED) { /* the server may be faster with its first frame than we with our keys */
      if (s->check) s->check->is_anywhere = 1;
      return;
    }
    if (bytes[1] >= 192 && bytes[1] <= 223)
      on_rtcp(s, bytes, size, now);
    else
      on_rtp(s, bytes, size, now, kernel_ns);
  } else if (size >= 20 && bytes[0] == 0 && bytes[1] == 1) {
    uint8_t answer[128];
    send(s->fd, answer,
         (size_t)stun_response(answer, bytes, &s->server.sin_addr, &s->server.sin_port, s->password), 0);
  } else if (size && bytes[0] < 4) {
    if (!stun_is_success(bytes, size, s->transaction, s->remote_password)) return;
    s->consents++;
    if (s->state != CHECKING) return;
    start_dtls(s);
    advance_dtls(s, now);
    s->next_check_ns = now + 2500 * MS;
  } else if (size && bytes[0] >= 20 && bytes[0] < 64 && s->ssl) {
    s->incoming = bytes;
    s->incoming_size = size;
    advance_dtls(s, now);
  }
}

static void receive(struct session *s) {
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  /* Who only counts need not copy: the true size comes back all the same. */
  const size_t room = s->state == PLAIN || (s->state == CONNECTED && !s->check) ? HEADER_ONLY : DATAGRAM;
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){buffers[i], room};
    messages[i].msg_hdr = (struct msghdr){
        .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = controls[i], .msg_controllen = sizeof controls[i]};
  }
  const int count = recvmmsg(s->fd, messages, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  const int64_t now = monotonic_ns();
  for (int i = 0; i < count; i++) {
    int64_t kernel_ns = 0;
    struct msghdr *header = &messages[i].msg_hdr;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
      if (c->cmsg_level != SOL_SOCKET) continue;
      if (c->cmsg_type == SO_RXQ_OVFL) memcpy(&s->kernel_drops, CMSG_DATA(c), 4);
      if (c->cmsg_type == SO_TIMESTAMPNS) {
        struct timespec t;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        kernel_ns = t.tv_sec * NS_PER_SECOND + t.tv_nsec;
      }
    }
    on_datagram(s, buffers[i], (int)messages[i].msg_len, now, kernel_ns);
  }
}

static void tick(struct session *s, int64_t now) {
  if (s->state != CHECKING && s->state != HANDSHAKE && s->state != CONNECTED) return;
  if (now >= s->next_check_ns) send_check(s, now);
  if (s->state == HANDSHAKE) DTLSv1_handle_timeout(s->ssl);
  if (s->state != CONNECTED && now - s->answered_ns > 10 * NS_PER_SECOND)
    fail(s, s->state == CHECKING ? "no ICE answer within 10 s" : "no DTLS connection within 10 s");
  if (s->state == CONNECTED && now >= s->next_feedback_ns && s->feedback_to != s->feedback_from) send_feedback(s, now);
  if (s->state == CONNECTED && now >= s->next_report_ns && s->order.started) send_report(s, now);
}

/* ---- Commands ---- */

/* A session binds every address: its connection to the server's candidate picks the right one. */
static struct session *open_session(int id, uint32_t address) {
  if (id < 0 || id >= MAX_SESSIONS || sessions[id]) return NULL;
  struct session *s = calloc(1, sizeof *s);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
  const int room = RECEIVE_BUFFER, on = 1;
  if (!s) die("no memory");
  s->id = id;
  s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&here, sizeof here)) die("cannot open a UDP socket");
  if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(s->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)id};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &event);
  sessions[id] = s;
  if (id >= highest_session) highest_session = id + 1;
  return s;
}

static int local_port(const struct session *s) {
  struct sockaddr_in here;
  socklen_t size = sizeof here;
  getsockname(s->fd, (struct sockaddr *)&here, &size);
  return ntohs(here.sin_port);
}

static void random_hex(char *to, int digits) {
  uint8_t b[32];
  RAND_bytes(b, digits / 2);
  for (int i = 0; i < digits / 2; i++) sprintf(to + 2 * i, "%02x", b[i]);
}

static void command_offer(int id) {
  struct session *s = open_session(id, INADDR_ANY);
  if (!s) {
    printf("{\"event\":\"failed\",\"id\":%d,\"why\":\"no such free session\"}\n", id);
    return;
  }
  random_hex(s->ufrag, 8);
  random_hex(s->password, 32);
  RAND_bytes(s->tie_breaker, sizeof s->tie_breaker);
  RAND_bytes((uint8_t *)&s->own_ssrc, sizeof s->own_ssrc);
  printf("{\"event\":\"offer\",\"id\":%d,\"ufrag\":\"%s\",\"pwd\":\"%s\",\"port\":%d}\n", id, s->ufrag, s->password,
         local_port(s));
}

/* Loaded once and kept: the file's NAL units. */
static const struct picture *picture_of(const char *path) {
  static struct {
    char *path;
    struct picture picture;
  } pictures[MAX_PICTURES];
  int i = 0;
  for (; i < MAX_PICTURES && pictures[i].path; i++)
    if (!strcmp(pictures[i].path, path)) return &pictures[i].picture;
  if (i == MAX_PICTURES) die("too many pictures");
  pictures[i].picture = picture_load(path, UINT32_MAX);
  pictures[i].path = strdup(path);
  return &pictures[i].picture;
}

static void command_answer(const char *line) {
  char ip[64], print[128];
  int id, port, verify, trace, rtx, waits, path = 0;
  struct sockaddr_in there = {.sin_family = AF_INET};
  struct session *s;
  char ufrag[260], password[260];
  if (sscanf(line, "answer %d %63s %d %259s %259s %127s %d %d %d %d %n", &id, ip, &port, ufrag, password, print, &verify,
             &trace, &rtx, &waits, &path) != 10 ||
      id < 0 || id >= MAX_SESSIONS || !(s = sessions[id]) || s->state != WAITING) {
    fprintf(stderr, "sink: cannot use: %s\n", line);
    return;
  }
  const char *at = print;
  for (int i = 0; i < 32; i++, at += *at == ':') {
    unsigned byte = 0;
    if (sscanf(at, "%2x", &byte) != 1) break;
    s->fingerprint[i] = (uint8_t)byte;
    at += 2;
  }
  strcpy(s->remote_ufrag, ufrag);
  strcpy(s->remote_password, password);
  snprintf(s->user, sizeof s->user, "%.250s:%s", ufrag, s->ufrag);
  there.sin_port = htons((uint16_t)port);
  if (inet_pton(AF_INET, ip, &there.sin_addr) != 1 || connect(s->fd, (struct sockaddr *)&there, sizeof there)) {
    fail(s, "the candidate cannot be reached");
    return;
  }
  s->server = there;
  if (verify) s->check = check_new(picture_of(line + path), verify == 2);
  s->rtx_type = rtx;
  s->is_dtls_server = waits != 0;
  if (trace) {
    s->trace = calloc(TRACE_FRAMES, sizeof *s->trace);
    setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &trace, sizeof trace);
  }
  s->state = CHECKING;
  s->answered_ns = monotonic_ns();
  send_check(s, s->answered_ns);
}

/* With `goodbye` the server hears a close_notify; without, the viewer is gone like one that lost its network. */
static void command_close(int id, int goodbye) {
  if (id < 0 || id >= MAX_SESSIONS || !sessions[id]) return;
  struct session *s = sessions[id];
  if (s->ssl) {
    if (goodbye && s->state == CONNECTED) SSL_shutdown(s->ssl);
    SSL_free(s->ssl);
  }
  if (s->from_server.rtp) {
    srtp_free(&s->from_server);
    srtp_free(&s->to_server);
  }
  close(s->fd);
  check_free(s->check);
  free(s->trace);
  free(s);
  sessions[id] = NULL;
}

static void command_plain(int count) {
  printf("{\"event\":\"plain\",\"ports\":[");
  for (int i = 0, id = 0; i < count && id < MAX_SESSIONS; id++) {
    struct session *s = open_session(id, INADDR_LOOPBACK);
    if (!s) continue;
    s->state = PLAIN;
    printf("%s%d", i++ ? "," : "", local_port(s));
  }
  printf("]}\n");
}

static void command_report(int64_t now) {
  struct rusage used;
  uint64_t packets = 0, bytes = 0, lost = 0, drops = 0, errors = 0, verified = 0, frames = 0, payload_errors = 0;
  int connected = 0;
  const char *comma = "";
  printf("{\"event\":\"report\",\"sessions\":[");
  for (int id = 0; id < highest_session; id++) {
    const struct session *s = sessions[id];
    if (!s) continue;
    packets += s->packets, bytes += s->bytes, lost += order_lost(&s->order), drops += s->kernel_drops;
    errors += s->decrypt_errors, verified += s->verified, connected += s->state == CONNECTED;
    if (s->check) frames += s->check->frames, payload_errors += s->check->errors;
    printf("%s{\"id\":%d,\"state\":\"%s\",\"packets\":%lu,\"bytes\":%lu,\"firstPacketMs\":%.1f,\"connectMs\":%.1f,"
           "\"lostByGap\":%lu,\"reordered\":%lu,\"doubles\":%lu,\"rtx\":%lu,\"foreign\":%lu,\"verified\":%lu,"
           "\"decryptErrors\":%lu,\"senderReports\":%lu,\"rtcpErrors\":%lu,\"consents\":%lu,\"kernelDrops\":%u",
           comma, s->id, state_names[s->state], s->packets, s->bytes,
           s->first_packet_ns ? (double)(s->first_packet_ns - s->answered_ns) / MS : -1.0,
           s->connected_ns ? (double)(s->connected_ns - s->answered_ns) / MS : -1.0, order_lost(&s->order),
           s->order.reordered, s->order.doubles, s->rtx, s->foreign, s->verified, s->decrypt_errors, s->sender_reports,
           s->rtcp_errors, s->consents, s->kernel_drops);
    if (s->check)
      printf(",\"payload\":{\"checkedFrames\":%lu,\"errors\":%lu,\"bursts\":%lu,\"resends\":%lu,"
             "\"held\":%u,\"lastFrame\":%u,\"problem\":\"%s\"}",
             s->check->frames, s->check->errors, s->check->bursts, s->filled, s->check->held_count,
             s->check->last_frame, s->check->problem ? s->check->problem : "");
    printf("}");
    comma = ",";
  }
  getrusage(RUSAGE_SELF, &used);
  printf("],\"atMs\":%.3f,\"connected\":%d,\"packets\":%lu,\"bytes\":%lu,\"lostByGap\":%lu,\"kernelDrops\":%lu,"
         "\"decryptErrors\":%lu,\"verified\":%lu,\"checkedFrames\":%lu,\"payloadErrors\":%lu,\"cpuSeconds\":%.3f}\n",
         (double)now / MS, connected, packets, bytes, lost, drops, errors, verified, frames, payload_errors,
         (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
             (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static void command_trace(int id) {
  const struct session *s = id >= 0 && id < MAX_SESSIONS ? sessions[id] : NULL;
  printf("{\"event\":\"trace\",\"id\":%d,\"frames\":[", id);
  const uint32_t count = s && s->trace ? s->trace_count : 0, first = count > TRACE_FRAMES ? count - TRACE_FRAMES : 0;
  for (uint32_t i = first; i < count; i++) {
    const struct traced_frame *f = &s->trace[i % TRACE_FRAMES];
    printf("%s[%u,%.3f,%.3f,%u]", i > first ? "," : "", f->timestamp, (double)f->first_ns / MS, (double)f->last_ns / MS,
           f->packets);
  }
  printf("]}\n");
}

static void run_command(const char *line) {
  int number = 0;
  if (!strncmp(line, "answer ", 7))
    command_answer(line);
  else if (sscanf(line, "offer %d", &number) == 1)
    command_offer(number);
  else if (sscanf(line, "close %d", &number) == 1)
    command_close(number, 1);
  else if (sscanf(line, "vanish %d", &number) == 1)
    command_close(number, 0);
  else if (sscanf(line, "plain %d", &number) == 1)
    command_plain(number);
  else if (sscanf(line, "trace %d", &number) == 1)
    command_trace(number);
  else if (!strcmp(line, "report"))
    command_report(monotonic_ns());
  else
    fprintf(stderr, "sink: unknown command: %s\n", line);
}

static void read_commands(void) {
  static char text[65536];
  static size_t size;
  const ssize_t got = read(STDIN_FILENO, text + size, sizeof text - 1 - size);
  if (got <= 0) exit(0);
  size += (size_t)got;
  text[size] = 0;
  char *begin = text;
  for (char *end; (end = strchr(begin, '\n')); begin = end + 1) {
    *end = 0;
    run_command(begin);
  }
  size -= (size_t)(begin - text);
  memmove(text, begin, size);
}

int main(void) {
  struct rlimit files = {65536, 65536};
  signal(SIGPIPE, SIG_IGN);
  setrlimit(RLIMIT_NOFILE, &files);
  make_context();
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = MAX_SESSIONS};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
  printf("READY {\"fingerprint\":\"%s\"}\n", own_fingerprint);
  int64_t next_tick_ns = 0;
  for (;;) {
    struct epoll_event events[128];
    fflush(stdout);
    const int count = epoll_wait(epoll_fd, events, 128, 10);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u32 == MAX_SESSIONS)
        read_commands();
      else if (sessions[events[i].data.u32])
        receive(sessions[events[i].data.u32]);
    }
    const int64_t now = monotonic_ns();
    if (now < next_tick_ns) continue;
    next_tick_ns = now + 10 * MS;
    for (int id = 0; id < highest_session; id++)
      if (sessions[id]) tick(sessions[id], now);
  }
}
