#include "kernel.h"

#include <math.h>

// Means and variances are taken in two passes, in double precision: the difference of two large
// sums would lose what little a variance may be.

MARU_KERNEL
void maru_layer_norm(const float *restrict x, ptrdiff_t rows, ptrdiff_t n, float epsilon,
                     const float *restrict gamma, const float *restrict beta, float *restrict y,
                     float *restrict statistics) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *row = x + i * n;
    double sum = 0, squares = 0;
    for (ptrdiff_t j = 0; j < n; j++) sum += row[j];
    float mean = (float)(sum / (double)n);
    for (ptrdiff_t j = 0; j < n; j++) {
      double difference = row[j] - mean;
      squares += difference * difference;
    }
    float factor = (float)(1.0 / sqrt(squares / (double)n + epsilon));
    for (ptrdiff_t j = 0; j < n; j++) {
      y[i * n + j] = (row[j] - mean) * factor * gamma[j] + beta[j];
    }
    statistics[2 * i] = mean;
    statistics[2 * i + 1] = factor;
  }
}

MARU_KERNEL
void maru_layer_norm_parameters(const float *restrict dy, const float *restrict x,
                                const float *restrict statistics, ptrdiff_t rows, ptrdiff_t n,
                                float *restrict dgamma, float *restrict dbeta) {
  for (ptrdiff_t j = 0; j < n; j++) dgamma[j] = dbeta[j] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) {
    float mean = statistics[2 * i], factor = statistics[2 * i + 1];
    for (ptrdiff_t j = 0; j < n; j++) {
      dgamma[j] += dy[i * n + j] * ((x[i * n + j] - mean) * factor);
      dbeta[j] += dy[i * n + j];
    }
  }
}

MARU_KERNEL
void maru_layer_norm_backward(const float *dy, const float *restrict x,
                              const float *restrict statistics, ptrdiff_t rows, ptrdiff_t n,
                              const float *restrict gamma, float *dx) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *dy_row = dy + i * n, *x_row = x + i * n;
    float mean = statistics[2 * i], factor = statistics[2 * i + 1];
    double sum = 0, product = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
      float scaled = dy_row[j] * gamma[j];
      sum += scaled;
      product += scaled * ((x_row[j] - mean) * factor);
    }
    float mean_scaled = (float)(sum / (double)n), mean_product = (float)(product / (double)n);
    MARU_IN_PLACE
    for (ptrdiff_t j = 0; j < n; j++) {
      float normal = (x_row[j] - mean) * factor;
      dx[i * n + j] = factor * (dy_row[j] * gamma[j] - mean_scaled - normal * mean_product);
    }
  }
}

MARU_KERNEL
void maru_column_moments(const float *restrict x, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                         float *restrict means, float *restrict variances) {
  double sums[64];
  for (ptrdiff_t first = 0; first < n; first += 64) {
    ptrdiff_t count = n - first < 64 ? n - first : 64;
    for (ptrdiff_t j = 0; j < count; j++) sums[j] = 0;
    for (ptrdiff_t i = 0; i < rows; i++) {
      for (ptrdiff_t j = 0; j < count; j++) sums[j] += x[i * stride + first + j];
    }
    for (ptrdiff_t j = 0; j < count; j++) {
      means[first + j] = (float)(sums[j] / (double)rows);
      sums[j] = 0;
    }
    for (ptrdiff_t i = 0; i < rows; i++) {
      for (ptrdiff_t j = 0; j < count; j++) {
        double difference = x[i * stride + first + j] - means[first + j];
        sums[j] += difference * difference;
      }
    }
    for (ptrdiff_t j = 0; j < count; j++) variances[first + j] = (float)(sums[j] / (double)rows);
  }
}

MARU_KERNEL
void maru_normalize_columns(const float *restrict x, ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                            const float *restrict means, const float *restrict factors,
                            const float *restrict gamma, const float *restrict beta,
                            float *restrict y) {
  for (ptrdiff_t i = 0; i < rows; i++) {
    for (ptrdiff_t j = 0; j < n; j++) {
      y[i * stride + j] = (x[i * stride + j] - means[j]) * factors[j] * gamma[j] + beta[j];
    }
  }
}

MARU_KERNEL
void maru_normalize_columns_parameters(const float *restrict dy, const float *restrict x,
                                       ptrdiff_t rows, ptrdiff_t n, ptrdiff_t stride,
                                       const float *restrict means, const float *restrict factors,
                                       float *restrict dgamma, float *restrict dbeta) {
  double gammas[64], betas[64];
  for (ptrdiff_t first = 0; first < n; first += 64) {
    ptrdiff_t count = n - first < 64 ? n - first : 64;
    for (ptrdiff_t j = 0; j < count; j++) gammas[j] = betas[j] = 0;
    for (ptrdiff_t i = 0; i < rows; i++) {
      for (ptrdiff_t j = 0; j < count; j++) {
        ptrdiff_t k = first + j;
        float normal = (x[i * stride + k] - means[k]) * factors[k];
        gammas[j] += dy[i * stride + k] * normal;
        betas[j] += dy[i * stride + k];
      }
    }
    for (ptrdiff_t j = 0; j < count; j++) {
      dgamma[first + j] = (float)gammas[j];
      dbeta[first + j] = (float)betas[j];
    }
  }
}

MARU_KERNEL
void maru_normalize_columns_backward(const float *dy, const float *restrict x, ptrdiff_t rows,
                                     ptrdiff_t n, ptrdiff_t stride, const float *restrict means,
                                     const float *restrict factors, const float *restrict gamma,
                                     const float *restrict dgamma, const float *restrict dbeta,
                                     float *dx) {
  float share = 1.0f / (float)rows;
  for (ptrdiff_t i = 0; i < rows; i++) {
    const float *dy_row = dy + i * stride, *x_row = x + i * stride;
    float *dx_row = dx + i * stride;
    MARU_IN_PLACE
    for (ptrdiff_t j = 0; j < n; j++) {
      float normal = (x_row[j] - means[j]) * factors[j];
      dx_row[j] = gamma[j] * factors[j]
                  * (dy_row[j] - share * (dbeta[j] + normal * dgamma[j]));
    }
  }
}
