/*
 * Is what a viewer gets what the camera sent? RTP payloads are put together to NAL units (RFC 6184: single, STAP-A, FU-A),
 * and whole pictures compared byte by byte with those of the file that the camera replays.
 *
 * A viewer begins with a key frame; then comes the file's next picture, round and round, or at any time a key frame
 * again: a burst. A key frame has its parameter sets. What is no slice may be left out, or come earlier in its picture,
 * but is in the file. The packets of a picture have one timestamp, later than that of the picture before; its last has the
 * marker. One without is the beginning of a picture that a burst cut short: a key frame follows. What comes late, or
 * as a resend, is put in its place. Lost packets excuse their pictures, and no others; the first of them may have been a
 * key frame at any time.
 */
#ifndef BENCH_PAYLOAD_CHECK_H
#define BENCH_PAYLOAD_CHECK_H

#include "h264.h"

enum { CHECK_MAX_SLICES = 256, CHECK_MAX_BYTES = 16 << 20, CHECK_HELD_PACKETS = 512, CHECK_PACKET_BYTES = 2048 };

struct held_packet {
  uint64_t number;
  uint32_t timestamp, size;
  int marker;
  uint8_t payload[CHECK_PACKET_BYTES];
};

struct payload_check {
  const struct picture *picture; /* its payloads are whole NAL units */
  int is_anywhere;               /* it may begin amid the stream: with another server, or when packets came too early */
  uint64_t frames, errors, bursts; /* key frames that came instead of the next picture */
  const char *problem; /* the first of `errors` */

  struct held_packet *held; /* behind a hole that may be filled yet, by their numbers */
  uint64_t due;             /* the next one, there or not; for those before it is too late */
  uint32_t held_count;

  uint64_t next_number; /* of the next packet that is looked at; 0 before the first */
  uint32_t timestamp;
  int is_open;    /* a picture is under way */
  int is_waiting; /* its beginning may be lost: it is not looked at */
  int in_unit, has_sps, has_pps;
  const char *bad;
  uint8_t *bytes; /* its slices */
  uint32_t size, room, unit_start, slices, slice_ends[CHECK_MAX_SLICES];

  uint32_t last_frame; /* checked */
  /* The next picture is this one, or at most so many later; or at most so many behind a key frame. */
  uint32_t next_frame, skippable;
  int wants_key; /* only that */
};

static struct payload_check *check_new(const struct picture *picture, int is_anywhere) {
  struct payload_check *c = grown(NULL, sizeof *c);
  *c = (struct payload_check){.picture = picture, .is_anywhere = is_anywhere};
  return c;
}

static void check_free(struct payload_check *c) {
  if (c) free(c->bytes), free(c->held);
  free(c);
}

static int check_is_slice(const uint8_t *unit) { return (unit[0] & 31) >= 1 && (unit[0] & 31) <= 5; }

static int check_is_key(const struct picture *p, uint32_t frame) {
  for (uint32_t i = 0; i < p->frames[frame].count; i++)
    if ((p->payloads[p->frames[frame].first + i].bytes[0] & 31) == 5) return 1;
  return 0;
}

static int check_is_in_file(const struct picture *p, const uint8_t *unit, uint32_t size) {
  for (uint32_t i = 0; i < p->payload_count; i++)
    if (p->payloads[i].size == size && !memcmp(p->payloads[i].bytes, unit, size)) return 1;
  return 0;
}

/* Are the slices those of this picture; if it was cut short, their beginning? */
static int check_is_frame(const struct payload_check *c, uint32_t frame, int is_cut) {
  const struct frame *f = &c->picture->frames[frame];
  uint32_t slice = 0, start = 0;
  for (uint32_t i = 0; i < f->count; i++) {
    const struct payload *p = &c->picture->payloads[f->first + i];
    if (!check_is_slice(p->bytes)) continue;
    const int is_last = slice == c->slices;
    const uint32_t size = (is_last ? c->size : c->slice_ends[slice]) - start;
    if (is_last) return is_cut && size <= p->size && (!size || !memcmp(p->bytes, c->bytes + start, size));
    if (size != p->size || memcmp(p->bytes, c->bytes + start, size)) return 0;
    start = c->slice_ends[slice++];
  }
  return !is_cut && slice == c->slices && start == c->size;
}

/* Number of the picture that came, as far as it may come now; otherwise the count of pictures. */
static uint32_t check_find(const struct payload_check *c, int is_cut) {
  const uint32_t count = c->picture->frame_count;
  for (uint32_t ahead = 0; !c->wants_key && ahead <= c->skippable && ahead < count; ahead++)
    if (check_is_frame(c, (c->next_frame + ahead) % count, is_cut)) return (c->next_frame + ahead) % count;
  for (uint32_t frame = 0, behind_key = count; frame < count; frame++) {
    behind_key = check_is_key(c->picture, frame) ? 0 : behind_key + 1;
    if (behind_key <= c->skippable && check_is_frame(c, frame, is_cut)) return frame;
  }
  return count;
}

static void check_error(struct payload_check *c, const char *problem) {
  c->errors++;
  if (!c->problem) c->problem = problem;
}

/* `is_cut`: its marker never came. */
static void check_end_frame(struct payload_check *c, int is_cut) {
  const uint32_t count = c->picture->frame_count;
  c->is_open = 0;
  if (c->in_unit && !is_cut && !c->bad) c->bad = "a picture ends amid a fragmented NAL unit";
  uint32_t frame = c->bad ? count : check_find(c, is_cut);
  if (frame < count) {
    if (!is_cut && check_is_key(c->picture, frame) && !(c->has_sps && c->has_pps))
      check_error(c, "a key frame without parameter sets");
    if (c->frames && (c->wants_key || (frame + count - c->next_frame) % count > c->skippable)) c->bursts++;
    c->frames += !is_cut;
    if (!is_cut) c->last_frame = frame;
  } else {
    for (frame = 0; !c->bad && frame < count && !check_is_frame(c, frame, is_cut);) frame++;
    check_error(c, c->bad ? c->bad : frame < count ? "a picture out of its order" : "a picture that is not the camera's");
    if (c->bad || frame == count) { /* it came instead of the next one, or besides; of a first one nothing is known */
      c->skippable = c->wants_key ? count : c->skippable + 1;
      c->wants_key = 0;
      return;
    }
  }
  c->next_frame = (frame + 1) % count;
  c->skippable = 0;
  c->wants_key = is_cut;
}

static void check_append(struct payload_check *c, const uint8_t *bytes, uint32_t size) {
  if (c->size + size > CHECK_MAX_BYTES) {
    c->bad = "a picture without an end";
    return;
  }
  if (c->size + size > c->room) c->bytes = grown(c->bytes, c->room = 2 * (c->size + size));
  memcpy(c->bytes + c->size, bytes, size);
  c->size += size;
}

static void check_end_unit(struct payload_check *c) {
  const uint8_t *unit = c->bytes + c->unit_start;
  const int type = c->size > c->unit_start ? unit[0] & 31 : 0;
  if (c->bad) return;
  if (type >= 1 && type <= 5 && c->slices < CHECK_MAX_SLICES) {
    c->slice_ends[c->slices++] = c->unit_start = c->size;
    return;
  }
  if (type <= 5)
    c->bad = "an empty NAL unit, or too many slices";
  else if (!check_is_in_file(c->picture, unit, c->size - c->unit_start))
    c->bad = "a NAL unit that is not the camera's";
  else if (type <= 9 && c->slices)
    c->bad = "what belongs before the slices is behind them";
  c->has_sps |= type == 7, c->has_pps |= type == 8;
  c->size = c->unit_start;
}

static void check_fragment(struct payload_check *c, const uint8_t *p, uint32_t size) {
  const uint8_t header = (p[0] & 0xe0) | (p[1] & 31);
  if (p[1] & 0x80 ? c->in_unit : !c->in_unit || c->bytes[c->unit_start] != header) {
    c->bad = "fragments that do not fit together";
    return;
  }
  if (p[1] & 0x80) check_append(c, &header, 1);
  check_append(c, p + 2, size - 2);
  c->in_unit = !(p[1] & 0x40);
  if (!c->in_unit) check_end_unit(c);
}

static void check_payload(struct payload_check *c, const uint8_t *p, uint32_t size) {
  const int type = p[0] & 31;
  if (c->in_unit && type != 28) {
    c->bad = "a fragmented NAL unit without an end";
  } else if (type >= 1 && type <= 23) {
    check_append(c, p, size);
    check_end_unit(c);
  } else if (type == 24) {
    for (uint32_t at = 1; at < size && !c->bad;) {
      const uint32_t length = at + 2 <= size ? (uint32_t)p[at] << 8 | p[at + 1] : 0;
      if (!length || at + 2 + length > size) {
        c->bad = "a STAP-A with wrong sizes";
        return;
      }
      check_append(c, p + at + 2, length);
      check_end_unit(c);
      at += 2 + length;
    }
  } else if (type == 28 && size > 2) {
    check_fragment(c, p, size);
  } else {
    c->bad = "a payload of no known type";
  }
}

static void check_open_frame(struct payload_check *c, uint32_t timestamp) {
  c->is_open = 1;
  c->in_unit = c->has_sps = c->has_pps = 0;
  c->size = c->unit_start = c->slices = 0;
  c->bad = c->next_number && (int32_t)(timestamp - c->timestamp) <= 0 ? "a timestamp that is not later" : NULL;
}

/* What is open lost packets, what comes next as well, and in between there may have been a picture in each lost packet. */
static void check_gap(struct payload_check *c, uint64_t lost) {
  const uint64_t skippable = c->skippable + lost + 1 + (uint64_t)c->is_open;
  c->skippable = skippable < c->picture->frame_count ? (uint32_t)skippable : c->picture->frame_count;
  c->is_open = 0;
  c->is_waiting = 1;
}

static void check_in_order(struct payload_check *c, uint64_t number, uint32_t timestamp, int marker,
                           const uint8_t *payload, uint32_t size) {
  const int is_first = !c->next_number, is_after_gap = is_first ? c->is_anywhere : number > c->next_number;
  if (is_first) c->wants_key = 1;
  if (is_after_gap) check_gap(c, is_first ? UINT32_MAX : number - c->next_number);
  if (c->is_waiting && !is_after_gap && timestamp != c->timestamp) c->is_waiting = 0;
  if (!size) { /* padding */
  } else if (c->is_waiting) {
    c->is_waiting = !marker;
  } else {
    if (c->is_open && timestamp != c->timestamp) check_end_frame(c, 1);
    if (!c->is_open) check_open_frame(c, timestamp);
    if (!c->bad) check_payload(c, payload, size);
  }
  if (size) c->timestamp = timestamp;
  if (c->is_open && marker) check_end_frame(c, 0);
  c->next_number = number + 1;
}

/* Looks at the packet that is due, if it is there, and goes on. */
static void check_step(struct payload_check *c) {
  const struct held_packet *h = c->held ? &c->held[c->due % CHECK_HELD_PACKETS] : NULL;
  if (h && h->number == c->due) {
    check_in_order(c, h->number, h->timestamp, h->marker, h->payload, h->size);
    c->held_count--;
  }
  c->due++;
}

/* One authentic packet, or what a resend brings; `number` is its extended sequence number, never 0. Was it missing? */
static int check_packet(struct payload_check *c, uint64_t number, uint32_t timestamp, int marker, const uint8_t *payload,
                        uint32_t size) {
  if (!c->due) c->due = number;
  if (number < c->due || size > CHECK_PACKET_BYTES) return 0; /* double, or so late that it counts as lost */
  while (number - c->due >= CHECK_HELD_PACKETS) check_step(c);
  if (number == c->due) {
    check_in_order(c, number, timestamp, marker, payload, size);
    c->due++;
  } else {
    if (!c->held) {
      c->held = grown(NULL, CHECK_HELD_PACKETS * sizeof *c->held);
      memset(c->held, 0, CHECK_HELD_PACKETS * sizeof *c->held);
    }
    struct held_packet *h = &c->held[number % CHECK_HELD_PACKETS];
    if (h->number == number) return 0;
    h->number = number, h->timestamp = timestamp, h->marker = marker, h->size = size;
    memcpy(h->payload, payload, size);
    c->held_count++;
  }
  while (c->held_count && c->held[c->due % CHECK_HELD_PACKETS].number == c->due) check_step(c);
  return 1;
}

/* Nothing more comes. */
static inline void check_end(struct payload_check *c) {
  while (c->held_count) check_step(c);
}

#endif
