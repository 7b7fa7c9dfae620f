/*
 * Many RTSP cameras in one cheap process (RFC 2326, RFC 3550, RFC 6184): they replay one H.264 file for ever, with
 * continuous sequence numbers and timestamps, frames at their time and cameras out of step with each other.
 * Not implemented: authentication, PAUSE, audio, B-frame timestamps (frames are stamped in file order).
 *
 *   camera --file F.h264 --fps 30 --cameras 20 [--port 0] [--packet-writes] [--max-payload 1400]
 *   camera --file F.h264 --fps 30 --rtp-to 127.0.0.1:5004          plain RTP, no RTSP
 *
 * Says `READY {"port":,"frames":,"packets":,"startMs":}` on stdout and ends when stdin does. Camera i of n starts with the file's
 * frame `i * frames / n`, at startMs of CLOCK_MONOTONIC plus i/n of a frame.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "h264.h"

enum { MAX_CLIENTS = 512, MAX_CAMERAS = 256, HEADER = 16, OUT_LIMIT = 16 << 20, SR_EVERY_SECONDS = 5 };

struct client {
  int fd; /* RTSP connection; -1 for plain RTP */
  int camera, playing, over_udp, channel;
  struct sockaddr_in rtp_to, rtcp_to;
  uint16_t sequence;
  uint32_t timestamp_base, ssrc, packets, octets;
  int64_t next_report_ns;
  char in[8192];
  size_t in_size;
  uint8_t *out; /* what the peer has not taken yet */
  size_t out_size, out_room;
};

static struct picture picture;
static struct client *clients[MAX_CLIENTS];
static int fps = 30, cameras = 1, max_payload = 1400, packet_writes, epoll_fd, listen_fd, rtp_fd, rtcp_fd, server_port;
static uint64_t next_frame[MAX_CAMERAS];
static int64_t start_ns;
static uint8_t (*headers)[HEADER];
static struct iovec *vectors;
static struct mmsghdr *messages;

static uint32_t random32(void) {
  uint32_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
  return value;
}

static void put16(uint8_t *to, uint32_t v) { to[0] = (uint8_t)(v >> 8), to[1] = (uint8_t)v; }
static void put32(uint8_t *to, uint32_t v) { put16(to, v >> 16), put16(to + 2, v); }

static void watch(int fd, int operation, uint32_t events, uint32_t id) {
  struct epoll_event event = {.events = events, .data.u32 = id};
  epoll_ctl(epoll_fd, operation, fd, &event);
}

static void drop_client(int id) {
  if (clients[id]->fd >= 0) close(clients[id]->fd);
  free(clients[id]->out);
  free(clients[id]);
  clients[id] = NULL;
}

/* Keeps what the socket would not take. Returns 0 when the peer is hopelessly behind. */
static int keep(struct client *c, const void *bytes, size_t size) {
  if (c->out_size + size > OUT_LIMIT) return 0;
  if (c->out_size + size > c->out_room) c->out = grown(c->out, c->out_room = c->out_size + size + 65536);
  memcpy(c->out + c->out_size, bytes, size);
  c->out_size += size;
  return 1;
}

static int write_vectors(int id, struct iovec *v, int count) {
  struct client *c = clients[id];
  while (count > 0 && !c->out_size) {
    const int now = count > IOV_MAX ? IOV_MAX : count;
    ssize_t done = writev(c->fd, v, now);
    if (done < 0 && errno != EAGAIN) return 0;
    if (done < 0) done = 0;
    int used = 0;
    while (used < now && (size_t)done >= v[used].iov_len) done -= (ssize_t)v[used++].iov_len;
    v += used, count -= used;
    if (used == now) continue;
    if (!keep(c, (char *)v->iov_base + done, v->iov_len - (size_t)done)) return 0;
    watch(c->fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT, (uint32_t)id);
    v++, count--;
  }
  for (; count > 0; v++, count--)
    if (!keep(c, v->iov_base, v->iov_len)) return 0;
  return 1;
}

static int flush_out(int id) {
  struct client *c = clients[id];
  const ssize_t done = write(c->fd, c->out, c->out_size);
  if (done < 0) return errno == EAGAIN;
  memmove(c->out, c->out + done, c->out_size -= (size_t)done);
  if (!c->out_size) watch(c->fd, EPOLL_CTL_MOD, EPOLLIN, (uint32_t)id);
  return 1;
}

/* RFC 3550 6.4.1, without report blocks: it gives the relay the camera's wall clock. */
static int send_report(int id, uint32_t timestamp) {
  struct client *c = clients[id];
  uint8_t b[4 + 28] = {'$', (uint8_t)(c->channel + 1), 0, 28, 0x80, 200, 0, 6};
  const int64_t wall = clock_ns(CLOCK_REALTIME);
  put32(b + 8, c->ssrc);
  put32(b + 12, (uint32_t)(wall / NS_PER_SECOND + 2208988800LL));
  put32(b + 16, (uint32_t)(((uint64_t)(wall % NS_PER_SECOND) << 32) / NS_PER_SECOND));
  put32(b + 20, timestamp);
  put32(b + 24, c->packets);
  put32(b + 28, c->octets);
  if (c->over_udp) {
    sendto(rtcp_fd, b + 4, 28, 0, (struct sockaddr *)&c->rtcp_to, sizeof c->rtcp_to);
    return 1;
  }
  struct iovec v = {b, sizeof b};
  return write_vectors(id, &v, 1);
}

static int send_frame(int id, uint64_t number) {
  struct client *c = clients[id];
  const uint64_t offset = (uint64_t)c->camera * picture.frame_count / (uint64_t)cameras;
  const struct frame *f = &picture.frames[(number + offset) % picture.frame_count];
  const uint32_t timestamp = c->timestamp_base + (uint32_t)(number * 90000 / (uint64_t)fps);
  if (monotonic_ns() >= c->next_report_ns) {
    if (!send_report(id, timestamp)) return 0;
    c->next_report_ns = monotonic_ns() + SR_EVERY_SECONDS * NS_PER_SECOND;
  }
  const size_t skip = c->over_udp ? 4 : 0; /* the interleaving prefix is for TCP only */
  for (uint32_t i = 0; i < f->count; i++) {
    const struct payload *p = &picture.payloads[f->first + i];
    uint8_t *h = headers[i];
    h[0] = '$', h[1] = (uint8_t)c->channel;
    put16(h + 2, 12u + p->size);
    h[4] = 0x80, h[5] = p->marker | 96;
    put16(h + 6, c->sequence++);
    put32(h + 8, timestamp);
    put32(h + 12, c->ssrc);
    vectors[2 * i] = (struct iovec){h + skip, HEADER - skip};
    vectors[2 * i + 1] = (struct iovec){(void *)p->bytes, p->size};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &c->rtp_to,
                                          .msg_namelen = sizeof c->rtp_to,
                                          .msg_iov = vectors + 2 * i,
                                          .msg_iovlen = 2};
    c->packets++, c->octets += p->size;
  }
  if (c->over_udp) {
    for (uint32_t sent = 0; sent < f->count;) {
      const int now = sendmmsg(rtp_fd, messages + sent, f->count - sent, 0);
      sent += now > 0 ? (uint32_t)now : 1; /* one that is refused is lost, as on a network */
    }
    return 1;
  }
  if (!packet_writes) return write_vectors(id, vectors, (int)(2 * f->count));
  for (uint32_t i = 0; i < f->count; i++)
    if (!write_vectors(id, vectors + 2 * i, 2)) return 0;
  return 1;
}

static void base64(const uint8_t *from, uint32_t size, char *to) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (uint32_t i = 0; i < size; i += 3, to += 4) {
    const uint32_t left = size - i;
    const uint32_t v =
        (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) | (left > 2 ? from[i + 2] : 0);
    to[0] = digits[v >> 18], to[1] = digits[v >> 12 & 63];
    to[2] = left > 1 ? digits[v >> 6 & 63] : '=', to[3] = left > 2 ? digits[v & 63] : '=';
  }
  *to = 0;
}

static int reply(int id, int cseq, const char *status, const char *more, const char *body) {
  char text[4096];
  const int size = snprintf(text, sizeof text, "RTSP/1.0 %s\r\nCSeq: %d\r\nSession: %08x;timeout=60\r\n%s\r\n%s", status,
                            cseq, clients[id]->ssrc, more, body);
  struct iovec v = {text, (size_t)size};
  return write_vectors(id, &v, 1);
}

static int describe(int id, int cseq, const char *url) {
  char sps[512], pps[512], sdp[2048], more[1024];
  if (picture.sps_size > 300 || picture.pps_size > 300) return 0;
  base64(picture.sps, picture.sps_size, sps);
  base64(picture.pps, picture.pps_size, pps);
  const int size = snprintf(sdp, sizeof sdp,
                            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
                            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=framerate:%d\r\n"
                            "a=fmtp:96 packetization-mode=1;profile-level-id=%02x%02x%02x;sprop-parameter-sets=%s,%s\r\n"
                            "a=control:track1\r\n",
                            fps, picture.sps[1], picture.sps[2], picture.sps[3], sps, pps);
  snprintf(more, sizeof more, "Content-Base: %s/\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n", url, size);
  return reply(id, cseq, "200 OK", more, sdp);
}

static int set_up(int id, int cseq, const char *request) {
  struct client *c = clients[id];
  char more[256];
  const char *transport = strcasestr(request, "\r\nTransport:");
  const char *ports = transport ? strcasestr(transport, "client_port=") : NULL;
  const char *channels = transport ? strcasestr(transport, "interleaved=") : NULL;
  if (transport && !channels && ports) {
    const int first = atoi(ports + 12);
    socklen_t size = sizeof c->rtp_to;
    if (getpeername(c->fd, (struct sockaddr *)&c->rtp_to, &size)) return 0;
    c->rtcp_to = c->rtp_to;
    c->rtp_to.sin_port = htons((uint16_t)first);
    c->rtcp_to.sin_port = htons((uint16_t)(first + 1));
    c->over_udp = 1;
    struct sockaddr_in here;
    size = sizeof here;
    getsockname(rtp_fd, (struct sockaddr *)&here, &size);
    snprintf(more, sizeof more, "Transport: RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d;ssrc=%08X\r\n", first,
             first + 1, ntohs(here.sin_port), ntohs(here.sin_port) + 1, c->ssrc);
  } else if (transport) {
    c->channel = channels ? atoi(channels + 12) : 0;
    snprintf(more, sizeof more, "Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d;ssrc=%08X\r\n", c->channel,
             c->channel + 1, c->ssrc);
  } else {
    return reply(id, cseq, "461 Unsupported Transport", "", "");
  }
  return reply(id, cseq, "200 OK", more, "");
}

static int handle_request(int id, char *request) {
  struct client *c = clients[id];
  char method[32] = "", url[512] = "", more[1024];
  const char *field = strcasestr(request, "\r\nCSeq:");
  const int cseq = field ? atoi(field + 7) : 0;
  if (sscanf(request, "%31s %511s", method, url) != 2) return 0;
  const char *name = strstr(url, "/cam");
  if (name) c->camera = atoi(name + 4);
  if (c->camera < 0 || c->camera >= cameras) return reply(id, cseq, "404 Not Found", "", "");
  if (!strcmp(method, "OPTIONS"))
    return reply(id, cseq, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n", "");
  if (!strcmp(method, "DESCRIBE")) return describe(id, cseq, url);
  if (!strcmp(method, "SETUP")) return set_up(id, cseq, request);
  if (!strcmp(method, "GET_PARAMETER")) return reply(id, cseq, "200 OK", "", "");
  if (!strcmp(method, "PLAY")) {
    const uint64_t number = next_frame[c->camera];
    snprintf(more, sizeof more, "Range: npt=0.000-\r\nRTP-Info: url=%s;seq=%u;rtptime=%u\r\n", url, c->sequence,
             c->timestamp_base + (uint32_t)(number * 90000 / (uint64_t)fps));
    c->playing = 1;
    return reply(id, cseq, "200 OK", more, "");
  }
  if (!strcmp(method, "TEARDOWN")) {
    reply(id, cseq, "200 OK", "", "");
    return 0;
  }
  return reply(id, cseq, "405 Method Not Allowed", "", "");
}

static int read_client(int id) {
  struct client *c = clients[id];
  const ssize_t got = read(c->fd, c->in + c->in_size, sizeof c->in - 1 - c->in_size);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  c->in_size += (size_t)got;
  for (;;) {
    size_t used = 0;
    c->in[c->in_size] = 0;
    if (c->in_size >= 4 && c->in[0] == '$') { /* the relay's receiver reports */
      used = 4 + ((size_t)(uint8_t)c->in[2] << 8 | (uint8_t)c->in[3]);
      if (used > c->in_size) return used < sizeof c->in;
    } else if (c->in_size && c->in[0] != '$') {
      char *end = strstr(c->in, "\r\n\r\n");
      if (!end) return c->in_size < sizeof c->in - 1;
      used = (size_t)(end + 4 - c->in);
      end[2] = 0;
      if (!handle_request(id, c->in)) return 0;
    } else {
      return 1;
    }
    memmove(c->in, c->in + used, c->in_size -= used);
  }
}

static int add_client(int fd) {
  for (int id = 0; id < MAX_CLIENTS; id++) {
    if (clients[id]) continue;
    struct client *c = clients[id] = calloc(1, sizeof *c);
    if (!c) return -1;
    c->fd = fd;
    c->sequence = (uint16_t)random32();
    c->timestamp_base = random32();
    c->ssrc = random32();
    return id;
  }
  return -1;
}

static void accept_client(void) {
  const int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const int id = add_client(fd), on = 1, room = 1 << 20;
  if (id < 0) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  watch(fd, EPOLL_CTL_ADD, EPOLLIN, (uint32_t)id);
}

static int bound(int type, uint16_t port) {
  const int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, room = 4 << 20;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (type == SOCK_DGRAM) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (bind(fd, (struct sockaddr *)&here, sizeof here) == 0) return fd;
  close(fd);
  return -1;
}

static uint16_t port_of(int fd) {
  struct sockaddr_in here;
  socklen_t size = sizeof here;
  getsockname(fd, (struct sockaddr *)&here, &size);
  return ntohs(here.sin_port);
}

/* An even port and the next one, as RFC 3550 section 11 wants. */
static void open_media_ports(void) {
  for (int attempt = 0; attempt < 100; attempt++) {
    rtp_fd = bound(SOCK_DGRAM, 0);
    if (rtp_fd >= 0 && port_of(rtp_fd) % 2 == 0 && (rtcp_fd = bound(SOCK_DGRAM, port_of(rtp_fd) + 1)) >= 0) return;
    if (rtp_fd >= 0) close(rtp_fd);
  }
  fprintf(stderr, "no pair of free UDP ports\n");
  exit(1);
}

static void start_plain_rtp(const char *to) {
  char host[64] = "";
  int port = 0;
  const int id = add_client(-1);
  struct client *c = clients[id];
  if (sscanf(to, "%63[^:]:%d", host, &port) != 2 || inet_pton(AF_INET, host, &c->rtp_to.sin_addr) != 1) {
    fprintf(stderr, "--rtp-to wants address:port, not %s\n", to);
    exit(1);
  }
  c->rtp_to.sin_family = AF_INET;
  c->rtcp_to = c->rtp_to;
  c->rtp_to.sin_port = htons((uint16_t)port);
  c->rtcp_to.sin_port = htons((uint16_t)(port + 1));
  c->over_udp = c->playing = 1;
}

/* When frame `number` of `camera` is due: the cameras are spread evenly over one frame's duration. */
static int64_t due_ns(int camera, uint64_t number) {
  const int64_t phase = NS_PER_SECOND * camera / cameras / fps;
  return start_ns + phase + (int64_t)number * NS_PER_SECOND / fps;
}

static int64_t send_due_frames(void) {
  int64_t earliest = INT64_MAX;
  for (int camera = 0; camera < cameras; camera++) {
    int64_t due;
    while ((due = due_ns(camera, next_frame[camera])) <= monotonic_ns()) {
      for (int id = 0; id < MAX_CLIENTS; id++)
        if (clients[id] && clients[id]->playing && clients[id]->camera == camera &&
            !send_frame(id, next_frame[camera]))
          drop_client(id);
      next_frame[camera]++;
    }
    if (due < earliest) earliest = due;
  }
  return earliest;
}

static void handle_event(const struct epoll_event *event) {
  const uint32_t id = event->data.u32;
  char waste[2048];
  if (id == MAX_CLIENTS) {
    accept_client();
  } else if (id == MAX_CLIENTS + 1) {
    if (read(STDIN_FILENO, waste, sizeof waste) <= 0) exit(0);
  } else if (id == MAX_CLIENTS + 2) {
    while (recv(rtcp_fd, waste, sizeof waste, 0) > 0) continue;
  } else if (clients[id]) {
    const int alive = (event->events & EPOLLOUT ? flush_out((int)id) : 1) &&
                      (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? read_client((int)id) : 1);
    if (!alive) drop_client((int)id);
  }
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"file", 1, 0, 'f'},          {"fps", 1, 0, 'r'},    {"cameras", 1, 0, 'n'},     {"port", 1, 0, 'p'},
      {"packet-writes", 0, 0, 'w'}, {"rtp-to", 1, 0, 't'}, {"max-payload", 1, 0, 'm'}, {0}};
  const char *file = NULL, *rtp_to = NULL;
  for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (o == 'f') file = optarg;
    if (o == 'r') fps = atoi(optarg);
    if (o == 'n') cameras = atoi(optarg);
    if (o == 'p') server_port = atoi(optarg);
    if (o == 'w') packet_writes = 1;
    if (o == 't') rtp_to = optarg;
    if (o == 'm') max_payload = atoi(optarg);
    if (o == '?') return 1;
  }
  if (!file || fps < 1 || cameras < 1 || cameras > MAX_CAMERAS || max_payload < 100) {
    fprintf(stderr, "camera: --file is needed, --fps >= 1, --cameras 1..%d\n", MAX_CAMERAS);
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  picture = picture_load(file, (uint32_t)max_payload);
  headers = grown(NULL, picture.largest_frame * sizeof *headers);
  vectors = grown(NULL, 2 * picture.largest_frame * sizeof *vectors);
  messages = grown(NULL, picture.largest_frame * sizeof *messages);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  open_media_ports();
  watch(rtcp_fd, EPOLL_CTL_ADD, EPOLLIN, MAX_CLIENTS + 2);
  watch(STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN, MAX_CLIENTS + 1);
  if (rtp_to) {
    start_plain_rtp(rtp_to);
  } else {
    listen_fd = bound(SOCK_STREAM, (uint16_t)server_port);
    if (listen_fd < 0 || listen(listen_fd, 64)) {
      perror("camera: cannot listen");
      return 1;
    }
    watch(listen_fd, EPOLL_CTL_ADD, EPOLLIN, MAX_CLIENTS);
  }
  start_ns = monotonic_ns();
  printf("READY {\"port\":%d,\"frames\":%u,\"packets\":%u,\"startMs\":%.3f}\n", rtp_to ? 0 : port_of(listen_fd),
         picture.frame_count, picture.payload_count, (double)start_ns / 1e6);
  fflush(stdout);

  for (;;) {
    const int64_t wait = send_due_frames() - monotonic_ns();
    const struct timespec timeout = {.tv_sec = wait > 0 ? wait / NS_PER_SECOND : 0,
                                     .tv_nsec = wait > 0 ? wait % NS_PER_SECOND : 0};
    struct epoll_event events[64];
    const int count = epoll_pwait2(epoll_fd, events, 64, &timeout, NULL);
    for (int i = 0; i < count; i++) handle_event(&events[i]);
  }
}
