#include "AllocationCounter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <malloc.h>

static atomic_long count;

// What this thread allocated less what it freed. The storage is there from the thread's start: to
// get it on first use would take an allocation.
#define THREAD_LOCAL static _Thread_local __attribute__((tls_model("initial-exec")))
THREAD_LOCAL long held;
THREAD_LOCAL long held_at_start;
THREAD_LOCAL long most_held;

// glibc's own names of the functions that the ones below replace.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static void *counted(void *block) {
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  held += (long)malloc_usable_size(block);
  if (held > most_held) most_held = held;
  return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t n, size_t size) { return counted(__libc_calloc(n, size)); }

void *realloc(void *block, size_t size) {
  long before = (long)malloc_usable_size(block);
  void *moved = __libc_realloc(block, size);
  // A failure leaves the block as it was.
  if (moved || size == 0) held -= before;
  return counted(moved);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = aligned_alloc(alignment, size);
  return *block ? 0 : ENOMEM;
}

void free(void *block) {
  held -= (long)malloc_usable_size(block);
  __libc_free(block);
}

long allocation_count(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

void watch_allocated_bytes(void) { held_at_start = most_held = held; }

long most_allocated_bytes(void) { return most_held - held_at_start; }

#else

long allocation_count(void) { return -1; }

void watch_allocated_bytes(void) {}

long most_allocated_bytes(void) { return -1; }

#endif
