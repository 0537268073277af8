#include "shuffles.h"
#include "window.h"

// Images lie in blocks of 16, one per lane of a vector: so every sum has full vectors however few
// channels there are, and a window of an image is a few runs of consecutive vectors. OpenBLAS has no
// product for this: its matrices would be 16 columns wide, or copies of each window.
//
// A tile is the sums of a few filters for a few places, which stay in registers while the window is
// gone through: each vector of the image meets all the tile's filters, each weight all its places.

#define LANES MARU_LANES
#define UNROLL MARU_UNROLL
#define MOST_FILTERS 6
#define MOST_PLACES 4

/// The window of a tile: rows and columns of runs of vectors that follow each other.
typedef struct {
  const float *x, *w;
  ptrdiff_t rows, x_row, w_row;
  ptrdiff_t columns, x_column, w_column;
  ptrdiff_t run;
  /// From one place of the tile to the next, and from one filter to the next.
  ptrdiff_t x_place, y_place, w_filter;
} Window;

typedef void (*TileKernel)(const Window *window, const float *bias, float *y);
typedef void (*GradientKernel)(const Window *window, float *gradient);

#define SUMS(WIDTH) SUMS_##WIDTH

// The body of a kernel for one width of vectors. `x` and `y` count floats.
#define CONVOLVE_TILE(WIDTH)                                                                     \
  typedef float Vector __attribute__((vector_size(4 * WIDTH), may_alias));                        \
  for (int half = 0; half < LANES; half += WIDTH) {                                              \
    Vector sums[MOST_FILTERS][MOST_PLACES];                                                      \
    UNROLL for (int f = 0; f < filters; f++) {                                                   \
      UNROLL for (int p = 0; p < places; p++) sums[f][p] = bias ? bias[f] - (Vector){} : (Vector){}; \
    }                                                                                            \
    for (ptrdiff_t i = 0; i < window->rows; i++) {                                               \
      for (ptrdiff_t j = 0; j < window->columns; j++) {                                          \
        const float *x = window->x + i * window->x_row + j * window->x_column + half;            \
        const float *w = window->w + i * window->w_row + j * window->w_column;                   \
        for (ptrdiff_t k = 0; k < window->run; k++, x += LANES, w++) {                           \
          Vector values[MOST_PLACES];                                                            \
          UNROLL for (int p = 0; p < places; p++) {                                              \
            values[p] = *(const Vector *)(x + p * window->x_place);                              \
          }                                                                                      \
          UNROLL for (int f = 0; f < filters; f++) {                                             \
            float weight = w[f * window->w_filter];                                              \
            UNROLL for (int p = 0; p < places; p++) sums[f][p] += weight * values[p];            \
          }                                                                                      \
        }                                                                                        \
      }                                                                                          \
    }                                                                                            \
    UNROLL for (int f = 0; f < filters; f++) {                                                   \
      UNROLL for (int p = 0; p < places; p++) {                                                  \
        *(Vector *)(y + p * window->y_place + f * LANES + half) = sums[f][p];                    \
      }                                                                                          \
    }                                                                                            \
  }

// The sums over places and lanes of the product of a few filters' gradients with a few values of their
// windows. Here `w` points to the gradients, whose rows and columns are places, and a run is one
// vector of each.
#define SUM_GRADIENT(WIDTH)                                                                      \
  typedef float Vector __attribute__((vector_size(4 * WIDTH), may_alias));                        \
  Vector sums[MOST_FILTERS][MOST_PLACES];                                                        \
  UNROLL for (int f = 0; f < filters; f++) {                                                     \
    UNROLL for (int p = 0; p < places; p++) sums[f][p] = (Vector){};                             \
  }                                                                                              \
  for (ptrdiff_t i = 0; i < window->rows; i++) {                                                 \
    const float *x = window->x + i * window->x_row, *dy = window->w + i * window->w_row;         \
    for (ptrdiff_t j = 0; j < window->columns; j++) {                                            \
      for (int half = 0; half < LANES; half += WIDTH) {                                          \
        Vector values[MOST_PLACES];                                                              \
        UNROLL for (int p = 0; p < places; p++) {                                                \
          values[p] = *(const Vector *)(x + p * LANES + half);                                   \
        }                                                                                        \
        UNROLL for (int f = 0; f < filters; f++) {                                               \
          Vector gradient = *(const Vector *)(dy + f * LANES + half);                            \
          UNROLL for (int p = 0; p < places; p++) sums[f][p] += gradient * values[p];            \
        }                                                                                        \
      }                                                                                          \
      x += window->x_column;                                                                     \
      dy += window->w_column;                                                                    \
    }                                                                                            \
  }                                                                                              \
  UNROLL for (int f = 0; f < filters; f++) {                                                     \
    Vector none = {};                                                                            \
    Quarter quarter =                                                                            \
      SUMS(WIDTH)(sums[f][0], places > 1 ? sums[f][1] : none, places > 2 ? sums[f][2] : none,   \
                   places > 3 ? sums[f][3] : none);                                              \
    UNROLL for (int p = 0; p < places; p++) gradient[f * window->w_filter + p] += quarter[p];    \
  }

#define KERNELS_OF(NAME, TARGET, F, P)                                                           \
  TARGET static void NAME##_tile_##F##_##P(const Window *window, const float *bias, float *y) {  \
    NAME##_tile(window, bias, y, F, P);                                                          \
  }                                                                                              \
  TARGET static void NAME##_gradient_##F##_##P(const Window *window, float *gradient) {          \
    NAME##_gradient(window, gradient, F, P);                                                     \
  }

// Only where the numbers of filters and places are constants do the sums stay in registers.
#define LEVEL(NAME, TARGET, WIDTH, PLACES)                                                       \
  TARGET static inline __attribute__((always_inline)) void NAME##_tile(                          \
      const Window *window, const float *bias, float *y, const int filters, const int places) {  \
    CONVOLVE_TILE(WIDTH)                                                                         \
  }                                                                                              \
  TARGET static inline __attribute__((always_inline)) void NAME##_gradient(                      \
      const Window *window, float *gradient, const int filters, const int places) {              \
    SUM_GRADIENT(WIDTH)                                                                          \
  }                                                                                              \
  KERNELS_OF(NAME, TARGET, 1, 1) KERNELS_OF(NAME, TARGET, 2, 1) KERNELS_OF(NAME, TARGET, 3, 1)   \
  KERNELS_OF(NAME, TARGET, 4, 1) KERNELS_OF(NAME, TARGET, 5, 1) KERNELS_OF(NAME, TARGET, 6, 1)   \
  KERNELS_OF(NAME, TARGET, 1, PLACES) KERNELS_OF(NAME, TARGET, 2, PLACES)                        \
  KERNELS_OF(NAME, TARGET, 3, PLACES) KERNELS_OF(NAME, TARGET, 4, PLACES)                        \
  KERNELS_OF(NAME, TARGET, 5, PLACES) KERNELS_OF(NAME, TARGET, 6, PLACES)                        \
  static const Kernels NAME##_kernels = {                                                        \
    PLACES,                                                                                      \
    {{NAME##_tile_1_1, NAME##_tile_1_##PLACES}, {NAME##_tile_2_1, NAME##_tile_2_##PLACES},       \
     {NAME##_tile_3_1, NAME##_tile_3_##PLACES}, {NAME##_tile_4_1, NAME##_tile_4_##PLACES},       \
     {NAME##_tile_5_1, NAME##_tile_5_##PLACES}, {NAME##_tile_6_1, NAME##_tile_6_##PLACES}},      \
    {{NAME##_gradient_1_1, NAME##_gradient_1_##PLACES},                                          \
     {NAME##_gradient_2_1, NAME##_gradient_2_##PLACES},                                          \
     {NAME##_gradient_3_1, NAME##_gradient_3_##PLACES},                                          \
     {NAME##_gradient_4_1, NAME##_gradient_4_##PLACES},                                          \
     {NAME##_gradient_5_1, NAME##_gradient_5_##PLACES},                                          \
     {NAME##_gradient_6_1, NAME##_gradient_6_##PLACES}}};

/// The kernels of one level of processors, by filters and by whether there are several places.
typedef struct {
  ptrdiff_t places;
  TileKernel tiles[MOST_FILTERS][2];
  GradientKernel gradients[MOST_FILTERS][2];
} Kernels;

// 24 sums, 4 values and a weight fill 29 of 32 registers; of 16 registers, 12 sums, 2 and 1.
#if defined(__x86_64__)
LEVEL(avx512, __attribute__((target("avx512f"))), 16, 4)
LEVEL(avx2, __attribute__((target("avx2,fma"))), 8, 2)
LEVEL(plain, , 4, 2)
#else
LEVEL(plain, , 4, 4)
#endif

static const Kernels *kernels(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return &avx512_kernels;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2_kernels;
#endif
  return &plain_kernels;
}

/// Which places of the result place `i` of the image has gone into, by the elements of the kernel turned
/// around, so that both grow.
static Taps taps_backward(const MaruWindowAxis *axis, ptrdiff_t i) {
  ptrdiff_t stride = axis->stride, dilation = axis->dilation;
  Taps taps = {0, 1, 0, 1, 0};
  for (ptrdiff_t k = 0; k < axis->kernel; k++) {
    ptrdiff_t t = i + axis->padding - (axis->kernel - 1 - k) * dilation;
    if (t < 0 || t % stride != 0 || t / stride >= axis->output) continue;
    if (taps.count == 0) {
      taps.kernel = k;
      taps.input = t / stride;
    } else if (taps.count == 1) {
      taps.kernel_step = k - taps.kernel;
      taps.input_step = t / stride - taps.input;
    }
    taps.count++;
  }
  return taps;
}

typedef Taps (*TapsOf)(const MaruWindowAxis *axis, ptrdiff_t place);

static int are_alike(const Taps *a, const Taps *b, ptrdiff_t distance) {
  return a->kernel == b->kernel && a->kernel_step == b->kernel_step && a->count == b->count &&
         a->input_step == b->input_step && b->input - a->input == distance;
}

/// For each place and filter of the result, the products of its window with the filter, added up.
///
/// `w` is [filters, kernel height, kernel width, channels], the result [height, width, filters, lanes].
static void convolve(const float *x, ptrdiff_t input_width, ptrdiff_t channels, const float *w,
                     const MaruWindowAxis *vertical, const MaruWindowAxis *horizontal,
                     ptrdiff_t filters, const float *bias, float *y, ptrdiff_t height,
                     ptrdiff_t width, TapsOf taps_of) {
  const Kernels *kernel = kernels();
  Taps across[width > 0 ? width : 1];
  for (ptrdiff_t j = 0; j < width; j++) across[j] = taps_of(horizontal, j);
  ptrdiff_t w_row = horizontal->kernel * channels, groups = (filters + MOST_FILTERS - 1) / MOST_FILTERS;
  for (ptrdiff_t g = 0; g < groups; g++) {
    ptrdiff_t first = filters * g / groups, count = filters * (g + 1) / groups - first;
    const float *group = w + first * vertical->kernel * w_row;
    for (ptrdiff_t i = 0; i < height; i++) {
      Taps down = taps_of(vertical, i);
      for (ptrdiff_t j = 0; j < width;) {
        Taps at = across[j];
        ptrdiff_t places = kernel->places, distance = 0;
        if (j + places <= width) {
          distance = across[j + 1].input - at.input;
          for (ptrdiff_t p = 1; p < places; p++) {
            if (!are_alike(&across[j + p - 1], &across[j + p], distance)) places = 1;
          }
        } else {
          places = 1;
        }
        int is_joined = at.kernel_step == 1 && at.input_step == 1;
        Window window = {
          .x = x + (down.input * input_width + at.input) * channels * LANES,
          .w = group + (down.kernel * horizontal->kernel + at.kernel) * channels,
          .rows = down.count,
          .x_row = down.input_step * input_width * channels * LANES,
          .w_row = down.kernel_step * w_row,
          .columns = is_joined ? at.count > 0 : at.count,
          .x_column = at.input_step * channels * LANES,
          .w_column = at.kernel_step * channels,
          .run = is_joined ? at.count * channels : channels,
          .x_place = distance * channels * LANES,
          .y_place = filters * LANES,
          .w_filter = vertical->kernel * w_row};
        kernel->tiles[count - 1][places > 1](
          &window, bias ? bias + first : 0, y + ((i * width + j) * filters + first) * LANES);
        j += places;
      }
    }
  }
}

void maru_convolve(const MaruConvolution *c, const float *x, const float *w, const float *bias,
                   float *y) {
  convolve(x, c->horizontal.input, c->channels, w, &c->vertical, &c->horizontal, c->filters, bias, y,
           c->vertical.output, c->horizontal.output, taps_forward);
}

void maru_turn_filters(const MaruConvolution *c, const float *w, float *turned) {
  ptrdiff_t places = c->vertical.kernel * c->horizontal.kernel;
  for (ptrdiff_t f = 0; f < c->filters; f++) {
    for (ptrdiff_t p = 0; p < places; p++) {
      for (ptrdiff_t k = 0; k < c->channels; k++) {
        turned[(k * places + places - 1 - p) * c->filters + f] = w[(f * places + p) * c->channels + k];
      }
    }
  }
}

void maru_convolve_backward(const MaruConvolution *c, const float *dy, const float *turned, float *dx) {
  convolve(dy, c->horizontal.output, c->filters, turned, &c->vertical, &c->horizontal, c->channels, 0,
           dx, c->vertical.input, c->horizontal.input, taps_backward);
}

// The places of a group of rows, with the gradients of a tile's filters, that stay in the first cache
// while the values around them pass by.
#define GROUP_PLACES 64

void maru_convolve_weights(const MaruConvolution *c, const float *dy, const float *x, float *dw,
                           float *dbias) {
  const Kernels *kernel = kernels();
  const MaruWindowAxis *vertical = &c->vertical, *horizontal = &c->horizontal;
  ptrdiff_t channels = c->channels, filters = c->filters, height = vertical->output;
  ptrdiff_t w_row = horizontal->kernel * channels;
  ptrdiff_t groups = (filters + MOST_FILTERS - 1) / MOST_FILTERS;
  // Without a border, all columns of the kernel meet the same places.
  int is_joined = horizontal->padding == 0 && horizontal->dilation == 1 &&
                  (horizontal->output - 1) * horizontal->stride + horizontal->kernel <= horizontal->input;
  ptrdiff_t pieces = is_joined ? 1 : horizontal->kernel, run = is_joined ? w_row : channels;
  ptrdiff_t most = GROUP_PLACES / (horizontal->output > 0 ? horizontal->output : 1);
  if (most < 1) most = 1;
  for (ptrdiff_t i = 0; i < height; i += most) {
    ptrdiff_t bottom = i + most < height ? i + most : height;
    for (ptrdiff_t g = 0; g < groups; g++) {
      ptrdiff_t first = filters * g / groups, count = filters * (g + 1) / groups - first;
      for (ptrdiff_t r = 0; r < vertical->kernel; r++) {
        ptrdiff_t top, left;
        ptrdiff_t end = places_of(vertical, r, &top) + top;
        if (top < i) top = i;
        if (end > bottom) end = bottom;
        if (end <= top) continue;
        for (ptrdiff_t s = 0; s < pieces; s++) {
          ptrdiff_t columns = places_of(horizontal, s, &left);
          ptrdiff_t x_top = top * vertical->stride - vertical->padding + r * vertical->dilation;
          ptrdiff_t x_left = left * horizontal->stride - horizontal->padding + s * horizontal->dilation;
          if (columns == 0) continue;
          for (ptrdiff_t k = 0; k < run;) {
            int is_wide = k + kernel->places <= run;
            Window window = {
              .x = x + ((x_top * horizontal->input + x_left) * channels + k) * LANES,
              .w = dy + ((top * horizontal->output + left) * filters + first) * LANES,
              .rows = end - top,
              .x_row = vertical->stride * horizontal->input * channels * LANES,
              .w_row = horizontal->output * filters * LANES,
              .columns = columns,
              .x_column = horizontal->stride * channels * LANES,
              .w_column = filters * LANES,
              .w_filter = vertical->kernel * w_row};
            float *target = dw + (first * vertical->kernel + r) * w_row + s * channels + k;
            kernel->gradients[count - 1][is_wide](&window, target);
            k += is_wide ? kernel->places : 1;
          }
        }
      }
    }
  }
  if (!dbias) return;
  ptrdiff_t places = vertical->output * horizontal->output;
  for (ptrdiff_t f = 0; f < filters; f++) {
    float sums[LANES] = {0}, sum = 0;
    for (ptrdiff_t p = 0; p < places; p++) {
      for (int l = 0; l < LANES; l++) sums[l] += dy[(p * filters + f) * LANES + l];
    }
    for (int l = 0; l < LANES; l++) sum += sums[l];
    dbias[f] += sum;
  }
}
