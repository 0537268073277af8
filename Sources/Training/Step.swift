import Layers

/// What one thread knows of the step that it carries out.
final class StepContext: @unchecked Sendable {
  /// The samples of the shard, which is the batch where there are no others.
  var indices = UnsafeBufferPointer<Int32>(start: nil, count: 0)
  /// The place of the first of them in the batch, that of the batch in the epoch, and the samples of the
  /// batch.
  var first = 0
  var start = 0
  var batchCount = 0
  /// The number of the update, from 0, and its rate.
  var number = 0
  var rate: Float = 0
}

/// The engine's own work in a step of training: fetching the batch, the loss and the metrics,
/// penalties, clipping and the update.
///
/// `Sendable` because the parts of a phase write different elements of what it holds.
final class Step: @unchecked Sendable {
  private let compilation: Compilation
  private let optimizer: any Optimizer
  private let source: any SampleSource
  private let targets: PreparedTargets
  private let batch: TargetBatch
  private let arena: UnsafeMutablePointer<Float>
  private let slots: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>
  let losses: AlignedBuffer
  private let notes: MetricNotes
  /// By slice of the parameters and by part: penalties, and sums of squares of the gradients.
  private let penalties, squareSums: UnsafeMutableBufferPointer<Double>
  private let places: [String: Int]
  private let parts: Int
  /// Called once per step, when its losses are there.
  var report: () -> Void = {}

  init(
    model: Sequential, compilation: Compilation, optimizer: any Optimizer,
    source: any SampleSource, targets: PreparedTargets, notes: MetricNotes, batchSize: Int,
    parts: Int
  ) {
    self.compilation = compilation
    self.optimizer = optimizer
    self.source = source
    self.targets = targets
    batch = TargetBatch(
      rows: batchSize, columns: model.outputShape.count, for: targets,
      classWeights: compilation.classWeights)
    losses = AlignedBuffer(zeros: batchSize)
    self.notes = notes
    arena = model.parameters.floats
    slots = .allocate(capacity: compilation.slots.count)
    _ = slots.initialize(fromContentsOf: compilation.slots.map(\.floats))
    places = Dictionary(
      uniqueKeysWithValues: model.layout.slices.enumerated().map { ($1.name, $0) })
    // A phase that threads steal has more parts than a step.
    self.parts = Cut.most(of: parts)
    penalties = .allocate(capacity: model.layout.slices.count * self.parts)
    squareSums = .allocate(capacity: model.layout.slices.count * self.parts)
    penalties.initialize(repeating: 0)
    squareSums.initialize(repeating: 0)
  }

  deinit {
    slots.deallocate()
    penalties.deallocate()
    squareSums.deallocate()
  }

  /// The penalties of the step, added up.
  var penalty: Double { penalties.reduce(0, +) }

  /// Fetches a batch.
  func gather(_ samples: UnsafeBufferPointer<Int32>, into batch: MatrixView<Float>) {
    // Without columns, the shape of a sample would be made for every batch.
    source.gather(samples, columns: 0..<batch.columns, into: batch)
  }

  /// The bodies of the phases for one thread.
  func work(of context: StepContext) -> StepWork {
    StepWork(
      gather: StepWork.Gather(
        targets: { [self] _, part, _ in
          batch.gather(targets, context.indices, rows: part.range)
        },
        inputs: { [self] operands, part, _ in
          let tile = part.output(operands.y)
          source.gather(
            UnsafeBufferPointer(rebasing: context.indices[tile.rows]), columns: tile.columns,
            into: operands.y[tile])
        },
        lanes: { [self] operands, part, _ in
          for block in part.range {
            gatherBlock(block, context.indices, operands.scratch(0).row(part.index), operands.y)
          }
        }),
      loss: { [self] operands, part, _ in evaluateLoss(operands, part.range, context) },
      update: StepWork.Update(
        penalty: { slice in self.penalty(slice) },
        prepare: { slice in self.preparation(slice) },
        isDescent: { [self] slice in
          optimizer.isPlainDescent && slice.parameter.l2 == 0 && compilation.clipNorm == nil
        },
        update: { slice in self.update(slice, context) }),
      report: { [self] _, part, _ in if part.index == 0 { report() } })
  }

  private func gatherBlock(
    _ block: Int, _ samples: UnsafeBufferPointer<Int32>, _ scratch: UnsafeMutablePointer<Float>,
    _ batch: MatrixView<Float>
  ) {
    let columns = batch.columns / Layout.laneCount
    let own = (0..<samples.count).block(block, of: Layout.laneCount)
    let rows = MatrixView(scratch, rows: own.count, columns: columns)
    source.gather(UnsafeBufferPointer(rebasing: samples[own]), columns: 0..<columns, into: rows)
    rows.convert(0..<1, to: .lanes, batch[rows: block..<block + 1])
  }

  private func evaluateLoss(_ operands: Operands, _ rows: Range<Int>, _ context: StepContext) {
    let scores = operands.x[rows: rows]
    let place = context.first + rows.lowerBound
    batch.evaluate(
      compilation.loss, scores, from: rows.lowerBound, scale: 1 / Float(context.batchCount),
      losses: losses.floats + place, gradient: operands.dX[rows: rows])
    notes.note(scores, batch.rows(from: rows.lowerBound), from: context.start + place)
  }

  private func penalty(_ slice: ParameterLayout.Slice) -> StepWork.Body {
    let first = place(slice)
    return { [self] operands, part, _ in
      let weights = part.tile(of: operands.parameter(0), slice)
      penalties[first + part.index] = Double(slice.parameter.l2) * weights.sumOfSquares
    }
  }

  private func preparation(_ slice: ParameterLayout.Slice) -> StepWork.Body? {
    let l2 = slice.parameter.l2
    if l2 == 0 && compilation.clipNorm == nil { return nil }
    let first = place(slice)
    return { [self] operands, part, _ in
      let gradients = part.tile(of: operands.gradient(0), slice)
      if l2 > 0 { gradients.addPenalty(l2, of: part.tile(of: operands.parameter(0), slice)) }
      if compilation.clipNorm != nil { squareSums[first + part.index] = gradients.sumOfSquares }
    }
  }

  private func update(_ slice: ParameterLayout.Slice, _ context: StepContext) -> StepWork.Body {
    { [self] operands, part, _ in
      let gradients = part.tile(of: operands.gradient(0), slice)
      if let limit = compilation.clipNorm {
        let norm = Float(squareSums.reduce(0, +).squareRoot())
        if norm > limit { gradients.forEachRun { scal(limit / norm, $0, count: $1) } }
      }
      guard let slots = slots.baseAddress else { return }
      optimizer.update(
        ParameterPart(
          part.tile(of: operands.parameter(0), slice), gradients: gradients, arena: arena,
          slots: slots),
        rate: context.rate, step: context.number + 1)
    }
  }

  private func place(_ slice: ParameterLayout.Slice) -> Int { (places[slice.name] ?? 0) * parts }
}

extension Part {
  /// What belongs to the part of a parameter or its gradient.
  @inline(__always)
  fileprivate func tile(
    of view: MatrixView<Float>, _ slice: ParameterLayout.Slice
  ) -> MatrixView<Float> {
    slice.isVector ? view[columns: vector(view)] : view[weight(view)]
  }
}

extension MatrixView<Float> {
  /// `Σ x²`, in double precision.
  var sumOfSquares: Double {
    var sum = 0.0
    forEachRun { run, count in sum += dot(run, run, count: count) }
    return sum
  }

  /// Adds `2·λ·W`, the gradient of `λ·ΣW²`.
  func addPenalty(_ l2: Float, of weights: MatrixView<Float>) {
    weights.forEachRun { run, count in
      axpy(2 * l2, run, into: baseAddress + (run - weights.baseAddress), count: count)
    }
  }
}
