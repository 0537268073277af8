#include "CKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define MARU_AVX512 __attribute__((target("avx512f")))
#define MARU_AVX512_INLINE static inline __attribute__((always_inline, target("avx512f")))
#define MARU_UNROLL _Pragma("clang loop unroll(full)")

// The sums of 13 rows of two vectors, the two vectors of B and the element of A that they meet fill
// 29 of the 32 registers; 13 rows divide 128 samples well.
#define ROWS 13
#define LANES 16
#define WIDTH (2 * LANES)
// A panel of B of this depth, 34 KiB, stays in the first cache beside the rows of A.
#define DEPTH 272
// Where A is transposed, each turn reads another row of it, and fewer rows are in the cache at once.
#define TRANSPOSED_DEPTH 128
// As many elements of A, 512 KiB, meet all panels of B from the second cache.
#define BLOCK 131072

/// One product of a few rows of A and a panel of B, and where to put it.
typedef struct {
  const float *a;
  ptrdiff_t a_stride;
  const float *panel;
  ptrdiff_t depth;
  float *c;
  ptrdiff_t c_stride;
  float alpha, beta;
  __mmask16 masks[2];
} Tile;

typedef void (*TileKernel)(const Tile *tile, int rows);

MARU_AVX512_INLINE __mmask16 mask_of(ptrdiff_t n) {
  return n >= LANES ? 0xFFFF : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
}

/// A is read where it lies, since each of its elements is needed once a panel; it is copying B, read
/// by all rows, that pays.
MARU_AVX512_INLINE void multiply_tile(const Tile *tile, int rows, int vectors, int is_transposed) {
  __m512 sums[ROWS][2];
  const float *a = tile->a, *panel = tile->panel;
  ptrdiff_t row = is_transposed ? 1 : tile->a_stride, turn = is_transposed ? tile->a_stride : 1;
  MARU_UNROLL for (int i = 0; i < rows; i++) {
    MARU_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = _mm512_setzero_ps();
  }
  for (ptrdiff_t p = 0; p < tile->depth; p++, a += turn, panel += vectors * LANES) {
    __m512 b[2];
    MARU_UNROLL for (int j = 0; j < vectors; j++) b[j] = _mm512_load_ps(panel + j * LANES);
    MARU_UNROLL for (int i = 0; i < rows; i++) {
      __m512 x = _mm512_set1_ps(a[i * row]);
      MARU_UNROLL for (int j = 0; j < vectors; j++) {
        sums[i][j] = _mm512_fmadd_ps(x, b[j], sums[i][j]);
      }
    }
  }
  __m512 alpha = _mm512_set1_ps(tile->alpha), beta = _mm512_set1_ps(tile->beta);
  MARU_UNROLL for (int i = 0; i < rows; i++) {
    MARU_UNROLL for (int j = 0; j < vectors; j++) {
      float *c = tile->c + i * tile->c_stride + j * LANES;
      __m512 y = sums[i][j] * alpha;
      if (tile->beta != 0) {
        y = _mm512_fmadd_ps(beta, _mm512_maskz_loadu_ps(tile->masks[j], c), y);
      }
      _mm512_mask_storeu_ps(c, tile->masks[j], y);
    }
  }
}

#define CASE(rows, vectors, is_transposed)                                                       \
  case rows: multiply_tile(tile, rows, vectors, is_transposed); break;

// Only where the number of rows is a constant do the sums stay in registers.
#define TILE_KERNEL(name, v, t)                                                                  \
  MARU_AVX512 static void name(const Tile *tile, int rows) {                                     \
    switch (rows) {                                                                              \
      CASE(1, v, t) CASE(2, v, t) CASE(3, v, t) CASE(4, v, t) CASE(5, v, t)                      \
      CASE(6, v, t) CASE(7, v, t) CASE(8, v, t) CASE(9, v, t) CASE(10, v, t)                     \
      CASE(11, v, t) CASE(12, v, t) CASE(13, v, t)                                               \
    }                                                                                            \
  }

TILE_KERNEL(narrow_tile, 1, 0)
TILE_KERNEL(wide_tile, 2, 0)
TILE_KERNEL(narrow_transposed_tile, 1, 1)
TILE_KERNEL(wide_transposed_tile, 2, 1)

/// Writes the first `count` columns of up to 16 rows of 16 as rows `stride` apart; rows that are
/// missing become zeros.
MARU_AVX512_INLINE void transpose(const float *in, ptrdiff_t in_stride, int rows, __mmask16 mask,
                                  float *out, ptrdiff_t stride, int count) {
  __m512 x[LANES], y[LANES];
  MARU_UNROLL for (int i = 0; i < LANES; i++) {
    x[i] = i < rows ? _mm512_maskz_loadu_ps(mask, in + i * in_stride) : _mm512_setzero_ps();
  }
  // Four by four within each quarter of a vector; then the quarters.
  MARU_UNROLL for (int i = 0; i < LANES; i += 2) {
    y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
  }
  MARU_UNROLL for (int i = 0; i < LANES; i += 4) {
    x[i] = (__m512)_mm512_unpacklo_pd((__m512d)y[i], (__m512d)y[i + 2]);
    x[i + 1] = (__m512)_mm512_unpackhi_pd((__m512d)y[i], (__m512d)y[i + 2]);
    x[i + 2] = (__m512)_mm512_unpacklo_pd((__m512d)y[i + 1], (__m512d)y[i + 3]);
    x[i + 3] = (__m512)_mm512_unpackhi_pd((__m512d)y[i + 1], (__m512d)y[i + 3]);
  }
  MARU_UNROLL for (int i = 0; i < 4; i++) {
    __m512 upper0 = _mm512_shuffle_f32x4(x[i], x[4 + i], 0x44);
    __m512 upper1 = _mm512_shuffle_f32x4(x[i], x[4 + i], 0xEE);
    __m512 lower0 = _mm512_shuffle_f32x4(x[8 + i], x[12 + i], 0x44);
    __m512 lower1 = _mm512_shuffle_f32x4(x[8 + i], x[12 + i], 0xEE);
    y[i] = _mm512_shuffle_f32x4(upper0, lower0, 0x88);
    y[4 + i] = _mm512_shuffle_f32x4(upper0, lower0, 0xDD);
    y[8 + i] = _mm512_shuffle_f32x4(upper1, lower1, 0x88);
    y[12 + i] = _mm512_shuffle_f32x4(upper1, lower1, 0xDD);
  }
  MARU_UNROLL for (int i = 0; i < LANES; i++) {
    if (i < count) _mm512_store_ps(out + i * stride, y[i]);
  }
}

/// Copies `depth` rows of up to 32 columns of B so that the rows follow each other, filled up with
/// zeros to whole vectors.
MARU_AVX512 static void copy_panel(const float *b, ptrdiff_t stride, ptrdiff_t depth,
                                   ptrdiff_t columns, int vectors, float *panel) {
  __mmask16 masks[] = {mask_of(columns), mask_of(columns - LANES)};
  for (ptrdiff_t p = 0; p < depth; p++) {
    for (int j = 0; j < vectors; j++, panel += LANES) {
      _mm512_store_ps(panel, _mm512_maskz_loadu_ps(masks[j], b + p * stride + j * LANES));
    }
  }
}

/// Copies as `copy_panel` does, where the columns of B lie `stride` apart.
MARU_AVX512 static void copy_transposed_panel(const float *b, ptrdiff_t stride, ptrdiff_t depth,
                                              ptrdiff_t columns, int vectors, float *panel) {
  ptrdiff_t width = vectors * LANES;
  for (ptrdiff_t j = 0; j < columns; j += LANES) {
    int rows = columns - j < LANES ? (int)(columns - j) : LANES;
    const float *in = b + j * stride;
    ptrdiff_t p = 0;
    for (; rows == LANES && p + LANES <= depth; p += LANES) {
      transpose(in + p, stride, LANES, 0xFFFF, panel + p * width + j, width, LANES);
    }
    for (; p < depth; p += LANES) {
      int count = depth - p < LANES ? (int)(depth - p) : LANES;
      transpose(in + p, stride, rows, mask_of(count), panel + p * width + j, width, count);
    }
  }
}

static ptrdiff_t divide_up(ptrdiff_t x, ptrdiff_t divisor) { return (x + divisor - 1) / divisor; }

int maru_has_product(void) { return __builtin_cpu_supports("avx512f") != 0; }

MARU_AVX512 void maru_product(const float *a, ptrdiff_t a_stride, int is_a_transposed,
                              const float *b, ptrdiff_t b_stride, int is_b_transposed, float *c,
                              ptrdiff_t c_stride, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                              float alpha, float beta) {
  // On the stack, since a block on the heap would be one for each thread.
  _Alignas(64) float panel[DEPTH * WIDTH];
  ptrdiff_t deepest = is_a_transposed ? TRANSPOSED_DEPTH : DEPTH;
  // Equal parts, so that no small one is left over. How deep they are depends on k alone, so each
  // element is the same sum however m and n are shared among threads.
  ptrdiff_t depth = divide_up(divide_up(k, divide_up(k, deepest)), LANES) * LANES;
  ptrdiff_t height = divide_up(m, divide_up(m * depth, BLOCK));
  for (ptrdiff_t top = 0; top < m; top += height) {
    ptrdiff_t bottom = top + height < m ? top + height : m;
    for (ptrdiff_t p = 0; p < k; p += depth) {
      Tile tile = {.a_stride = a_stride, .panel = panel, .c_stride = c_stride, .alpha = alpha};
      tile.depth = k - p < depth ? k - p : depth;
      tile.beta = p == 0 ? beta : 1;
      for (ptrdiff_t j = 0; j < n; j += WIDTH) {
        ptrdiff_t columns = n - j < WIDTH ? n - j : WIDTH;
        int vectors = columns > LANES ? 2 : 1;
        tile.masks[0] = mask_of(columns);
        tile.masks[1] = mask_of(columns - LANES);
        if (is_b_transposed) {
          copy_transposed_panel(b + j * b_stride + p, b_stride, tile.depth, columns, vectors, panel);
        } else {
          copy_panel(b + p * b_stride + j, b_stride, tile.depth, columns, vectors, panel);
        }
        TileKernel kernel = is_a_transposed
                                ? (vectors == 2 ? wide_transposed_tile : narrow_transposed_tile)
                                : (vectors == 2 ? wide_tile : narrow_tile);
        ptrdiff_t i = top;
        for (ptrdiff_t left = divide_up(bottom - top, ROWS); left > 0; left--) {
          ptrdiff_t rows = divide_up(bottom - i, left);
          tile.a = is_a_transposed ? a + p * a_stride + i : a + i * a_stride + p;
          tile.c = c + i * c_stride + j;
          kernel(&tile, (int)rows);
          i += rows;
        }
      }
    }
  }
}

#else

int maru_has_product(void) { return 0; }

void maru_product(const float *a, ptrdiff_t a_stride, int is_a_transposed, const float *b,
                  ptrdiff_t b_stride, int is_b_transposed, float *c, ptrdiff_t c_stride,
                  ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha, float beta) {
  (void)a, (void)a_stride, (void)is_a_transposed, (void)b, (void)b_stride, (void)is_b_transposed;
  (void)c, (void)c_stride, (void)m, (void)n, (void)k, (void)alpha, (void)beta;
  __builtin_trap();
}

#endif
