import Layers

/// The workers whose parts one thread computes, one after the other.
///
/// Usually a thread is one worker. Where results are not to depend on the number of threads, there
/// are always as many workers, whose parts are the same, and the threads share them out.
struct Crew {
  private let indices: Range<Int>
  private let workers: Int

  /// The crew of one of a team of threads, of which there are at most as many as workers.
  init(of thread: Worker, workers: Int) {
    indices = thread.share(of: workers)
    self.workers = workers
  }

  /// A crew of one worker.
  init(_ worker: Worker) {
    indices = worker.index..<worker.index + 1
    workers = worker.count
  }

  private var first: Worker { Worker(index: indices.lowerBound, of: workers) }
  private var last: Worker { Worker(index: indices.upperBound - 1, of: workers) }

  /// Calls `body` with each worker.
  func forEach(_ body: (Worker) -> Void) {
    for index in indices { body(Worker(index: index, of: workers)) }
  }

  /// Whether a layer of so many units is cut by them, and not by samples.
  func cutsUnits(_ units: Int) -> Bool { first.cutsUnits(units) }

  /// The workers' shares of `total` elements together.
  func share(of total: Int) -> Range<Int> {
    first.share(of: total).lowerBound..<last.share(of: total).upperBound
  }

  /// The columns of the workers' tiles of the activations [batch, units] together.
  func columns(ofActivations view: MatrixView<Float>) -> Range<Int> {
    first.tile(ofActivations: view).columns
      .lowerBound..<last.tile(ofActivations: view).columns.upperBound
  }
}
