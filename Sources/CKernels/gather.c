#include "kernel.h"

#include <string.h>

/// Asks for the cache lines of one row ahead of its use, since shuffled rows defeat the hardware's
/// own prefetching.
MARU_INLINE void prefetch_row(const void *row, ptrdiff_t bytes) {
  for (ptrdiff_t offset = 0; offset < bytes; offset += 64) {
    __builtin_prefetch((const char *)row + offset, 0, 3);
  }
}

MARU_KERNEL
void maru_gather_bytes(const uint8_t *pixels, ptrdiff_t stride, const int32_t *indices,
                       ptrdiff_t rows, ptrdiff_t n, float scale, float *restrict out,
                       ptrdiff_t out_stride) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    if (i + 2 < rows) prefetch_row(pixels + indices[i + 2] * stride, n);
    const uint8_t *restrict row = pixels + indices[i] * stride;
    float *restrict target = out + i * out_stride;
    for (ptrdiff_t j = 0; j < n; j++) target[j] = scale * (float)row[j];
  }
}

void maru_gather_floats(const float *values, ptrdiff_t stride, const int32_t *indices,
                        ptrdiff_t rows, ptrdiff_t n, float *out, ptrdiff_t out_stride) {
  ptrdiff_t bytes = n * (ptrdiff_t)sizeof(float);
  for (ptrdiff_t i = 0; i < rows; i++) {
    if (i + 2 < rows) prefetch_row(values + indices[i + 2] * stride, bytes);
    memcpy(out + i * out_stride, values + indices[i] * stride, (size_t)bytes);
  }
}
