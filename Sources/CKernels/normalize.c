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

// Images in lanes: value `c` of a place lies in a vector of 16 samples, as the places follow each other.

#define LANES MARU_LANES
#define CHUNK 8
typedef float Vector __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef double Doubles __attribute__((vector_size(8 * LANES)));

/// All bits of the lanes that have a sample.
MARU_INLINE void set_lanes(Mask *mask, ptrdiff_t samples) {
  for (int l = 0; l < LANES; l++) (*mask)[l] = l < samples ? -1 : 0;
}

MARU_INLINE double sum_of(const Doubles *values) {
  double sum = 0;
  for (int l = 0; l < LANES; l++) sum += (*values)[l];
  return sum;
}

MARU_KERNEL
void maru_channel_moments(const float *restrict x, ptrdiff_t places, ptrdiff_t channels,
                          ptrdiff_t samples, ptrdiff_t before, float *restrict means,
                          float *restrict squares) {
  const Vector *values = (const Vector *)x;
  Mask mask;
  set_lanes(&mask, samples);
  double count = (double)(places * samples), earlier = (double)(places * before);
  for (ptrdiff_t first = 0; first < channels; first += CHUNK) {
    ptrdiff_t end = channels - first < CHUNK ? channels - first : CHUNK;
    Doubles sums[CHUNK] = {};
    float own[CHUNK];
    for (ptrdiff_t p = 0; p < places; p++) {
      for (ptrdiff_t c = 0; c < end; c++) {
        Mask value = (Mask)values[p * channels + first + c] & mask;
        sums[c] += __builtin_convertvector((Vector)value, Doubles);
      }
    }
    for (ptrdiff_t c = 0; c < end; c++) {
      own[c] = (float)(sum_of(&sums[c]) / count);
      sums[c] = (Doubles){};
    }
    for (ptrdiff_t p = 0; p < places; p++) {
      for (ptrdiff_t c = 0; c < end; c++) {
        Mask difference = (Mask)(values[p * channels + first + c] - own[c]) & mask;
        Doubles exact = __builtin_convertvector((Vector)difference, Doubles);
        sums[c] += exact * exact;
      }
    }
    for (ptrdiff_t c = 0; c < end; c++) {
      double difference = own[c] - means[first + c], all = earlier + count;
      means[first + c] += (float)(difference * count / all);
      squares[first + c] +=
        (float)(sum_of(&sums[c]) + difference * difference * earlier * count / all);
    }
  }
}

MARU_KERNEL
void maru_normalize_channels(const float *restrict x, ptrdiff_t places, ptrdiff_t channels,
                             const float *restrict means, const float *restrict factors,
                             const float *restrict gamma, const float *restrict beta,
                             float *restrict y) {
  for (ptrdiff_t p = 0; p < places; p++) {
    for (ptrdiff_t c = 0; c < channels; c++) {
      ptrdiff_t k = p * channels + c;
      Vector normal = (((const Vector *)x)[k] - means[c]) * factors[c];
      ((Vector *)y)[k] = normal * gamma[c] + beta[c];
    }
  }
}

MARU_KERNEL
void maru_normalize_channels_parameters(const float *restrict dy, const float *restrict x,
                                        ptrdiff_t places, ptrdiff_t channels,
                                        const float *restrict means, const float *restrict factors,
                                        float *restrict dgamma, float *restrict dbeta) {
  for (ptrdiff_t first = 0; first < channels; first += CHUNK) {
    ptrdiff_t end = channels - first < CHUNK ? channels - first : CHUNK;
    Doubles gammas[CHUNK] = {}, betas[CHUNK] = {};
    for (ptrdiff_t p = 0; p < places; p++) {
      for (ptrdiff_t c = 0; c < end; c++) {
        ptrdiff_t k = p * channels + first + c;
        Vector gradient = ((const Vector *)dy)[k];
        Vector normal = (((const Vector *)x)[k] - means[first + c]) * factors[first + c];
        gammas[c] += __builtin_convertvector(gradient * normal, Doubles);
        betas[c] += __builtin_convertvector(gradient, Doubles);
      }
    }
    for (ptrdiff_t c = 0; c < end; c++) {
      dgamma[first + c] += (float)sum_of(&gammas[c]);
      dbeta[first + c] += (float)sum_of(&betas[c]);
    }
  }
}

MARU_KERNEL
void maru_normalize_channels_backward(const float *dy, const float *restrict x, ptrdiff_t places,
                                      ptrdiff_t channels, ptrdiff_t samples, float share,
                                      const float *restrict means, const float *restrict factors,
                                      const float *restrict gamma, const float *restrict dgamma,
                                      const float *restrict dbeta, float *dx) {
  Mask mask;
  set_lanes(&mask, samples);
  for (ptrdiff_t p = 0; p < places; p++) {
    for (ptrdiff_t c = 0; c < channels; c++) {
      ptrdiff_t k = p * channels + c;
      Vector normal = (((const Vector *)x)[k] - means[c]) * factors[c];
      Vector gradient = ((const Vector *)dy)[k] - share * (dbeta[c] + normal * dgamma[c]);
      gradient *= gamma[c] * factors[c];
      ((Vector *)dx)[k] = (Vector)((Mask)gradient & mask);
    }
  }
}
