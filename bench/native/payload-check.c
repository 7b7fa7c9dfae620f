/*
 * payload-check.h alone, for its test: `payload-check FILE [anywhere]` reads packets from stdin, one a line: extended sequence number,
 * timestamp, marker, payload in hexadecimal digits. Says {"checkedFrames":,"payloadErrors":,"bursts":,"problem":} at the end.
 */
#include "payload-check.h"

int main(int argc, char **argv) {
  static char digits[8192];
  static uint8_t payload[sizeof digits / 2];
  if (argc < 2) return 1;
  const struct picture picture = picture_load(argv[1], UINT32_MAX);
  struct payload_check *check = check_new(&picture, argc > 2);
  unsigned long number;
  unsigned timestamp, byte;
  int marker;
  while (scanf("%lu %u %d %8191s", &number, &timestamp, &marker, digits) == 4) {
    uint32_t size = 0;
    while (sscanf(digits + 2 * size, "%2x", &byte) == 1) payload[size++] = (uint8_t)byte;
    check_packet(check, number, timestamp, marker, payload, size);
  }
  check_end(check);
  printf("{\"checkedFrames\":%lu,\"payloadErrors\":%lu,\"bursts\":%lu,\"problem\":\"%s\"}\n", check->frames, check->errors,
         check->bursts, check->problem ? check->problem : "");
  check_free(check);
  return 0;
}
