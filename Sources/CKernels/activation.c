#include "kernel.h"

#include <math.h>

MARU_KERNEL
void maru_relu(const float *x, float *y, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

MARU_KERNEL
void maru_relu_backward(const float *dy, const float *y, float *dx, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

MARU_KERNEL
void maru_leaky_relu(const float *x, float slope, float *y, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

MARU_KERNEL
void maru_leaky_relu_backward(const float *dy, const float *y, float slope, float *dx,
                              ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

MARU_KERNEL
void maru_sigmoid(const float *x, float *y, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) y[i] = 1.0f / (1.0f + maru_exp(-x[i]));
}

MARU_KERNEL
void maru_sigmoid_backward(const float *dy, const float *y, float *dx, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) dx[i] = dy[i] * y[i] * (1.0f - y[i]);
}

MARU_KERNEL
void maru_tanh(const float *x, float *y, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) {
    float size = __builtin_fabsf(x[i]);
    // From 10 on, tanh rounds to 1.
    float t = maru_exp_minus_one(2.0f * (size > 10.0f ? 10.0f : size));
    y[i] = __builtin_copysignf(t / (t + 2.0f), x[i]);
  }
}

MARU_KERNEL
void maru_tanh_backward(const float *dy, const float *y, float *dx, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}

void maru_softplus(const float *x, float *y, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) {
    y[i] = (x[i] > 0 ? x[i] : 0) + log1pf(expf(-fabsf(x[i])));
  }
}

void maru_softplus_backward(const float *dy, const float *y, float *dx, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) dx[i] = dy[i] * -expm1f(-y[i]);
}

void maru_gelu(const float *x, float *y, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] * (0.5f * erfcf(-0.70710678f * x[i]));
}

void maru_gelu_backward(const float *dy, const float *x, float *dx, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) {
    float distribution = 0.5f * erfcf(-0.70710678f * x[i]);
    float density = 0.39894228f * expf(-0.5f * x[i] * x[i]);
    dx[i] = dy[i] * (distribution + x[i] * density);
  }
}

MARU_KERNEL
void maru_silu(const float *x, float *y, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) {
    float e = maru_exp(-__builtin_fabsf(x[i]));
    y[i] = x[i] * ((x[i] < 0 ? e : 1.0f) / (1.0f + e));
  }
}

MARU_KERNEL
void maru_silu_backward(const float *dy, const float *x, float *dx, ptrdiff_t n) {
  MARU_IN_PLACE
  for (ptrdiff_t i = 0; i < n; i++) {
    float e = maru_exp(-__builtin_fabsf(x[i]));
    float sigmoid = (x[i] < 0 ? e : 1.0f) / (1.0f + e), rest = (x[i] < 0 ? 1.0f : e) / (1.0f + e);
    dx[i] = dy[i] * (sigmoid + x[i] * sigmoid * rest);
  }
}
