/* Sequence bookkeeping of one RTP stream: what is missing, late, double (RFC 3550 A.1 without its probation). */
#ifndef BENCH_ORDER_H
#define BENCH_ORDER_H

#include <stdint.h>

enum { ORDER_WINDOW = 4096 };

struct order {
  int started;
  uint64_t first, highest;              /* extended sequence numbers; the first starts in cycle 1 */
  uint64_t received, reordered, doubles; /* received counts each number once */
  uint64_t seen[ORDER_WINDOW / 64];
};

/* The extended number of `sequence`, nearest to the highest one so far. */
static inline uint64_t order_extend(const struct order *o, uint16_t sequence) {
  if (!o->started) return 65536u + sequence;
  return o->highest + (uint64_t)(int64_t)(int16_t)(sequence - (uint16_t)o->highest);
}

static inline void order_add(struct order *o, uint64_t number) {
  if (!o->started) {
    o->started = 1;
    o->first = o->highest = number;
    for (int i = 0; i < ORDER_WINDOW / 64; i++) o->seen[i] = 0;
  } else if (number > o->highest) {
    if (number - o->highest > 1) /* a gap: clear its places; a contiguous number clears by overwriting below */
      for (uint64_t n = o->highest + 1; n < number && n - o->highest < ORDER_WINDOW; n++)
        o->seen[n / 64 % (ORDER_WINDOW / 64)] &= ~(1ull << n % 64);
    o->highest = number;
    o->seen[number / 64 % (ORDER_WINDOW / 64)] &= ~(1ull << number % 64);
  } else if (o->highest - number >= ORDER_WINDOW) {
    o->doubles++;
    return;
  } else if (number < o->first) {
    o->first = number;
    o->reordered++;
  } else if (o->seen[number / 64 % (ORDER_WINDOW / 64)] >> number % 64 & 1) {
    o->doubles++;
    return;
  } else {
    o->reordered++;
  }
  o->seen[number / 64 % (ORDER_WINDOW / 64)] |= 1ull << number % 64;
  o->received++;
}

static inline uint64_t order_expected(const struct order *o) { return o->started ? o->highest - o->first + 1 : 0; }
static inline uint64_t order_lost(const struct order *o) { return order_expected(o) - o->received; }

#endif
