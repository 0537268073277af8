#include "kernel.h"

#define MARU_BINARY(name, operator)                                                        \
  MARU_KERNEL                                                                              \
  void name(const float *a, const float *b, float *out, ptrdiff_t n) {                     \
    MARU_IN_PLACE                                                                          \
    for (ptrdiff_t i = 0; i < n; i++) out[i] = a[i] operator b[i];                         \
  }

#define MARU_WITH_SCALAR(name, operator)                                                   \
  MARU_KERNEL                                                                              \
  void name(const float *a, float b, float *out, ptrdiff_t n) {                            \
    MARU_IN_PLACE                                                                          \
    for (ptrdiff_t i = 0; i < n; i++) out[i] = a[i] operator b;                            \
  }

MARU_BINARY(maru_add, +)
MARU_BINARY(maru_subtract, -)
MARU_BINARY(maru_multiply, *)
MARU_BINARY(maru_divide, /)
MARU_WITH_SCALAR(maru_add_scalar, +)
MARU_WITH_SCALAR(maru_multiply_scalar, *)

MARU_KERNEL
void maru_accumulate(const float *restrict x, double *restrict sums, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) sums[i] += x[i];
}
