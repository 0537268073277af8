// Where windows lie over images, along one axis.
#ifndef MARU_WINDOW_H
#define MARU_WINDOW_H

#include "kernel.h"

/// Which elements of a kernel's axis meet which places of an image, for one place of the result.
typedef struct {
  ptrdiff_t kernel, kernel_step, input, input_step, count;
} Taps;

/// Where a kernel's axis lies over an image, for place `o` of the result.
MARU_INLINE Taps taps_forward(const MaruWindowAxis *axis, ptrdiff_t o) {
  ptrdiff_t start = o * axis->stride - axis->padding;
  ptrdiff_t first = start < 0 ? (-start + axis->dilation - 1) / axis->dilation : 0;
  ptrdiff_t room = axis->input - 1 - start;
  ptrdiff_t end = room < 0 ? 0 : room / axis->dilation + 1;
  if (end > axis->kernel) end = axis->kernel;
  return (Taps){first, 1, start + first * axis->dilation, axis->dilation,
                end > first ? end - first : 0};
}

/// The places of the result whose window has element `k` of the kernel's axis within the image.
MARU_INLINE ptrdiff_t places_of(const MaruWindowAxis *axis, ptrdiff_t k, ptrdiff_t *first) {
  ptrdiff_t shift = k * axis->dilation - axis->padding;
  *first = shift < 0 ? (-shift + axis->stride - 1) / axis->stride : 0;
  ptrdiff_t room = axis->input - 1 - shift;
  ptrdiff_t end = room < 0 ? 0 : room / axis->stride + 1;
  if (end > axis->output) end = axis->output;
  return end > *first ? end - *first : 0;
}

#endif
