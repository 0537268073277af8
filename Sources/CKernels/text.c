#include "kernel.h"

#include <string.h>

typedef uint8_t Bytes __attribute__((vector_size(64)));

/// 255 in each byte that is this one.
#define LANES(bytes, byte) ((Bytes)((bytes) == (Bytes){} + (uint8_t)(byte)))

MARU_INLINE ptrdiff_t sum(const Bytes *counts) {
  ptrdiff_t total = 0;
  for (int lane = 0; lane < 64; lane++) total += (*counts)[lane];
  return total;
}

MARU_KERNEL
maru_text_contents maru_contents_of_text(const uint8_t *text, ptrdiff_t n) {
  maru_text_contents contents = {0};
  Bytes any = {};
  for (ptrdiff_t i = 0; i < n;) {
    Bytes nulls = {}, quotes = {}, breaks = {};
    // A lane counts to 255.
    ptrdiff_t end = i + 255 * 64 < n ? i + 255 * 64 : n;
    for (; i < end; i += 64) {
      Bytes bytes, next;
      if (i + 64 < n) {
        memcpy(&bytes, text + i, 64);
        memcpy(&next, text + i + 1, 64);
      } else {
        // Blanks behind the last byte.
        memset(&bytes, ' ', 64);
        memset(&next, ' ', 64);
        memcpy(&bytes, text + i, (size_t)(n - i));
        memcpy(&next, text + i + 1, (size_t)(n - i));
      }
      any |= bytes;
      nulls -= LANES(bytes, 0);
      quotes -= LANES(bytes, '"');
      breaks -= LANES(bytes, '\n') | (LANES(bytes, '\r') & ~LANES(next, '\n'));
    }
    contents.nulls += sum(&nulls);
    contents.quotes += sum(&quotes);
    contents.breaks += sum(&breaks);
  }
  for (int lane = 0; lane < 64; lane++) contents.any |= any[lane];
  return contents;
}
