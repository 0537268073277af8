#include "kernel.h"

MARU_KERNEL
void maru_add_to_rows(float *restrict y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                      const float *restrict b) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    for (ptrdiff_t j = 0; j < n; j++) y[i * stride + j] += b[j];
  }
}

MARU_KERNEL
void maru_sum_columns(const float *restrict y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                      float *restrict sums) {
  for (ptrdiff_t j = 0; j < n; j++) sums[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    for (ptrdiff_t j = 0; j < n; j++) sums[j] += y[i * stride + j];
  }
}
