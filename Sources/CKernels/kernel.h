// What every kernel file needs: the attribute that compiles a loop for several processor levels,
// and the exponential that, unlike libm's, becomes vector instructions.
#ifndef MARU_KERNEL_H
#define MARU_KERNEL_H

#include "CKernels.h"

// The clone is chosen while the program is loaded, before ThreadSanitizer could run.
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define MARU_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MARU_KERNEL
#endif

/// Stands before a loop whose output may be one of its inputs: each turn reads and writes one place,
/// so the loop can be vectorised without a test for overlap, which would then choose slow code.
#define MARU_IN_PLACE _Pragma("clang loop vectorize(assume_safety)")

#define MARU_UNROLL _Pragma("clang loop unroll(full)")
#define MARU_INLINE static inline __attribute__((always_inline))

/// The most numbers that are added up in single precision before their sum goes into one in double: a
/// running float of very many rounds each of them away in the end. Blocks are counted from the start
/// of a row or a column, so the bits depend neither on alignment nor on what stands beside it.
#define MARU_SUM_BLOCK 16

/// The sum of a term over j from 0 to below n, in blocks; of one block it is a plain sum.
#define MARU_SUM(n, term)                                                                  \
  ({                                                                                       \
    ptrdiff_t j = 0, end = n < MARU_SUM_BLOCK ? n : MARU_SUM_BLOCK;                        \
    float part = 0;                                                                        \
    for (; j < end; j++) part += term;                                                     \
    if (j < n) {                                                                           \
      double sum = part;                                                                   \
      while (j < n) {                                                                      \
        end = j + MARU_SUM_BLOCK < n ? j + MARU_SUM_BLOCK : n;                             \
        part = 0;                                                                          \
        for (; j < end; j++) part += term;                                                 \
        sum += part;                                                                       \
      }                                                                                    \
      part = (float)sum;                                                                   \
    }                                                                                      \
    part;                                                                                  \
  })

MARU_INLINE float maru_from_bits(int32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

/// e^x = 2^k · (1 + p), with k an integer and p = e^r − 1 for |r| ≤ ½ log 2.
///
/// k comes from adding 1.5·2²³, which rounds to an integer; log 2 is subtracted in two parts
/// (Cody and Waite 1980); p is its Taylor polynomial, whose eighth term is below half an ulp.
MARU_INLINE void maru_split_exp(float x, float *power, float *p) {
  const float round = 12582912.0f;
  float k = (x * 1.44269504f + round) - round;
  float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float q = 1.0f / 5040;
  q = q * r + 1.0f / 720;
  q = q * r + 1.0f / 120;
  q = q * r + 1.0f / 24;
  q = q * r + 1.0f / 6;
  q = q * r + 0.5f;
  q = q * (r * r) + r;
  *p = q;
  *power = maru_from_bits(((int32_t)k + 127) << 23);
}

/// e^x to 1.1 ulp for x from −87 to 88; below, 0; above, the largest such power; NaN stays.
MARU_INLINE float maru_exp(float x) {
  float power, p;
  float clamped = x < -87.0f ? -87.0f : x;
  clamped = clamped > 88.0f ? 88.0f : clamped;
  maru_split_exp(clamped, &power, &p);
  float y = power * p + power;
  return x < -87.0f ? 0.0f : y;
}

/// e^x − 1 for x from 0 to 88, without cancellation near 0.
MARU_INLINE float maru_exp_minus_one(float x) {
  float power, p;
  maru_split_exp(x, &power, &p);
  return power * p + (power - 1.0f);
}

#endif
