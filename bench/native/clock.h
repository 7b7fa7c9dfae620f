/* Time as the benches' programs need it. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_SECOND 1000000000LL

static inline int64_t clock_ns(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

static inline int64_t monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

#endif
