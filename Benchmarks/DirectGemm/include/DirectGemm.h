// Matrix products by BLAS called from C, for comparison with the Swift wrapper, and what a cold
// cache takes.
#ifndef DIRECT_GEMM_H
#define DIRECT_GEMM_H

#include <stddef.h>

/// Computes C = A·B so many times in a row, as `cblas_sgemm` does it on row-major matrices.
/// An operand is transposed where `transpose_` is not 0; `ld` are the leading dimensions.
void direct_sgemm(int count, int transpose_a, int transpose_b, int m, int n, int k, const float *a,
                  int lda, const float *b, int ldb, float *c, int ldc);

/// The same in double precision, by `cblas_dgemm`.
void direct_dgemm(int count, int transpose_a, int transpose_b, int m, int n, int k,
                  const double *a, int lda, const double *b, int ldb, double *c, int ldc);

/// Writes memory back and evicts it from all caches.
void evict(const void *memory, size_t bytes);

#endif
