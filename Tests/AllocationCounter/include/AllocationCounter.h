// Counts the calls of malloc and its kin in a process that links this.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/// Allocations since the process started, over all threads; -1 where they are not counted: without
/// glibc, or where a sanitizer has put its own functions in their place.
long allocation_count(void);

#endif
