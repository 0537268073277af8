import Layers
import Parallel

/// A plan made ready for one thread: it carries out that thread's parts, and allocates nothing.
final class StepRunner {
  /// The body of a phase, held by the runner: a call neither retains nor releases it.
  private final class Body {
    let run: @Sendable (Operands, Part, Pass) -> Void

    init(_ run: @escaping @Sendable (Operands, Part, Pass) -> Void) { self.run = run }
  }

  /// One phase for a batch of one size.
  private struct Call {
    let body: Unmanaged<Body>
    let operands: Operands
    let ranges: UnsafeMutableBufferPointer<Range<Int>>
    let axis: Axis
    let randomKey: UInt64
    let descends: Bool
  }

  /// What all phases of a pass are told.
  private struct Circumstances {
    let mode: Mode
    let samples: Int
    var step = 0
    var rate: Float = 0
    var firstSample = 0
  }

  let plan: StepPlan
  /// For each of the sizes that a batch may have, from the first on.
  private var sizes: [Int]
  private let calls: [UnsafeMutableBufferPointer<Call>]
  private let bodies: [Body]
  private let views: [UnsafeMutableBufferPointer<MatrixView<Float>>]
  /// The memory of the batch, where the thread has it to itself.
  private let batch: AlignedBuffer?
  private let memory: StepMemory
  private let stolen: [StolenParts?]
  let clock: StageClock?

  /// - Parameters:
  ///   - plan: this thread's own
  ///   - memory: the team's
  ///   - stolen: the team's, by chain
  ///   - sizes: the numbers of samples that a batch may have
  ///   - isProfiled: whether to note times
  init(
    _ plan: StepPlan, _ memory: StepMemory, stolen: [StolenParts?], sizes: [Int], isProfiled: Bool
  ) {
    self.plan = plan
    self.memory = memory
    self.stolen = stolen
    self.sizes = sizes
    clock = isProfiled ? StageClock(phases: plan.instructions.count) : nil
    let batch =
      plan.threadsOwnBatch
      ? AlignedBuffer(zeros: plan.context.samples * plan.batchColumns) : nil
    self.batch = batch
    views = sizes.map { samples in
      let views = plan.nodes.flatMap { node in
        node.arrays.map { array in
          array.map { memory.matrix($0, samples: samples, batch: batch) } ?? .absent
        }
      }
      return .allocate(copying: views)
    }
    let bodies = plan.instructions.map { Body($0.phase.run) }
    self.bodies = bodies
    calls = zip(sizes, views).map { samples, views in
      .allocate(
        copying: zip(plan.instructions, bodies).map { instruction, body in
          guard let cut = instruction.cut, let first = views.baseAddress else {
            fatalError("StepRunner: expected a plan with cuts")
          }
          let node = plan.nodes[instruction.node]
          let start = plan.nodes[..<instruction.node].reduce(0) { $0 + $1.arrays.count }
          return Call(
            body: .passUnretained(body), operands: Operands(first + start, node.counts),
            ranges: .allocate(copying: (0..<cut.count).map { cut.range($0, samples: samples) }),
            axis: cut.axis, randomKey: node.randomKey, descends: instruction.descends)
        })
    }
  }

  deinit {
    for calls in calls {
      for call in calls { call.ranges.deallocate() }
      calls.deinitialize()
      calls.deallocate()
    }
    for views in views { views.deallocate() }
  }

  /// Makes it ready for another number of samples in place of one of its sizes.
  func resize(_ size: Int, to samples: Int) {
    if sizes[size] == samples { return }
    sizes[size] = samples
    var place = 0
    for node in plan.nodes {
      for array in node.arrays {
        if let array, plan.memories[array].hasRowPerSample {
          views[size][place] = memory.matrix(array, samples: samples, batch: batch)
        }
        place += 1
      }
    }
    for (call, instruction) in zip(calls[size], plan.instructions) {
      guard let cut = instruction.cut, cut.axis == .samples else { continue }
      for part in call.ranges.indices { call.ranges[part] = cut.range(part, samples: samples) }
    }
  }

  /// The batch, its inputs one row per sample.
  func batch(size: Int = 0) -> MatrixView<Float> { matrix(plan.batch, size) }
  /// The output of the last layer.
  func output(size: Int = 0) -> MatrixView<Float> { matrix(plan.output, size) }
  /// An array for the given size of a batch.
  func matrix(_ array: Int, _ size: Int) -> MatrixView<Float> {
    memory.matrix(array, samples: sizes[size], batch: batch)
  }

  /// Carries out the thread's parts of some chains, waiting for the others where the plan says so.
  func run(
    _ chains: Range<Int>, size: Int, mode: Mode, step: Int, rate: Float, firstSample: Int,
    _ thread: TeamThread, _ barrier: Barrier
  ) {
    let calls = calls[size]
    let pass = Circumstances(
      mode: mode, samples: sizes[size], step: step, rate: rate, firstSample: firstSample)
    for index in chains {
      let chain = plan.chains[index]
      if chain.waits { wait(barrier) }
      if let stolen = stolen[index] {
        stolen.forEach(thread, round: step) {
          carryOut(chain.instructions, calls, part: $0, pass)
        }
      } else if chain.isBlocks {
        for part in thread.share(of: chain.parts) {
          carryOutBlocks(chain.instructions, calls, part: part, pass)
        }
      } else {
        for part in thread.share(of: chain.parts) {
          carryOut(chain.instructions, calls, part: part, pass)
        }
      }
    }
  }

  /// Carries out all parts of all phases, or of those up to the last layer forward, on this thread.
  func runAlone(size: Int = 0, mode: Mode, forwardOnly: Bool = false) {
    let pass = Circumstances(mode: mode, samples: sizes[size])
    for chain in plan.chains {
      let end = chain.instructions.first { forwardOnly && plan.instructions[$0].work != .forward }
      let places = chain.instructions.lowerBound..<(end ?? chain.instructions.upperBound)
      for part in 0..<chain.parts {
        if chain.isBlocks {
          carryOutBlocks(places, calls[size], part: part, pass)
        } else {
          carryOut(places, calls[size], part: part, pass)
        }
      }
    }
  }

  /// Waits until all threads have come here.
  func wait(_ barrier: Barrier) {
    barrier.wait()
    clock?.lapWaiting()
  }

  @inline(__always)
  private func carryOut(
    _ places: Range<Int>, _ calls: UnsafeMutableBufferPointer<Call>, part: Int,
    _ pass: Circumstances
  ) {
    for place in places {
      let call = calls[place]
      let part = Part(index: part, range: call.ranges[part], axis: call.axis)
      carryOut(place, call, part, pass)
    }
  }

  /// Takes each block of a part through phases; with a part of no blocks, each phase once, so that its
  /// sums are 0.
  private func carryOutBlocks(
    _ places: Range<Int>, _ calls: UnsafeMutableBufferPointer<Call>, part: Int,
    _ pass: Circumstances
  ) {
    if places.isEmpty { return }
    let blocks = calls[places.lowerBound].ranges[part]
    var block = blocks.lowerBound
    repeat {
      let part = Part(
        index: part, range: block..<min(block + 1, blocks.upperBound), axis: .samples,
        isFirst: block == blocks.lowerBound)
      for place in places { carryOut(place, calls[place], part, pass) }
      block += 1
    } while block < blocks.upperBound
  }

  @inline(__always)
  private func carryOut(
    _ place: Int, _ call: Call, _ part: Part, _ pass: Circumstances
  ) {
    call.body._withUnsafeGuaranteedRef {
      $0.run(
        call.operands, part,
        Pass(
          mode: pass.mode, samples: pass.samples, step: pass.step, randomKey: call.randomKey,
          firstSample: pass.firstSample,
          alpha: call.descends ? -pass.rate : 1, beta: call.descends ? 1 : 0,
          products: clock?.products))
    }
    clock?.lap(place)
  }
}

extension UnsafeMutableBufferPointer {
  /// New memory with a copy of the elements.
  fileprivate static func allocate(copying elements: [Element]) -> Self {
    let buffer = allocate(capacity: Swift.max(elements.count, 1))
    _ = buffer.initialize(fromContentsOf: elements)
    return Self(rebasing: buffer[..<elements.count])
  }
}
