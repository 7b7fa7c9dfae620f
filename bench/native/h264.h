/*
 * Reads an Annex-B H.264 file once and cuts it into RTP payloads (RFC 6184: single NAL units and FU-A, mode 1).
 * The first packet of every frame and all its neighbours lie in one block, so that a sender only adds headers.
 * Fragments of one NAL unit have equal size but for the last: that is what UDP segmentation offload wants.
 */
#ifndef BENCH_H264_H
#define BENCH_H264_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct payload {
  const uint8_t *bytes;
  uint32_t size;
  uint8_t marker;
};

struct frame {
  uint32_t first, count;
};

struct picture {
  struct payload *payloads;
  struct frame *frames;
  uint32_t payload_count, frame_count, largest_frame;
  const uint8_t *sps, *pps;
  uint32_t sps_size, pps_size;
};

static void *grown(void *memory, size_t bytes) {
  void *result = realloc(memory, bytes);
  if (!result) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return result;
}

static void picture_end_frame(struct picture *p) {
  struct frame *f = &p->frames[p->frame_count];
  f->count = p->payload_count - f->first;
  if (!f->count) return;
  p->payloads[p->payload_count - 1].marker = 0x80;
  if (f->count > p->largest_frame) p->largest_frame = f->count;
  p->frame_count++;
  p->frames = grown(p->frames, (p->frame_count + 1) * sizeof *p->frames);
  p->frames[p->frame_count].first = p->payload_count;
}

static void picture_add_payload(struct picture *p, const uint8_t *bytes, uint32_t size) {
  if ((p->payload_count & 1023) == 0)
    p->payloads = grown(p->payloads, (p->payload_count + 1024) * sizeof *p->payloads);
  p->payloads[p->payload_count++] = (struct payload){.bytes = bytes, .size = size, .marker = 0};
}

/* `store` has room for the unit and two more bytes per fragment; returns its new end. */
static uint8_t *picture_add_unit(struct picture *p, uint8_t *store, const uint8_t *unit, uint32_t size,
                                 uint32_t max_payload) {
  if (size <= max_payload) {
    memcpy(store, unit, size);
    picture_add_payload(p, store, size);
    return store + size;
  }
  const uint32_t body = size - 1, room = max_payload - 2;
  const uint32_t fragments = (body + room - 1) / room, part = (body + fragments - 1) / fragments;
  for (uint32_t at = 0; at < body; at += part) {
    const uint32_t length = body - at < part ? body - at : part;
    const uint8_t start = at == 0 ? 0x80 : 0, end = at + length == body ? 0x40 : 0;
    store[0] = (unit[0] & 0xe0) | 28;
    store[1] = start | end | (unit[0] & 31);
    memcpy(store + 2, unit + 1 + at, length);
    picture_add_payload(p, store, length + 2);
    store += length + 2;
  }
  return store;
}

static struct picture picture_load(const char *path, uint32_t max_payload) {
  struct picture p = {0};
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(1);
  }
  const long size = ftell(file);
  uint8_t *bytes = grown(NULL, (size_t)size + 4), *store = grown(NULL, (size_t)size * 2 + 64);
  rewind(file);
  if (fread(bytes, 1, (size_t)size, file) != (size_t)size) {
    fprintf(stderr, "cannot read all of %s\n", path);
    exit(1);
  }
  fclose(file);
  p.frames = grown(NULL, sizeof *p.frames);
  p.frames[0].first = 0;

  int has_slice = 0;
  long at = 0;
  while (at + 3 < size && memcmp(bytes + at, "\0\0\1", 3)) at++;
  while (at + 3 < size) {
    const long begin = at + 3;
    long next = begin;
    while (next + 3 <= size && memcmp(bytes + next, "\0\0\1", 3)) next++;
    if (next + 3 > size) next = size;
    long end = next;
    while (end > begin && bytes[end - 1] == 0) end--;
    at = next;
    if (end - begin < 2) continue;
    const uint8_t *unit = bytes + begin;
    const int type = unit[0] & 31, is_slice = type == 1 || type == 5;
    /* A picture begins with its first slice (first_mb_in_slice = 0, one set bit) or what precedes it. */
    if (has_slice && (!is_slice || (unit[1] & 0x80))) {
      picture_end_frame(&p);
      has_slice = 0;
    }
    if (is_slice) has_slice = 1;
    if (type == 7) p.sps = unit, p.sps_size = (uint32_t)(end - begin);
    if (type == 8) p.pps = unit, p.pps_size = (uint32_t)(end - begin);
    store = picture_add_unit(&p, store, unit, (uint32_t)(end - begin), max_payload);
  }
  picture_end_frame(&p);
  if (!p.frame_count || !p.sps || !p.pps) {
    fprintf(stderr, "%s has no H.264 pictures with parameter sets\n", path);
    exit(1);
  }
  return p;
}

#endif
