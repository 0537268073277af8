import CKernels

extension Processors {
  /// The multiplications and additions that so many threads can do at once, in GFLOP/s, measured on
  /// full registers without memory: what a matrix product can reach at most.
  ///
  /// The best of 100 rounds that the threads start together, each the sum of what every thread did.
  /// Threads beyond the processors add nothing. Takes some 30 ms.
  /// - Parameters:
  ///   - threads: at least 1
  ///   - isDouble: whether the numbers are of double precision
  package static func peakGigaflops(threads: Int, isDouble: Bool = false) -> Double {
    require(threads >= 1, "Processors.peak: expected at least 1 thread, got \(threads)")
    return maru_peak(Int32(min(threads, usable, 1024)), isDouble ? 1 : 0) * 1e-9
  }
}
