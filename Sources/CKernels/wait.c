#define _DEFAULT_SOURCE
#include "CKernels.h"

#include <sched.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Sleeps while *word is `value`; may return earlier.
static void sleep_while(uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake_all(uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}
#else
#include <os/os_sync_wait_on_address.h>

static void sleep_while(uint32_t *word, uint32_t value) {
  os_sync_wait_on_address(word, value, sizeof *word, OS_SYNC_WAIT_ON_ADDRESS_NONE);
}

static void wake_all(uint32_t *word) {
  os_sync_wake_by_address_all(word, sizeof *word, OS_SYNC_WAKE_BY_ADDRESS_NONE);
}
#endif

static uint64_t nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// How often a thread looks before it sleeps.
enum { PATIENCE = 2000 };

void maru_wait_at(maru_barrier *barrier) {
  if (barrier->count == 1) return;
  uint32_t *generation = &barrier->generation;
  uint32_t current = __atomic_load_n(generation, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == barrier->count) {
    __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
    // Either this thread sees a sleeper, or the sleeper sees the new generation.
    __atomic_store_n(generation, current + 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&barrier->sleepers, __ATOMIC_SEQ_CST) != 0) wake_all(generation);
    return;
  }
  for (int turn = 0; turn < PATIENCE; turn++) {
    if (__atomic_load_n(generation, __ATOMIC_ACQUIRE) != current) return;
    maru_relax();
  }
  uint64_t start = nanoseconds();
  __atomic_add_fetch(&barrier->sleepers, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(generation, __ATOMIC_SEQ_CST) == current) sleep_while(generation, current);
  __atomic_sub_fetch(&barrier->sleepers, 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&barrier->slept, nanoseconds() - start, __ATOMIC_RELAXED);
}

uint32_t maru_calls(const uint32_t *calls) { return __atomic_load_n(calls, __ATOMIC_ACQUIRE); }

void maru_call(uint32_t *calls) {
  __atomic_add_fetch(calls, 1, __ATOMIC_RELEASE);
  wake_all(calls);
}

uint32_t maru_sit_out(uint32_t *calls, uint32_t seen) {
  uint32_t found;
  while ((found = maru_calls(calls)) == seen) sleep_while(calls, seen);
  return found;
}

void maru_yield(void) { sched_yield(); }
