#include "kernel.h"

MARU_KERNEL
void maru_add_bytes(const uint8_t *x, ptrdiff_t n, int32_t *restrict sums) {
  for (ptrdiff_t j = 0; j < n; j++) sums[j] += x[j];
}

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define MARU_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define MARU_VNNI_INLINE                                                                         \
  static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl,avx512vnni")))

// One instruction multiplies four samples of 16 columns with those of another column, and adds up.
#define GROUP 4
#define LANES 16
// Sums of 8 columns against three vectors of columns: these, the vectors and a column fill 28 of the
// 32 registers.
#define COLUMNS 8
#define VECTORS 3
// All samples of a block for 16 columns, 16 KiB, follow each other.
#define PANEL (MARU_BYTE_BLOCK * LANES)

/// The bytes of 16 columns of four samples, those of a column side by side; −128 makes them signed.
MARU_VNNI_INLINE __m512i interleave(const uint8_t *const rows[GROUP], ptrdiff_t column,
                                    __mmask16 mask) {
  __m128i x[GROUP];
  MARU_UNROLL for (int i = 0; i < GROUP; i++) {
    x[i] = rows[i] ? _mm_maskz_loadu_epi8(mask, rows[i] + column) : _mm_setzero_si128();
  }
  __m128i low0 = _mm_unpacklo_epi8(x[0], x[1]), high0 = _mm_unpackhi_epi8(x[0], x[1]);
  __m128i low1 = _mm_unpacklo_epi8(x[2], x[3]), high1 = _mm_unpackhi_epi8(x[2], x[3]);
  __m512i y = _mm512_castsi128_si512(_mm_unpacklo_epi16(low0, low1));
  y = _mm512_inserti32x4(y, _mm_unpackhi_epi16(low0, low1), 1);
  y = _mm512_inserti32x4(y, _mm_unpacklo_epi16(high0, high1), 2);
  return _mm512_inserti32x4(y, _mm_unpackhi_epi16(high0, high1), 3);
}

/// Flips the highest bit of each byte: x ↔ x − 128.
MARU_VNNI_INLINE __m512i flip(__m512i x) {
  return _mm512_xor_si512(x, _mm512_set1_epi8((char)0x80));
}

/// Writes samples as panels of 16 columns, each byte less 128.
MARU_VNNI static void copy_panels(const uint8_t *x, ptrdiff_t d, const int32_t *indices,
                                  ptrdiff_t n, uint8_t *panels) {
  for (ptrdiff_t start = 0; start < n; start += GROUP) {
    const uint8_t *rows[GROUP];
    for (ptrdiff_t i = 0; i < GROUP; i++) {
      rows[i] = start + i < n ? x + indices[start + i] * d : NULL;
    }
    uint8_t *out = panels + start * LANES;
    for (ptrdiff_t j = 0; j < d; j += LANES, out += PANEL) {
      __mmask16 mask = d - j >= LANES ? 0xFFFF : (__mmask16)((1u << (d - j)) - 1);
      _mm512_store_si512(out, flip(interleave(rows, j, mask)));
    }
  }
}

/// Adds to 8 rows of the products, from a panel's columns against those of up to three panels.
MARU_VNNI_INLINE void add_tile(const uint8_t *columns, const uint8_t *panels, ptrdiff_t n,
                               int vectors, int32_t *products, ptrdiff_t stride) {
  __m512i sums[COLUMNS][VECTORS];
  MARU_UNROLL for (int i = 0; i < COLUMNS; i++) {
    MARU_UNROLL for (int j = 0; j < vectors; j++) sums[i][j] = _mm512_setzero_si512();
  }
  for (ptrdiff_t p = 0; p < n; p += GROUP) {
    __m512i y[VECTORS];
    MARU_UNROLL for (int j = 0; j < vectors; j++) {
      y[j] = flip(_mm512_load_si512(panels + j * PANEL + p * LANES));
    }
    MARU_UNROLL for (int i = 0; i < COLUMNS; i++) {
      int32_t x;
      memcpy(&x, columns + p * LANES + i * GROUP, sizeof x);
      MARU_UNROLL for (int j = 0; j < vectors; j++) {
        sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], y[j], _mm512_set1_epi32(x));
      }
    }
  }
  MARU_UNROLL for (int i = 0; i < COLUMNS; i++) {
    MARU_UNROLL for (int j = 0; j < vectors; j++) {
      int32_t *out = products + i * stride + j * LANES;
      _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_loadu_si512(out), sums[i][j]));
    }
  }
}

int maru_has_byte_products(void) {
  return __builtin_cpu_supports("avx512vnni") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0;
}

MARU_VNNI void maru_add_byte_products(const uint8_t *x, ptrdiff_t d, const int32_t *indices,
                                      ptrdiff_t n, void *room, int32_t *products) {
  uint8_t *panels = room;
  ptrdiff_t count = (d + LANES - 1) / LANES, stride = count * LANES;
  copy_panels(x, d, indices, n, panels);
  for (ptrdiff_t first = 0; first < count; first += VECTORS) {
    for (ptrdiff_t i = first * LANES; i < stride; i += COLUMNS) {
      const uint8_t *columns = panels + i / LANES * PANEL + i % LANES * GROUP;
      const uint8_t *others = panels + first * PANEL;
      int32_t *out = products + i * stride + first * LANES;
      // Up to the diagonal. Only where the number is a constant do the sums stay in registers.
      switch (i / LANES - first) {
        case 0: add_tile(columns, others, n, 1, out, stride); break;
        case 1: add_tile(columns, others, n, 2, out, stride); break;
        default: add_tile(columns, others, n, 3, out, stride); break;
      }
    }
  }
}

#else

int maru_has_byte_products(void) { return 0; }

void maru_add_byte_products(const uint8_t *x, ptrdiff_t d, const int32_t *indices, ptrdiff_t n,
                            void *room, int32_t *products) {
  (void)x, (void)d, (void)indices, (void)n, (void)room, (void)products;
  __builtin_trap();
}

#endif
