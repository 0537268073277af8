#include "kernel.h"

MARU_KERNEL
void maru_sgd(float *restrict w, const float *restrict g, ptrdiff_t n, float rate) {
  for (ptrdiff_t i = 0; i < n; i++) w[i] -= rate * g[i];
}

MARU_KERNEL
void maru_sgd_momentum(float *restrict w, const float *restrict g, float *restrict v, ptrdiff_t n,
                       float rate, float momentum, int nesterov) {
  for (ptrdiff_t i = 0; i < n; i++) {
    float step = rate * g[i];
    float velocity = momentum * v[i] - step;
    v[i] = velocity;
    w[i] += nesterov ? momentum * velocity - step : velocity;
  }
}

MARU_KERNEL
void maru_rmsprop(float *restrict w, const float *restrict g, float *restrict s, ptrdiff_t n,
                  float rate, float rho, float epsilon) {
  for (ptrdiff_t i = 0; i < n; i++) {
    float square = rho * s[i] + (1.0f - rho) * g[i] * g[i];
    s[i] = square;
    w[i] -= rate * g[i] / __builtin_elementwise_sqrt(square + epsilon);
  }
}

MARU_KERNEL
void maru_adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
               ptrdiff_t n, float rate, float beta1, float beta2, float epsilon, float decay) {
  for (ptrdiff_t i = 0; i < n; i++) {
    float mean = m[i] + (1.0f - beta1) * (g[i] - m[i]);
    float square = v[i] + (1.0f - beta2) * (g[i] * g[i] - v[i]);
    m[i] = mean;
    v[i] = square;
    w[i] = (1.0f - decay) * w[i] - rate * mean / (__builtin_elementwise_sqrt(square) + epsilon);
  }
}
