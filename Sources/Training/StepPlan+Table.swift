import Layers
import Text

extension Sequential {
  /// A table of what a training step does: its phases in order, how each is cut, and where threads
  /// wait.
  ///
  /// "Parts" is the axis that a phase is cut along and into how many parts, with `*` where idle
  /// threads take over parts of others. A rule stands where all threads wait for each other; between
  /// two rules, phases of as many parts are a chain, through which a thread takes one part before the
  /// next. "MFLOP" is 10⁶ floating-point operations as the layers state them, nothing where a phase
  /// only moves data; "KB" is 1,024 bytes read and written, each array counted once per phase.
  ///
  /// - Parameters:
  ///   - batchSize: the samples of a step, at least 1
  ///   - width: the most cells that the table may take on a terminal; as many as it needs unless given
  public func planTable(batchSize: Int = 32, width: Int? = nil) -> String {
    require(batchSize >= 1, "Sequential.planTable: expected a batch size from 1, got \(batchSize)")
    let parts = parts(samples: batchSize)
    let none: StepWork.Body = { _, _, _ in }
    let plan = StepPlan(
      self, layers: compilation?.layers(of: self) ?? layers.count,
      context: PlanContext(samples: batchSize, parts: parts),
      step: StepWork(
        gather: StepWork.Gather(targets: none, inputs: none, lanes: none), loss: none,
        update: StepWork.Update(
          penalty: { _ in none },
          prepare: { [compilation] slice in
            slice.parameter.l2 > 0 || compilation?.clipNorm != nil ? none : nil
          },
          isDescent: { [compilation] slice in
            guard case .steps(let optimizer) = compilation?.method else { return false }
            return optimizer.isPlainDescent && slice.parameter.l2 == 0
              && compilation?.clipNorm == nil
          },
          update: { _ in none }),
        report: none))
    return plan.table(layerNames: layerNames, width: width)
  }
}

extension StepPlan {
  fileprivate func table(layerNames: [String], width: Int?) -> String {
    var table = TextTable([
      ("Layer", .left), ("Phase", .left), ("Parts", .left), ("MFLOP", .right), ("KB", .right),
    ])
    if gathering == .byThreads && context.parts > 1 {
      table.append(["", "gather", "all by each thread", "", kilobytes(ofAll: batch)])
    }
    for chain in chains {
      if chain.waits { table.appendRule() }
      for index in chain.instructions {
        let instruction = instructions[index]
        let layer = nodes[instruction.node].layer
        let work = instruction.descends ? .descent : kind(of: instruction).work
        let operations = instruction.phase.operations
        table.append([
          layerNames.indices.contains(layer) ? layerNames[layer] : "", work.rawValue,
          instruction.cut.map {
            "\($0.isBlocks ? "blocks" : "\($0.axis)") × \($0.count)\($0.isStolen ? " *" : "")"
          } ?? "",
          operations > 0 ? (operations / 1e6).fixed(2) : "", kilobytes(of: instruction),
        ])
      }
    }
    return table.text(width: width)
  }

  private func kilobytes(of instruction: Instruction) -> String {
    let node = nodes[instruction.node]
    let operands = Set(instruction.phase.reads.keys).union(instruction.phase.writes.keys)
    let arrays = Set(operands.compactMap { node[$0] })
    return kilobytes(arrays.reduce(0) { $0 + elements(of: $1) })
  }

  private func kilobytes(ofAll array: Int) -> String { kilobytes(elements(of: array)) }

  private func kilobytes(_ elements: Int) -> String {
    (Double(elements * MemoryLayout<Float>.size) / 1024).fixed(1)
  }

  private func elements(of array: Int) -> Int {
    switch memories[array] {
    case .samples(let columns, _), .batch(let columns, _): context.samples * columns
    case .parts(let columns): context.parts * columns
    case .shared(let rows, let columns): rows * columns
    case .parameter(let slice), .gradient(let slice), .state(let slice):
      slice.parameter.shape.count
    case .elsewhere: 0
    }
  }
}
