#include "kernel.h"

#define MARU_SUM_WIDTH 64

MARU_KERNEL
void maru_add_to_rows(float *restrict y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                      const float *restrict b) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    for (ptrdiff_t j = 0; j < n; j++) y[i * stride + j] += b[j];
  }
}

/// Sums `width` columns from a on and as many from b on, some of which may be the same. The width is a
/// constant where it is called, so that the sums of a block stay in registers.
MARU_INLINE void sum_two_ranges(const float *restrict y, ptrdiff_t rows, ptrdiff_t stride,
                                float *restrict sums, ptrdiff_t a, ptrdiff_t b, int width) {
  double totals[2][MARU_SUM_WIDTH];
  for (int j = 0; j < width; j++) totals[0][j] = totals[1][j] = 0;
  for (ptrdiff_t first = 0; first < rows; first += MARU_SUM_BLOCK) {
    ptrdiff_t end = first + MARU_SUM_BLOCK < rows ? first + MARU_SUM_BLOCK : rows;
    float parts[2][MARU_SUM_WIDTH];
    for (int j = 0; j < width; j++) parts[0][j] = parts[1][j] = 0;
    for (ptrdiff_t i = first; i < end; i++) {
      for (int j = 0; j < width; j++) parts[0][j] += y[i * stride + a + j];
      for (int j = 0; j < width; j++) parts[1][j] += y[i * stride + b + j];
    }
    for (int j = 0; j < width; j++) totals[0][j] += parts[0][j];
    for (int j = 0; j < width; j++) totals[1][j] += parts[1][j];
  }
  for (int j = 0; j < width; j++) sums[a + j] = (float)totals[0][j];
  for (int j = 0; j < width; j++) sums[b + j] = (float)totals[1][j];
}

/// Sums n ≥ width columns, the last of them twice where the width does not divide n.
MARU_INLINE void sum_ranges(const float *restrict y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                            float *restrict sums, int width) {
  ptrdiff_t last = n - width;
  for (ptrdiff_t a = 0; a < n; a += 2 * width) {
    ptrdiff_t b = a + width < last ? a + width : last;
    sum_two_ranges(y, rows, stride, sums, a < last ? a : last, b, width);
  }
}

MARU_KERNEL
void maru_sum_columns(const float *restrict y, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                      float *restrict sums) {
  if (n >= 2 * MARU_SUM_WIDTH) {
    sum_ranges(y, rows, n, stride, sums, MARU_SUM_WIDTH);
  } else if (n >= 32) {
    sum_ranges(y, rows, n, stride, sums, 32);
  } else if (n >= 16) {
    sum_ranges(y, rows, n, stride, sums, 16);
  } else if (n >= 8) {
    sum_ranges(y, rows, n, stride, sums, 8);
  } else if (n >= 4) {
    sum_ranges(y, rows, n, stride, sums, 4);
  } else if (n >= 2) {
    sum_ranges(y, rows, n, stride, sums, 2);
  } else if (n == 1) {
    sum_ranges(y, rows, n, stride, sums, 1);
  }
}
