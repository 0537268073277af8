#define _GNU_SOURCE
#include "CStartup.h"

#include <stdlib.h>

static int ends_without_memory;

void maru_end_without_memory(void) { ends_without_memory = 1; }

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define WEAK __attribute__((weak))

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void *checked(void *memory, size_t bytes) {
  static atomic_flag has_ended = ATOMIC_FLAG_INIT;
  if (memory != NULL || bytes == 0 || !ends_without_memory) return memory;
  while (atomic_flag_test_and_set(&has_ended)) pause();
  fflush(stdout);
  char line[200], bound[60] = "";
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    snprintf(bound, sizeof bound, " (ulimit -v %llu); raise the limit",
             (unsigned long long)limit.rlim_cur / 1024);
  }
  int length = snprintf(line, sizeof line, "%s: error: out of memory: %zu bytes more are refused%s\n",
                        program_invocation_short_name, bytes, bound);
  ssize_t written = write(STDERR_FILENO, line, length);
  (void)written;
  _exit(74);
}

// These stand in for the C library's, in all libraries of the process; they are weak, so that a program
// that has its own keeps those.
WEAK void *malloc(size_t bytes) { return checked(__libc_malloc(bytes), bytes); }

WEAK void *calloc(size_t count, size_t bytes) {
  return checked(__libc_calloc(count, bytes), count * bytes);
}

WEAK void *realloc(void *memory, size_t bytes) {
  return checked(__libc_realloc(memory, bytes), bytes);
}

WEAK void *aligned_alloc(size_t alignment, size_t bytes) {
  return checked(__libc_memalign(alignment, bytes), bytes);
}

WEAK int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *aligned = checked(__libc_memalign(alignment, bytes), bytes);
  if (aligned == NULL) return ENOMEM;
  *memory = aligned;
  return 0;
}
#endif
