#include "kernel.h"

#include <float.h>
#include <math.h>

/// y ← x − t, as one loop over all rows, since a single row is often shorter than a vector register.
MARU_INLINE void subtract(const float *restrict x, const float *restrict targets,
                          float *restrict y, ptrdiff_t n) {
  for (ptrdiff_t k = 0; k < n; k++) y[k] = x[k] - targets[k];
}

MARU_KERNEL
void maru_squared_error(const float *restrict x, const float *restrict targets, float scale,
                        ptrdiff_t rows, ptrdiff_t n, float *restrict losses,
                        float *restrict gradient) {
  subtract(x, targets, gradient, rows * n);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *error = gradient + i * n;
    losses[i] = MARU_SUM(n, error[j] * error[j]) / (float)n;
  }
  float factor = 2.0f * scale / (float)n;
  for (ptrdiff_t k = 0; k < rows * n; k++) gradient[k] *= factor;
}

MARU_KERNEL
void maru_absolute_error(const float *restrict x, const float *restrict targets, float scale,
                         ptrdiff_t rows, ptrdiff_t n, float *restrict losses,
                         float *restrict gradient) {
  subtract(x, targets, gradient, rows * n);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *error = gradient + i * n;
    losses[i] = MARU_SUM(n, fabsf(error[j])) / (float)n;
  }
  float slope = scale / (float)n;
  for (ptrdiff_t k = 0; k < rows * n; k++) {
    float error = gradient[k];
    // 0 and NaN stay.
    gradient[k] = error > 0 ? slope : error < 0 ? -slope : error;
  }
}

MARU_INLINE float cut(float x, float least, float most) {
  x = x < least ? least : x;
  return x > most ? most : x;
}

/// c · (e − c / 2) with c = e cut off at ±delta, which is e² / 2 where that is not cut off.
MARU_INLINE float huber(float error, float delta) {
  float near = cut(error, -delta, delta);
  return near * (error - 0.5f * near);
}

MARU_KERNEL
void maru_huber(const float *restrict x, const float *restrict targets, float delta, float scale,
                ptrdiff_t rows, ptrdiff_t n, float *restrict losses, float *restrict gradient) {
  subtract(x, targets, gradient, rows * n);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *error = gradient + i * n;
    losses[i] = MARU_SUM(n, huber(error[j], delta)) / (float)n;
  }
  float factor = scale / (float)n;
  for (ptrdiff_t k = 0; k < rows * n; k++) gradient[k] = factor * cut(gradient[k], -delta, delta);
}

MARU_KERNEL
void maru_binary_cross_entropy(const float *restrict x, const float *restrict targets,
                               float smoothing, float scale, ptrdiff_t rows, ptrdiff_t n,
                               float *restrict losses, float *restrict gradient) {
  float keep = 1.0f - smoothing, everywhere = 0.5f * smoothing;
  for (ptrdiff_t k = 0; k < rows * n; k++) gradient[k] = maru_exp(-fabsf(x[k]));
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *scores = x + i * n, *target = targets + i * n, *small = gradient + i * n;
    losses[i] = MARU_SUM(n, (scores[j] > 0 ? scores[j] : 0) -
                                scores[j] * (keep * target[j] + everywhere) + log1pf(small[j])) /
                (float)n;
  }
  float factor = scale / (float)n;
  for (ptrdiff_t k = 0; k < rows * n; k++) {
    float sigmoid = (x[k] < 0 ? gradient[k] : 1.0f) / (1.0f + gradient[k]);
    gradient[k] = factor * (sigmoid - (keep * targets[k] + everywhere));
  }
}

#define TARGET(j) (keep * (target ? target[j] : j == label ? 1.0f : 0.0f) + everywhere)

void maru_categorical_cross_entropy(const float *x, const int32_t *labels, const float *targets,
                                    float smoothing, float scale, ptrdiff_t rows, ptrdiff_t n,
                                    float *losses, float *gradient) {
  const float least = 1e-7f, most = 1.0f - 1e-7f;
  float keep = 1.0f - smoothing, everywhere = smoothing / (float)n;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *outputs = x + i * n, *target = targets ? targets + i * n : NULL;
    ptrdiff_t label = targets ? -1 : labels[i];
    float *p = gradient + i * n;
    float sum = MARU_SUM(n, outputs[j]);
    sum = sum < FLT_MIN ? FLT_MIN : sum;
    for (ptrdiff_t j = 0; j < n; j++) p[j] = outputs[j] / sum;
    losses[i] = -MARU_SUM(n, TARGET(j) * logf(cut(p[j], least, most)));
    float used = MARU_SUM(n, cut(p[j], least, most) == p[j] ? TARGET(j) : 0.0f);
    for (ptrdiff_t j = 0; j < n; j++) {
      float slope = cut(p[j], least, most) == p[j] ? TARGET(j) / p[j] : 0.0f;
      p[j] = scale * (used - slope) / sum;
    }
  }
}
