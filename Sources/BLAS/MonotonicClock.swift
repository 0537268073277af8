#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The time since some fixed moment, in nanoseconds.
package func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
