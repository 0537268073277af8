#include "kernel.h"

/// The first word of Philox4x32-10 for a counter and a key of 64 bits each, as a number in [0, 1).
/// One block an element is wasteful, but leaves every element independent of its neighbours.
MARU_INLINE float philox_uniform(uint64_t counter, uint64_t key) {
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return (float)(c0 >> 8) * 0x1p-24f;
}

MARU_KERNEL
void maru_dropout(const float *x, float *y, ptrdiff_t n, uint64_t key, uint64_t first, float keep) {
  float factor = 1.0f / keep;
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) {
    float uniform = philox_uniform(first + (uint64_t)i, key);
    y[i] = uniform < keep ? x[i] * factor : 0;
  }
}

MARU_KERNEL
void maru_dropout_lanes(const float *x, float *y, ptrdiff_t elements, uint64_t key, uint64_t first,
                        float keep) {
  float factor = 1.0f / keep;
  for (ptrdiff_t e = 0; e < elements; e++) {
    MARU_IN_PLACE
    for (ptrdiff_t l = 0; l < MARU_LANES; l++) {
      float uniform = philox_uniform(first + (uint64_t)(l * elements + e), key);
      y[e * MARU_LANES + l] = uniform < keep ? x[e * MARU_LANES + l] * factor : 0;
    }
  }
}
