// Counts the calls of malloc and its kin, and the bytes they give, in a process that links this.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/// Allocations since the process started, over all threads; -1 where they are not counted: without
/// glibc, or where a sanitizer has put its own functions in their place.
long allocation_count(void);

/// Starts to watch how many bytes the calling thread holds.
void watch_allocated_bytes(void);

/// The most bytes that the calling thread held at once since it began to watch, beyond those it held
/// then; -1 where they are not counted.
long most_allocated_bytes(void);

#endif
