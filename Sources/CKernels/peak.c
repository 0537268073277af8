#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "CKernels.h"

// More chains than multiply-adds in flight (4 cycles · 2 units on x86-64, 4 · 4 on the widest Arm
// cores), and few enough that they and two constants stay in registers.
#if defined(__aarch64__)
#define CHAINS 24
#else
#define CHAINS 12
#endif
#define TURNS 100000
#define ROUNDS 100

/// Runs TURNS turns of CHAINS independent multiply-adds on whole registers, which touch no memory,
/// and returns the number of operations on numbers.
typedef double (*Loop)(void);

// Each chain tends to 1, so no number becomes large or denormal. What the compiler cannot know are
// the factor and the sum's use.
#define PEAK_LOOP(name, scalar, bytes, attribute)                                                \
  attribute static double name(void) {                                                           \
    typedef scalar Vector __attribute__((vector_size(bytes)));                                   \
    volatile scalar factor = (scalar)0.5;                                                        \
    volatile scalar sink;                                                                        \
    Vector x = (Vector){} + factor, y = (Vector){} + (1 - factor), chains[CHAINS];               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) {                        \
      chains[i] = (Vector){} + (scalar)i;                                                        \
    }                                                                                            \
    for (int turn = 0; turn < TURNS; turn++) {                                                   \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) {                      \
        chains[i] = chains[i] * x + y;                                                           \
      }                                                                                          \
    }                                                                                            \
    Vector sum = chains[0];                                                                      \
    _Pragma("clang loop unroll(full)") for (int i = 1; i < CHAINS; i++) sum += chains[i];        \
    for (size_t i = 0; i < bytes / sizeof(scalar); i++) sink = sum[i];                           \
    (void)sink;                                                                                  \
    return 2.0 * TURNS * CHAINS * (bytes / sizeof(scalar));                                      \
  }

PEAK_LOOP(narrow_float, float, 16, )
PEAK_LOOP(narrow_double, double, 16, )
#if defined(__x86_64__)
PEAK_LOOP(avx2_float, float, 32, __attribute__((target("avx2,fma"))))
PEAK_LOOP(avx2_double, double, 32, __attribute__((target("avx2,fma"))))
PEAK_LOOP(avx512_float, float, 64, __attribute__((target("avx512f"))))
PEAK_LOOP(avx512_double, double, 64, __attribute__((target("avx512f"))))
#endif

static Loop widest_loop(int is_double) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return is_double ? avx512_double : avx512_float;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return is_double ? avx2_double : avx2_float;
  }
#endif
  return is_double ? narrow_double : narrow_float;
}

typedef struct {
  Loop loop;
  /// 0 until all threads are made.
  atomic_int threads;
  /// The threads that came to the start of a round, all rounds together.
  atomic_int arrivals;
  /// The sum over the threads in each round.
  _Atomic double rates[ROUNDS];
} Measurement;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/// Returns once all threads are here. They wait awake: a thread that is woken starts late, and the
/// others would run part of the round without it.
static void wait_for_all(Measurement *measurement, int round) {
  atomic_fetch_add(&measurement->arrivals, 1);
  for (;;) {
    int threads = atomic_load(&measurement->threads);
    if (threads > 0 && atomic_load(&measurement->arrivals) >= threads * (round + 1)) return;
    sched_yield();
  }
}

static void *measure(void *argument) {
  Measurement *measurement = argument;
  for (int round = 0; round < ROUNDS; round++) {
    wait_for_all(measurement, round);
    double start = now();
    double operations = measurement->loop();
    measurement->rates[round] += operations / (now() - start);
  }
  return NULL;
}

double maru_peak(int threads, int is_double) {
  Measurement measurement = {.loop = widest_loop(is_double)};
  pthread_t others[threads];
  for (int i = 1; i < threads; i++) {
    // Where the system gives no more threads, those that run are the peak.
    if (pthread_create(&others[i], NULL, measure, &measurement) != 0) threads = i;
  }
  atomic_store(&measurement.threads, threads);
  measure(&measurement);
  for (int i = 1; i < threads; i++) pthread_join(others[i], NULL);
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    if (measurement.rates[round] > best) best = measurement.rates[round];
  }
  return best;
}
