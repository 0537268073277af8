#include "CKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel.h"
#include "shuffles.h"

// A panel of B of this depth, 17 or 34 KiB, stays in the first cache beside the rows of A.
#define DEPTH 272
// As many elements of A, 512 KiB, meet all panels of B from the second cache.
#define BLOCK 131072
// So many tiles of A are copied together, 102 or 221 KiB.
#define PACKED_TILES 16

typedef struct {
  const float *a;
  ptrdiff_t a_stride;
  int is_a_transposed;
  const float *b;
  ptrdiff_t b_stride;
  int is_b_transposed;
  float *c;
  ptrdiff_t c_stride;
  ptrdiff_t m, n, k;
  float alpha, beta;
} Product;

static ptrdiff_t divide_up(ptrdiff_t x, ptrdiff_t divisor) { return (x + divisor - 1) / divisor; }

// The bounds of these three are measured.

/// Whether the sums go along k: for few columns, which leave half a panel empty, and for few rows, for
/// which it does not pay to copy B.
static int is_dots(const Product *x) {
  return !x->is_a_transposed && x->is_b_transposed && (x->n <= 16 || x->m < 4);
}

/// Whether the rows of A are copied: each turn would read another row of a transposed A, and rows that are
/// a multiple of a page apart push each other out of the first cache.
static int packs_a(const Product *x) {
  return x->is_a_transposed ? x->n >= 128 && x->k > 48 : x->n >= 256 && x->a_stride % 1024 == 0;
}

/// Whether B, where it lies as it is needed, is copied for all that.
static int copies_b(const Product *x, int tile_rows) { return x->k > 128 && x->m > 4 * tile_rows; }

#define UP_TO_1(CASE, x, y) CASE(1, x, y)
#define UP_TO_2(CASE, x, y) UP_TO_1(CASE, x, y) CASE(2, x, y)
#define UP_TO_3(CASE, x, y) UP_TO_2(CASE, x, y) CASE(3, x, y)
#define UP_TO_4(CASE, x, y) UP_TO_3(CASE, x, y) CASE(4, x, y)
#define UP_TO_5(CASE, x, y) UP_TO_4(CASE, x, y) CASE(5, x, y)
#define UP_TO_6(CASE, x, y) UP_TO_5(CASE, x, y) CASE(6, x, y)
#define UP_TO_13(CASE, x, y)                                                                     \
  UP_TO_6(CASE, x, y) CASE(7, x, y) CASE(8, x, y) CASE(9, x, y) CASE(10, x, y) CASE(11, x, y)    \
  CASE(12, x, y) CASE(13, x, y)
#define UP_TO__(count) UP_TO_##count
#define UP_TO(count) UP_TO__(count)

// The sums of 6 rows of two vectors, the vectors of B and the element of A that they meet fill 15 of the
// 16 registers.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define WIDTH 8
#define ROWS 6
#define DOT_ROWS 2
#define DOT_COLUMNS 5
#define OF(name) name##_avx2
static const int32_t first_lanes[] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
#define LOAD_SOME(x, n)                                                                          \
  (Vector) _mm256_maskload_ps(                                                                   \
      x, _mm256_loadu_si256((const __m256i *)(first_lanes + 8 - ((n) > 0 ? (n) : 0))))
#include "product_level.h"
#pragma clang attribute pop

// 13 rows, 29 of the 32 registers; 13 rows divide 128 samples well.
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#define WIDTH 16
#define ROWS 13
#define DOT_ROWS 5
#define DOT_COLUMNS 5
#define OF(name) name##_avx512
#define LOAD_SOME(x, n)                                                                          \
  (Vector) _mm512_maskz_loadu_ps((__mmask16)((1u << ((n) > 0 ? (n) : 0)) - 1), x)
#include "product_level.h"
#pragma clang attribute pop

int maru_product_width(void) {
  if (__builtin_cpu_supports("avx512f")) return 16;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 0;
}

void maru_product(int width, const float *a, ptrdiff_t a_stride, int is_a_transposed,
                  const float *b, ptrdiff_t b_stride, int is_b_transposed, float *c,
                  ptrdiff_t c_stride, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha,
                  float beta) {
  Product product = {a,        a_stride, is_a_transposed, b, b_stride, is_b_transposed, c,
                     c_stride, m,        n,               k, alpha,    beta};
  if (width == 16) {
    multiply_avx512(&product);
  } else {
    multiply_avx2(&product);
  }
}

#else

int maru_product_width(void) { return 0; }

void maru_product(int width, const float *a, ptrdiff_t a_stride, int is_a_transposed,
                  const float *b, ptrdiff_t b_stride, int is_b_transposed, float *c,
                  ptrdiff_t c_stride, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, float alpha,
                  float beta) {
  (void)width, (void)a, (void)a_stride, (void)is_a_transposed, (void)b, (void)b_stride;
  (void)is_b_transposed, (void)c, (void)c_stride, (void)m, (void)n, (void)k, (void)alpha;
  (void)beta;
  __builtin_trap();
}

#endif
