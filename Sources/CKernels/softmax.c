#include "kernel.h"

#include <math.h>

/// The largest of n ≥ 1 numbers. Where one is NaN it may be any of them, which does not matter: the
/// NaN makes the sum of the exponentials NaN, and that the whole row.
MARU_INLINE float row_maximum(const float *x, ptrdiff_t n) {
  float maximum = x[0];
  for (ptrdiff_t j = 1; j < n; j++) maximum = x[j] <= maximum ? maximum : x[j];
  return maximum;
}

/// y ← e^(x − maximum of the row), the exponential as one loop over all rows, since a single row
/// is often shorter than a vector register. Keeps the maxima where there is a place for them.
MARU_INLINE void exponentials(const float *x, float *y, ptrdiff_t rows, ptrdiff_t n,
                              float *maxima) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    float maximum = row_maximum(x + i * n, n);
    if (maxima) maxima[i] = maximum;
    for (ptrdiff_t j = 0; j < n; j++) y[i * n + j] = x[i * n + j] - maximum;
  }
  for (ptrdiff_t k = 0; k < rows * n; k++) y[k] = maru_exp(y[k]);
}

MARU_INLINE float row_sum(const float *y, ptrdiff_t n) {
  return MARU_SUM(n, y[j]);
}

MARU_KERNEL
void maru_softmax_rows(const float *x, float *y, ptrdiff_t rows, ptrdiff_t n) {
  exponentials(x, y, rows, n, NULL);
  for (ptrdiff_t i = 0; i < rows; i++) {
    float factor = 1.0f / row_sum(y + i * n, n);
    for (ptrdiff_t j = 0; j < n; j++) y[i * n + j] *= factor;
  }
}

MARU_KERNEL
void maru_softmax_rows_backward(const float *dy, const float *y, float *dx, ptrdiff_t rows,
                                ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *dy_row = dy + i * n, *y_row = y + i * n;
    float product = MARU_SUM(n, dy_row[j] * y_row[j]);
    for (ptrdiff_t j = 0; j < n; j++) dx[i * n + j] = y_row[j] * (dy_row[j] - product);
  }
}

#define SMOOTHED(target) ((1.0f - smoothing) * (target) + everywhere)

MARU_KERNEL
void maru_softmax_cross_entropy(const float *restrict x, const int32_t *labels,
                                const float *targets, float smoothing, float scale,
                                ptrdiff_t rows, ptrdiff_t n, float *losses,
                                float *restrict gradient) {
  exponentials(x, gradient, rows, n, losses);
  float everywhere = smoothing / (float)n;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *scores = x + i * n;
    float *row = gradient + i * n;
    float sum = row_sum(row, n);
    // log Σ e^x − x is taken as log Σ e^(x − maximum) + (maximum − x): with large scores, adding the
    // maximum to the logarithm first would round the logarithm away.
    float maximum = losses[i];  // Until the loss takes its place.
    float log_sum = logf(sum);
    if (targets) {
      const float *target = targets + i * n;
      losses[i] = MARU_SUM(n, SMOOTHED(target[j]) * (log_sum + (maximum - scores[j])));
      float share = MARU_SUM(n, SMOOTHED(target[j])) / sum;
      for (ptrdiff_t j = 0; j < n; j++) row[j] = scale * (row[j] * share - SMOOTHED(target[j]));
    } else {
      float loss = (1.0f - smoothing) * (log_sum + (maximum - scores[labels[i]]));
      if (smoothing != 0) loss += everywhere * MARU_SUM(n, log_sum + (maximum - scores[j]));
      losses[i] = loss;
      float share = scale / sum;
      for (ptrdiff_t j = 0; j < n; j++) row[j] = row[j] * share - scale * everywhere;
      row[labels[i]] -= scale * (1.0f - smoothing);
    }
  }
}

MARU_KERNEL
void maru_top_k(const float *x, const int32_t *labels, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t k,
                float *hits) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *scores = x + i * n;
    int32_t label = labels[i];
    float score = scores[label];
    int32_t higher = 0, not_higher = 0;
    for (int32_t j = 0; j < (int32_t)n; j++) {
      higher += scores[j] > score || (scores[j] == score && j < label);
      not_higher += scores[j] < score || (scores[j] == score && j >= label);
    }
    // A NaN is neither.
    hits[i] = higher + not_higher == n && higher < k ? 1.0f : 0.0f;
  }
}
