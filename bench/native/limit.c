/*
 * The least that any server can spend: the packets of one camera, encrypted per viewer with AES-128-GCM (EVP, a fresh
 * IV per packet) and handed to the kernel with UDP segmentation offload, at most 10 per call. No pacing, no history,
 * no feedback. Its CPU per packet is what the relay is compared with.
 *
 *   limit --file F.h264 --fps 30 --seconds 20 --max-payload 1158 PORT...      (127.0.0.1; one viewer per port)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "h264.h"

enum { PACKETS_PER_CALL = 10, TAG = 16, RTP_HEADER = 12, MAX_PACKET = 2048 };

struct viewer {
  struct sockaddr_in to;
  EVP_CIPHER_CTX *cipher;
  uint8_t salt[12];
  uint32_t ssrc;
  uint64_t index; /* rollover counter and sequence number */
};

static int udp_fd;
static uint64_t packets_sent, send_calls, send_errors;
static uint8_t out[PACKETS_PER_CALL * MAX_PACKET];

static void put16(uint8_t *to, uint32_t v) { to[0] = (uint8_t)(v >> 8), to[1] = (uint8_t)v; }
static void put32(uint8_t *to, uint32_t v) { put16(to, v >> 16), put16(to + 2, v); }

static void send_segments(struct viewer *v, size_t size, uint16_t segment) {
  struct iovec body = {out, size};
  union {
    char bytes[CMSG_SPACE(sizeof segment)];
    struct cmsghdr align;
  } control = {0};
  struct msghdr message = {.msg_name = &v->to, .msg_namelen = sizeof v->to, .msg_iov = &body, .msg_iovlen = 1};
  if (size > segment) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(c), &segment, sizeof segment);
  }
  send_calls++;
  if (sendmsg(udp_fd, &message, 0) < 0) send_errors++;
}

static size_t write_packet(struct viewer *v, uint8_t *to, const struct payload *p, uint32_t timestamp) {
  uint8_t iv[12] = {0};
  int done;
  to[0] = 0x80, to[1] = p->marker | 96;
  put16(to + 2, (uint32_t)v->index & 0xffff);
  put32(to + 4, timestamp);
  put32(to + 8, v->ssrc);
  put32(iv + 2, v->ssrc);
  put32(iv + 6, (uint32_t)(v->index >> 16));
  put16(iv + 10, (uint32_t)v->index & 0xffff);
  for (int i = 0; i < 12; i++) iv[i] ^= v->salt[i];
  v->index++;
  uint8_t *payload = to + RTP_HEADER, *tag = payload + p->size;
  if (EVP_EncryptInit_ex(v->cipher, NULL, NULL, NULL, iv) != 1 ||
      EVP_EncryptUpdate(v->cipher, NULL, &done, to, RTP_HEADER) != 1 ||
      EVP_EncryptUpdate(v->cipher, payload, &done, p->bytes, p->size) != 1 ||
      EVP_EncryptFinal_ex(v->cipher, tag, &done) != 1 ||
      EVP_CIPHER_CTX_ctrl(v->cipher, EVP_CTRL_AEAD_GET_TAG, TAG, tag) != 1)
    abort();
  return (size_t)(RTP_HEADER + p->size + TAG);
}

/* One call carries packets of one size, and at its end one smaller packet: that is what UDP_SEGMENT can cut. */
static void send_frame(struct viewer *v, const struct picture *picture, const struct frame *f, uint32_t timestamp) {
  size_t size = 0, segment = 0;
  int count = 0;
  for (uint32_t i = 0; i < f->count; i++) {
    const struct payload *p = &picture->payloads[f->first + i];
    const size_t next = (size_t)(RTP_HEADER + p->size + TAG);
    if (count && (next > segment || count == PACKETS_PER_CALL)) {
      send_segments(v, size, (uint16_t)segment);
      size = 0, count = 0;
    }
    if (!count) segment = next;
    size += write_packet(v, out + size, p, timestamp);
    count++;
    if (next < segment) {
      send_segments(v, size, (uint16_t)segment);
      size = 0, count = 0;
    }
  }
  if (count) send_segments(v, size, (uint16_t)segment);
  packets_sent += f->count;
}

static double scheduled_us(void) {
  unsigned long long ns = 0;
  FILE *file = fopen("/proc/self/schedstat", "r");
  if (!file || fscanf(file, "%llu", &ns) != 1) perror("limit: /proc/self/schedstat");
  if (file) fclose(file);
  return (double)ns / 1000;
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static struct viewer new_viewer(int port) {
  struct viewer v = {.to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)}};
  uint8_t key[16], start[2];
  v.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v.cipher = EVP_CIPHER_CTX_new();
  if (RAND_bytes(key, sizeof key) != 1 || RAND_bytes(v.salt, sizeof v.salt) != 1 ||
      RAND_bytes((uint8_t *)&v.ssrc, sizeof v.ssrc) != 1 || RAND_bytes(start, sizeof start) != 1 ||
      EVP_EncryptInit_ex(v.cipher, EVP_aes_128_gcm(), NULL, key, v.salt) != 1)
    abort();
  v.index = (uint64_t)start[0] << 8 | start[1];
  return v;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"file", 1, 0, 'f'}, {"fps", 1, 0, 'r'}, {"seconds", 1, 0, 's'}, {"max-payload", 1, 0, 'm'}, {0}};
  const char *file = NULL;
  int fps = 30, duration = 20, max_payload = 1158;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == 'f') file = optarg;
    if (o == 'r') fps = atoi(optarg);
    if (o == 's') duration = atoi(optarg);
    if (o == 'm') max_payload = atoi(optarg);
    if (o == '?') return 1;
  }
  const int viewers = argc - optind;
  if (!file || viewers < 1 || fps < 1 || max_payload < 100 || max_payload > 1400) {
    fprintf(stderr, "limit: --file and at least one port are needed, --max-payload 100..1400\n");
    return 1;
  }
  const struct picture picture = picture_load(file, (uint32_t)max_payload);
  struct viewer *all = calloc((size_t)viewers, sizeof *all);
  const int room = 4 << 20;
  udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!all || udp_fd < 0) return 1;
  setsockopt(udp_fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  for (int i = 0; i < viewers; i++) all[i] = new_viewer(atoi(argv[optind + i]));

  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  const double cpu_before = scheduled_us();
  const int64_t start = monotonic_ns();
  for (int64_t n = 0; n < (int64_t)duration * fps; n++) {
    const int64_t due = start + n * NS_PER_SECOND / fps;
    const struct timespec until = {.tv_sec = due / NS_PER_SECOND, .tv_nsec = due % NS_PER_SECOND};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    const struct frame *f = &picture.frames[n % picture.frame_count];
    for (int i = 0; i < viewers; i++) send_frame(&all[i], &picture, f, (uint32_t)(n * 90000 / fps));
  }
  const double cpu_us = scheduled_us() - cpu_before;
  getrusage(RUSAGE_SELF, &after);
  printf("{\"viewers\":%d,\"packets\":%lu,\"sendCalls\":%lu,\"sendErrors\":%lu,\"cpuUsPerPacket\":%.3f,"
         "\"userUsPerPacket\":%.3f,\"kernelUsPerPacket\":%.3f}\n",
         viewers, packets_sent, send_calls, send_errors, cpu_us / (double)packets_sent,
         (seconds(after.ru_utime) - seconds(before.ru_utime)) * 1e6 / (double)packets_sent,
         (seconds(after.ru_stime) - seconds(before.ru_stime)) * 1e6 / (double)packets_sent);
}
