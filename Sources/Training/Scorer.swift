import Layers
import Parallel
import Synchronization

/// Forward passes over many samples without training: blocks of samples, distributed over the
/// threads, each of which goes through the whole network by itself.
final class Scorer {
  private let runners: [BlockRunner]
  /// The most samples of a block.
  let size: Int
  /// The most threads.
  var threads: Int { runners.count }

  /// Plans for so many samples at most, or for any number where none is given.
  init(model: Sequential, layers: Int, samples: Int? = nil) {
    let size = max(1, min(BlockRunner.blockSize, samples ?? .max))
    self.size = size
    let blocks = samples.map { max(1, ($0 + size - 1) / size) } ?? .max
    runners = (0..<min(model.threads, blocks)).map { _ in
      BlockRunner(model, layers: layers, samples: size)
    }
  }

  /// Writes the outputs of all samples to the rows of a matrix.
  func write(_ source: some SampleSource, to outputs: MatrixView<Float>) {
    score(source, nil) { range, block, _ in
      outputs.row(range.lowerBound).update(
        from: block.baseAddress, count: range.count * block.columns)
    }
  }

  /// Calls `use` with the outputs of each block of the chosen samples, on some thread.
  ///
  /// It gets the range of the block among the samples, their outputs, and the thread's number.
  /// - Parameters:
  ///   - source: the samples
  ///   - chosen: which of them; nil for all
  ///   - use: what is done with the outputs
  func score(
    _ source: some SampleSource, _ chosen: UnsafeBufferPointer<Int32>?,
    _ use: (Range<Int>, MatrixView<Float>, Int) -> Void
  ) {
    let all = 0..<(chosen?.count ?? source.sampleCount)
    let blocks = (all.count + size - 1) / size
    let threads = min(runners.count, max(blocks, 1))
    // Who is done takes the next block: another thread's processor may be busy.
    let begun = Atomic<Int>(0)
    Team.run(threads) { thread, _ in
      let runner = runners[thread.index]
      while true {
        let block = begun.wrappingAdd(1, ordering: .relaxed).oldValue
        if block >= blocks { break }
        let range = all.block(block, of: size)
        if let chosen {
          runner.gather(source, range, of: chosen)
        } else {
          runner.gather(source, range)
        }
        runner.runner.runAlone(mode: .inference)
        use(range, runner.runner.output(), thread.index)
      }
    }
  }
}
