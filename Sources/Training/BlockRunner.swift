import Layers
import Parallel

/// One thread's passes over samples, block by block, through the whole network by itself.
final class BlockRunner {
  /// Samples in a block: enough for a product to run at full speed, few enough to stay in cache.
  static let blockSize = 128

  let runner: StepRunner
  private let indices: UnsafeMutableBufferPointer<Int32>

  /// Plans forward passes and, where a loss is given, backward passes.
  /// - Parameters:
  ///   - model: the model
  ///   - layers: how many of its layers
  ///   - samples: the most samples that will come; fewer than a block take less memory
  ///   - gradients: where backward passes put the gradients
  ///   - loss: from the scores `X` to their gradient `dX`
  ///   - isProfiled: whether to note times
  init(
    _ model: Sequential, layers: Int, samples: Int, gradients: AlignedBuffer? = nil,
    loss: StepWork.Body? = nil, isProfiled: Bool = false
  ) {
    let rows = max(1, min(Self.blockSize, samples))
    let plan = StepPlan(
      model, layers: layers, context: PlanContext(samples: rows, parts: 1),
      step: loss.map { StepWork(gather: nil, loss: $0, update: nil, report: nil) })
    let arenas = Arenas(parameters: model.parameters, state: model.state, gradients: gradients)
    runner = StepRunner(
      plan, StepMemory(plan, arenas), stolen: plan.chains.map { _ in nil }, sizes: [rows],
      isProfiled: isProfiled)
    indices = .allocate(capacity: rows)
  }

  deinit { indices.deallocate() }

  /// Fetches the samples at some places of a list, at most a block.
  func gather(
    _ source: some SampleSource, _ places: Range<Int>, of samples: UnsafeBufferPointer<Int32>
  ) {
    gather(source, UnsafeBufferPointer(rebasing: samples[places]))
  }

  /// Fetches consecutive samples, at most a block.
  func gather(_ source: some SampleSource, _ samples: Range<Int>) {
    for (place, sample) in samples.enumerated() { indices[place] = Int32(sample) }
    gather(source, UnsafeBufferPointer(rebasing: indices[..<samples.count]))
  }

  private func gather(_ source: some SampleSource, _ samples: UnsafeBufferPointer<Int32>) {
    runner.resize(0, to: samples.count)
    let batch = runner.batch()
    readAhead(source, samples)
    // Without columns, the shape of a sample would be made for every block.
    source.gather(samples, columns: 0..<batch.columns, into: batch)
    runner.clock?.lapGather()
  }

  /// Has the file of samples, which come in rising order, fetch these and what comes some requests later, and
  /// let go what was gathered as long before.
  private func readAhead(_ source: some SampleSource, _ samples: UnsafeBufferPointer<Int32>) {
    guard let file = source.file, let first = samples.first, let last = samples.last, first <= last
    else { return }
    let (range, distance) = (Int(first)..<Int(last) + 1, 8 * file.samplesAtOnce)
    file.fetch(range)
    file.fetch(range.lowerBound + distance..<range.upperBound + distance)
    if range.lowerBound >= distance {
      file.release(range.lowerBound - distance..<range.upperBound - distance)
    }
  }
}

extension Range<Int> {
  /// The ranges of at most `size` into which it is cut, by number.
  func block(_ number: Int, of size: Int) -> Range<Int> {
    let start = lowerBound + number * size
    return start..<Swift.min(start + size, upperBound)
  }
}
