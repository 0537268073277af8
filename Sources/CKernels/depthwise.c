#include "window.h"

// Convolutions with a filter of its own for each channel, of images in lanes: as few sums for each place as
// the window has elements, so that memory is what takes time. A few channels beside each other have sums
// that do not wait for each other.

#define LANES MARU_LANES
#define CHANNELS 4
typedef float Vector __attribute__((vector_size(4 * LANES), may_alias));

MARU_INLINE float sum_of_lanes(const Vector *values) {
  float sum = 0;
  for (int l = 0; l < LANES; l++) sum += (*values)[l];
  return sum;
}

/// The sums over a window for a few channels, whose number is a constant so that they stay in registers.
MARU_INLINE void convolve_window(Taps down, Taps across, ptrdiff_t width, ptrdiff_t kernel_width,
                                 ptrdiff_t channels, ptrdiff_t size, const Vector *x,
                                 const float *w, const float *bias, Vector *y, const int count) {
  Vector sums[CHANNELS];
  for (int c = 0; c < count; c++) sums[c] = bias ? bias[c] - (Vector){} : (Vector){};
  for (ptrdiff_t i = 0; i < down.count; i++) {
    for (ptrdiff_t j = 0; j < across.count; j++) {
      ptrdiff_t row = down.input + i * down.input_step, column = across.input + j * across.input_step;
      const Vector *values = x + (row * width + column) * channels;
      const float *weights = w + (down.kernel + i) * kernel_width + across.kernel + j;
      for (int c = 0; c < count; c++) sums[c] += weights[c * size] * values[c];
    }
  }
  for (int c = 0; c < count; c++) y[c] = sums[c];
}

MARU_KERNEL
void maru_convolve_channels(const MaruConvolution *convolution, const float *x, const float *w,
                            const float *bias, float *y) {
  const MaruWindowAxis *vertical = &convolution->vertical, *horizontal = &convolution->horizontal;
  ptrdiff_t channels = convolution->channels, size = vertical->kernel * horizontal->kernel;
  const Vector *values = (const Vector *)x;
  Vector *target = (Vector *)y;
  for (ptrdiff_t i = 0; i < vertical->output; i++) {
    Taps down = taps_forward(vertical, i);
    for (ptrdiff_t j = 0; j < horizontal->output; j++) {
      Taps across = taps_forward(horizontal, j);
      for (ptrdiff_t c = 0; c < channels;) {
        int is_wide = c + CHANNELS <= channels;
        const float *offset = bias ? bias + c : 0;
        if (is_wide) {
          convolve_window(down, across, horizontal->input, horizontal->kernel, channels, size,
                          values + c, w + c * size, offset, target + c, CHANNELS);
        } else {
          convolve_window(down, across, horizontal->input, horizontal->kernel, channels, size,
                          values + c, w + c * size, offset, target + c, 1);
        }
        c += is_wide ? CHANNELS : 1;
      }
      target += channels;
    }
  }
}

MARU_KERNEL
void maru_convolve_channels_backward(const MaruConvolution *convolution, const float *dy,
                                     const float *w, float *dx) {
  const MaruWindowAxis *vertical = &convolution->vertical, *horizontal = &convolution->horizontal;
  ptrdiff_t channels = convolution->channels, size = vertical->kernel * horizontal->kernel;
  const Vector *gradient = (const Vector *)dy;
  Vector *target = (Vector *)dx;
  ptrdiff_t values = vertical->input * horizontal->input * channels;
  for (ptrdiff_t k = 0; k < values; k++) target[k] = (Vector){};
  for (ptrdiff_t i = 0; i < vertical->output; i++) {
    Taps down = taps_forward(vertical, i);
    for (ptrdiff_t j = 0; j < horizontal->output; j++, gradient += channels) {
      Taps across = taps_forward(horizontal, j);
      for (ptrdiff_t r = 0; r < down.count; r++) {
        for (ptrdiff_t q = 0; q < across.count; q++) {
          ptrdiff_t row = down.input + r * down.input_step;
          ptrdiff_t column = across.input + q * across.input_step;
          Vector *place = target + (row * horizontal->input + column) * channels;
          const float *weights = w + (down.kernel + r) * horizontal->kernel + across.kernel + q;
          for (ptrdiff_t c = 0; c < channels; c++) place[c] += weights[c * size] * gradient[c];
        }
      }
    }
  }
}

MARU_KERNEL
void maru_convolve_channels_weights(const MaruConvolution *convolution, const float *dy,
                                    const float *x, float *dw, float *dbias) {
  const MaruWindowAxis *vertical = &convolution->vertical, *horizontal = &convolution->horizontal;
  ptrdiff_t channels = convolution->channels, places = vertical->output * horizontal->output;
  const Vector *gradient = (const Vector *)dy, *values = (const Vector *)x;
  for (ptrdiff_t c = 0; c < channels; c++) {
    for (ptrdiff_t r = 0; r < vertical->kernel; r++) {
      for (ptrdiff_t q = 0; q < horizontal->kernel; q++, dw++) {
        ptrdiff_t top, left;
        ptrdiff_t rows = places_of(vertical, r, &top), columns = places_of(horizontal, q, &left);
        Vector sums = {};
        for (ptrdiff_t i = top; i < top + rows; i++) {
          ptrdiff_t row = i * vertical->stride - vertical->padding + r * vertical->dilation;
          for (ptrdiff_t j = left; j < left + columns; j++) {
            ptrdiff_t column = j * horizontal->stride - horizontal->padding + q * horizontal->dilation;
            sums += gradient[(i * horizontal->output + j) * channels + c] *
                    values[(row * horizontal->input + column) * channels + c];
          }
        }
        *dw += sum_of_lanes(&sums);
      }
    }
    if (!dbias) continue;
    Vector sums = {};
    for (ptrdiff_t p = 0; p < places; p++) sums += gradient[p * channels + c];
    dbias[c] += sum_of_lanes(&sums);
  }
}
