import Synchronization

/// What each of several workers makes of its blocks of the work: worker w of n takes the blocks w,
/// w + n, w + 2n, … up to `blocks`.
///
/// There are as many as BLAS has threads, each with BLAS to itself. OpenBLAS's own threads wait for
/// each other several times in a `syrk`, a third of their time where one takes some milliseconds.
func inParallel<Result: Sendable>(
  blocks: Int, _ body: @Sendable (StrideTo<Int>) -> Result
) -> [Result] {
  let workers = min(OpenBLAS.threads, max(blocks, 1))
  if workers == 1 { return [body(stride(from: 0, to: blocks, by: 1))] }
  let results = Mutex([Result?](repeating: nil, count: workers))
  OpenBLAS.withThreads(upTo: workers) { threads in
    Threads.forEach(workers, threads: threads) { worker in
      let result = body(stride(from: worker, to: blocks, by: workers))
      results.withLock { $0[worker] = result }
    }
  }
  return results.withLock { $0.compactMap { $0 } }
}
