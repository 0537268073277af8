#include <cblas.h>

/// The widest vectors, in bits, that the processor and the system offer to matrix kernels: 512
/// (AVX-512 F, BW, DQ and VL), 256 (AVX2 and FMA), 128 below; 0 where that is not told so simply.
static inline int maru_vector_bits(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return 512;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 256 : 128;
#else
  return 0;
#endif
}
