#include "kernel.h"

// Blocks of 16 samples as the lanes of vectors: element `e` of sample `l` of a block lies at 16·e + l.

#define LANES MARU_LANES

MARU_KERNEL
void maru_rows_to_lanes(const float *restrict rows, ptrdiff_t stride, ptrdiff_t samples,
                        ptrdiff_t elements, float *restrict lanes) {
  // A square at a time, so that both sides stay in the first cache.
  for (ptrdiff_t first = 0; first < elements; first += LANES) {
    ptrdiff_t count = elements - first < LANES ? elements - first : LANES;
    float *square = lanes + first * LANES;
    for (ptrdiff_t e = 0; e < count; e++) {
      for (ptrdiff_t l = 0; l < samples; l++) square[e * LANES + l] = rows[l * stride + first + e];
      for (ptrdiff_t l = samples; l < LANES; l++) square[e * LANES + l] = 0;
    }
  }
}

MARU_KERNEL
void maru_lanes_to_rows(const float *restrict lanes, ptrdiff_t samples, ptrdiff_t elements,
                        float *restrict rows, ptrdiff_t stride) {
  for (ptrdiff_t first = 0; first < elements; first += LANES) {
    ptrdiff_t count = elements - first < LANES ? elements - first : LANES;
    const float *square = lanes + first * LANES;
    for (ptrdiff_t l = 0; l < samples; l++) {
      for (ptrdiff_t e = 0; e < count; e++) rows[l * stride + first + e] = square[e * LANES + l];
    }
  }
}

/// A range of places along one axis of an image: what of a window lies within it.
typedef struct {
  ptrdiff_t first, end;
} Range;

MARU_INLINE Range window_of(const MaruWindowAxis *axis, ptrdiff_t o) {
  ptrdiff_t first = o * axis->stride - axis->padding, end = first + axis->kernel;
  return (Range){first < 0 ? 0 : first, end > axis->input ? axis->input : end};
}

typedef float Vector __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));

MARU_KERNEL
void maru_max_pool(const MaruConvolution *c, const float *x, float *y) {
  ptrdiff_t row = c->horizontal.input * c->channels;
  Vector *target = (Vector *)y;
  for (ptrdiff_t i = 0; i < c->vertical.output; i++) {
    Range down = window_of(&c->vertical, i);
    for (ptrdiff_t j = 0; j < c->horizontal.output; j++) {
      Range across = window_of(&c->horizontal, j);
      for (ptrdiff_t channel = 0; channel < c->channels; channel++) {
        const Vector *values = (const Vector *)x + channel;
        Vector largest = values[down.first * row + across.first * c->channels];
        for (ptrdiff_t r = down.first; r < down.end; r++) {
          for (ptrdiff_t q = across.first; q < across.end; q++) {
            Vector value = values[r * row + q * c->channels];
            Mask is_larger = (value > largest) | (value != value);
            largest = (Vector)(((Mask)value & is_larger) | ((Mask)largest & ~is_larger));
          }
        }
        *target++ = largest;
      }
    }
  }
}

MARU_KERNEL
void maru_max_pool_backward(const MaruConvolution *c, const float *dy, const float *x,
                            const float *y, float *dx) {
  ptrdiff_t row = c->horizontal.input * c->channels, count = c->vertical.input * row;
  const Vector *gradient = (const Vector *)dy, *largest = (const Vector *)y;
  for (ptrdiff_t e = 0; e < count; e++) ((Vector *)dx)[e] = (Vector){};
  for (ptrdiff_t i = 0; i < c->vertical.output; i++) {
    Range down = window_of(&c->vertical, i);
    for (ptrdiff_t j = 0; j < c->horizontal.output; j++) {
      Range across = window_of(&c->horizontal, j);
      for (ptrdiff_t channel = 0; channel < c->channels; channel++) {
        // What is left of the gradient of each lane: nothing once its largest value was met.
        Mask left = (Mask)*gradient++;
        Vector value = *largest++;
        for (ptrdiff_t r = down.first; r < down.end; r++) {
          for (ptrdiff_t q = across.first; q < across.end; q++) {
            ptrdiff_t place = r * row + q * c->channels + channel;
            Mask is_largest = ((const Vector *)x)[place] == value;
            ((Vector *)dx)[place] += (Vector)(left & is_largest);
            left &= ~is_largest;
          }
        }
      }
    }
  }
}

MARU_KERNEL
void maru_average_pool(const MaruConvolution *c, const float *restrict x, float *restrict y) {
  for (ptrdiff_t i = 0; i < c->vertical.output; i++) {
    Range down = window_of(&c->vertical, i);
    for (ptrdiff_t j = 0; j < c->horizontal.output; j++) {
      Range across = window_of(&c->horizontal, j);
      float *target = y + (i * c->horizontal.output + j) * c->channels * LANES;
      float factor = 1 / (float)((down.end - down.first) * (across.end - across.first));
      for (ptrdiff_t e = 0; e < c->channels * LANES; e++) target[e] = 0;
      for (ptrdiff_t row = down.first; row < down.end; row++) {
        for (ptrdiff_t column = across.first; column < across.end; column++) {
          const float *value = x + (row * c->horizontal.input + column) * c->channels * LANES;
          for (ptrdiff_t e = 0; e < c->channels * LANES; e++) target[e] += value[e];
        }
      }
      for (ptrdiff_t e = 0; e < c->channels * LANES; e++) target[e] *= factor;
    }
  }
}

MARU_KERNEL
void maru_average_pool_backward(const MaruConvolution *c, const float *restrict dy,
                                float *restrict dx) {
  ptrdiff_t count = c->vertical.input * c->horizontal.input * c->channels * LANES;
  for (ptrdiff_t e = 0; e < count; e++) dx[e] = 0;
  for (ptrdiff_t i = 0; i < c->vertical.output; i++) {
    Range down = window_of(&c->vertical, i);
    for (ptrdiff_t j = 0; j < c->horizontal.output; j++) {
      Range across = window_of(&c->horizontal, j);
      const float *gradient = dy + (i * c->horizontal.output + j) * c->channels * LANES;
      float factor = 1 / (float)((down.end - down.first) * (across.end - across.first));
      for (ptrdiff_t row = down.first; row < down.end; row++) {
        for (ptrdiff_t column = across.first; column < across.end; column++) {
          float *target = dx + (row * c->horizontal.input + column) * c->channels * LANES;
          for (ptrdiff_t e = 0; e < c->channels * LANES; e++) target[e] += factor * gradient[e];
        }
      }
    }
  }
}
