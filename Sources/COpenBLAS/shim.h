#include <cblas.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

// Not in cblas.h; every OpenBLAS exports them.
extern void *blas_memory_alloc(int) __attribute__((weak));
extern void blas_memory_free(void *) __attribute__((weak));

/// Takes one of the buffers in which OpenBLAS packs operands, as a product does while it runs; OpenBLAS
/// maps another one where all are taken.
static inline void *maru_take_buffer(void) {
  return blas_memory_alloc && blas_memory_free ? blas_memory_alloc(0) : 0;
}

/// Returns a buffer, which OpenBLAS keeps for the next product.
static inline void maru_return_buffer(void *buffer) {
  if (buffer) blas_memory_free(buffer);
}

/// Whether the processor and the system have an extension of the instructions, by the name that
/// /proc/cpuinfo has for it; 0 for names other than those below.
static inline int maru_has_extension(const char *name) {
#if defined(__x86_64__)
#define MARU_EXTENSION(listed, known) \
  if (strcmp(name, listed) == 0) return __builtin_cpu_supports(known) != 0
  MARU_EXTENSION("avx", "avx");
  MARU_EXTENSION("fma", "fma");
  MARU_EXTENSION("fma4", "fma4");
  MARU_EXTENSION("avx2", "avx2");
  MARU_EXTENSION("avx512f", "avx512f");
  MARU_EXTENSION("avx512cd", "avx512cd");
  MARU_EXTENSION("avx512bw", "avx512bw");
  MARU_EXTENSION("avx512dq", "avx512dq");
  MARU_EXTENSION("avx512vl", "avx512vl");
  MARU_EXTENSION("avx512_bf16", "avx512bf16");
#undef MARU_EXTENSION
  if (strcmp(name, "3dnow") == 0) {
    unsigned a, b, c, d;
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (d >> 31 & 1);
  }
#elif defined(__aarch64__) && defined(__linux__)
  if (strcmp(name, "sve") == 0) return (getauxval(AT_HWCAP) >> 22 & 1) != 0;
#endif
  return 0;
}
