#include "DirectGemm.h"

#include <cblas.h>

void direct_sgemm(int count, int transpose_a, int transpose_b, int m, int n, int k, const float *a,
                  int lda, const float *b, int ldb, float *c, int ldc) {
  for (int i = 0; i < count; i++) {
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
  }
}

void direct_dgemm(int count, int transpose_a, int transpose_b, int m, int n, int k,
                  const double *a, int lda, const double *b, int ldb, double *c, int ldc) {
  for (int i = 0; i < count; i++) {
    cblas_dgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
  }
}

void evict(const void *memory, size_t bytes) {
  const char *start = memory;
  // Both kinds of processor have lines of at least 64 bytes.
  for (size_t i = 0; i < bytes; i += 64) {
#if defined(__x86_64__)
    __builtin_ia32_clflush(start + i);
#elif defined(__aarch64__)
    __asm__ volatile("dc civac, %0" : : "r"(start + i) : "memory");
#endif
  }
#if defined(__x86_64__)
  __builtin_ia32_mfence();
#elif defined(__aarch64__)
  __asm__ volatile("dsb sy" : : : "memory");
#endif
}
