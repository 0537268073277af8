import Layers

/// How the phases are cut, which arrays overwrite which, how the batch is fetched, and where threads
/// wait: all of it derived from what the phases say that they read and write.
extension StepPlan {
  // MARK: Cuts

  /// Resolves the split of each phase.
  mutating func resolveSplits() {
    var written: [Int: Cut] = [:]
    func note(_ index: Int, _ cut: Cut) {
      instructions[index].cut = cut
      for (operand, _) in instructions[index].phase.writes {
        if let array = nodes[instructions[index].node][operand] { written[array] = cut }
      }
    }
    for index in instructions.indices where instructions[index].follows == nil {
      note(index, cut(instructions[index], after: written))
    }
    for index in instructions.indices {
      guard let gradient = instructions[index].follows else { continue }
      instructions[index].cut = updateCut(gradient, written[gradient])
    }
  }

  private func cut(_ instruction: Instruction, after written: [Int: Cut]) -> Cut {
    let (node, phase) = (nodes[instruction.node], instruction.phase)
    let (units, inputs) = (units(of: phase, node), node.input.count)
    let isInLanes = node.layout == .lanes
    func cut(_ axis: Axis, _ total: Int) -> Cut {
      Cut(
        axis: axis, total: axis == .samples ? 0 : total, parts: context.parts,
        isStolen: phase.isStolen && context.parts > 1,
        isBlocks: axis == .samples && isInLanes)
    }
    switch phase.split {
    case .samples: return cut(.samples, 0)
    case .outputTiles where isInLanes, .inputTiles where isInLanes, .elements where isInLanes:
      return cut(.samples, 0)
    case .units: return cut(.units, units)
    case .inputs: return cut(.inputs, inputs)
    case .features:
      require(
        units == inputs,
        "Phase: expected as many units as inputs to cut features, got \(units) and \(inputs)")
      return cut(.features, units)
    case .outputTiles: return context.cutsColumns(units) ? cut(.units, units) : cut(.samples, 0)
    case .inputTiles: return context.cutsColumns(inputs) ? cut(.inputs, inputs) : cut(.samples, 0)
    case .weights: return context.cutsColumns(units) ? cut(.units, units) : cut(.inputs, inputs)
    case .elements:
      let source = phase.reads.keys.contains(.outputGradient) ? node[.outputGradient] : node[.input]
      if let before = source.flatMap({ written[$0] }),
        before.axis == .samples ? !before.isBlocks : before.total == units
      {
        return Cut(
          axis: before.axis == .samples ? .samples : .features, total: before.total,
          parts: before.parts, isStolen: before.isStolen, isBlocks: false)
      }
      return context.cutsColumns(units) ? cut(.features, units) : cut(.samples, 0)
    }
  }

  /// What a phase that is cut by units is cut into: the first axis of the gradients that it writes, else
  /// what there is of one output.
  private func units(of phase: Phase, _ node: Node) -> Int {
    for index in node.plan.parameters.indices where phase.writes.keys.contains(.gradient(index)) {
      return node.plan.parameters[index].shape[0]
    }
    return node.plan.output.count
  }

  /// How a parameter is cut for its update: as its gradient was, where that was cut at all.
  private func updateCut(_ gradient: Int, _ written: Cut?) -> Cut {
    guard case .gradient(let slice) = memories[gradient] else {
      fatalError("StepPlan: expected a gradient, got \(memories[gradient])")
    }
    let (rows, columns) = slice.parameter.matrixSize
    let isVector = slice.parameter.shape.rank == 1
    if let written {
      switch written.axis {
      case .units where written.total == (isVector ? columns : rows): return written
      case .features where written.total == (isVector ? columns : rows):
        return Cut(
          axis: .units, total: written.total, parts: written.parts, isStolen: written.isStolen,
          isBlocks: false)
      case .inputs where !isVector && written.total == columns: return written
      default: break
      }
    }
    return Cut(
      axis: .units, total: isVector ? columns : rows, parts: context.parts, isStolen: false,
      isBlocks: false)
  }

  // MARK: Memory

  /// Lets results overwrite operands where phases allow it and nothing reads the old values later.
  mutating func overwriteInPlace() {
    for index in instructions.indices {
      let node = nodes[instructions[index].node]
      let (result, operand): (Int?, Int?) =
        switch instructions[index].phase.inPlace {
        case .outputOverInput: (node[.output], node[.input])
        case .inputGradientOverOutputGradient: (node[.inputGradient], node[.outputGradient])
        case nil: (nil, nil)
        }
      guard let result, let operand, isRoomFor(result, over: operand) else { continue }
      let isNeeded = isTouched(operand, by: instructions[(index + 1)...])
      if isNeeded || isTouched(result, by: instructions[..<index]) { continue }
      let (from, to) = (places[result], places[operand])
      for array in places.indices where places[array] == from { places[array] = to }
    }
  }

  private func isTouched(_ array: Int, by instructions: ArraySlice<Instruction>) -> Bool {
    instructions.contains { instruction in
      let node = nodes[instruction.node]
      return instruction.phase.operands.contains { operand in
        node[operand].map { places[$0] == places[array] } ?? false
      }
    }
  }

  private func isRoomFor(_ result: Int, over operand: Int) -> Bool {
    switch (memories[result], memories[places[operand]]) {
    case (.samples(let a, let aLayout), .samples(let b, let bLayout)): a == b && aLayout == bLayout
    // The batch may be a thread's own, and then it is no place for what others read.
    case (.samples(let a, .rows), .batch(let b, .rows)): a == b && context.parts == 1
    default: false
    }
  }

  // MARK: The batch

  /// Chooses how the batch is fetched.
  mutating func chooseGathering(threadsOwnBatch: Bool) {
    let fetch = instructions.firstIndex { $0.work == .gather && $0.phase.writes[.output] != nil }
    guard let fetch, case .batch(let columns, .rows) = memories[batch] else { return }
    let byColumns = Cut(
      axis: .units, total: columns, parts: context.parts, isStolen: false, isBlocks: false)
    let readers = instructions.flatMap { instruction in
      accesses(of: instruction).filter { $0.array == places[batch] && !$0.isWrite }
    }
    let isCutByColumns = readers.allSatisfy {
      $0.parts == context.parts && $0.region == .columns(byColumns.columns)
    }
    if isCutByColumns {
      gathering = .byColumns
      self.threadsOwnBatch = threadsOwnBatch
      instructions[fetch].cut = byColumns
    } else if threadsOwnBatch {
      gathering = .byThreads
      self.threadsOwnBatch = true
      instructions.remove(at: fetch)
    }
  }

  // MARK: Waits

  /// Derives where threads wait, and so the chains: before a phase if, since the last wait, a part
  /// other than the same part wrote anything that it reads, or touched anything that it writes.
  ///
  /// - Parameter firstOfUpdates: the phase before which all shards go through those before it, if any
  mutating func deriveWaits(_ firstOfUpdates: Int?) {
    var since: [Access] = []
    for index in instructions.indices {
      if index == firstOfUpdates {
        since = []
        firstUpdate = chains.count
      }
      let accesses = accesses(of: instructions[index])
      let waits = accesses.contains { access in since.contains { access.conflicts(with: $0) } }
      if waits { since = [] }
      since += accesses
      guard let cut = instructions[index].cut else { fatalError("StepPlan: a phase is not cut") }
      if let last = chains.last, !waits, last.parts == cut.count, last.isStolen == cut.isStolen,
        last.isBlocks == cut.isBlocks, index != firstOfUpdates
      {
        chains[chains.count - 1].instructions = last.instructions.lowerBound..<index + 1
      } else {
        chains.append(
          Chain(
            instructions: index..<index + 1, waits: waits, parts: cut.count,
            isStolen: cut.isStolen, isBlocks: cut.isBlocks))
      }
    }
  }

  /// What the parts of a phase touch.
  package func accesses(of instruction: Instruction) -> [Access] {
    guard let cut = instruction.cut else { return [] }
    let node = nodes[instruction.node]
    func accesses(_ operands: [Operand: Extent], isWrite: Bool) -> [Access] {
      operands.compactMap { operand, extent in
        guard let array = node[operand] else { return nil }
        // Each thread has the batch to itself.
        if array == batch && gathering == .byThreads { return nil }
        let region = extent == .all ? .all : region(of: operand, node, cut, memories[array])
        require(
          !(isWrite && extent == .part && region == .all && cut.count > 1),
          "Phase: expected a split that cuts \(operand), which it writes in parts, got \(cut.axis)")
        return Access(array: places[array], region: region, isWrite: isWrite, parts: cut.count)
      }
    }
    return accesses(instruction.phase.reads, isWrite: false)
      + accesses(instruction.phase.writes, isWrite: true)
  }

  /// What of an array belongs to the parts of a cut.
  private func region(
    of operand: Operand, _ node: Node, _ cut: Cut, _ memory: Memory
  ) -> Access.Region {
    func columns(_ count: Int) -> Access.Region {
      count == cut.total ? .columns(cut.columns) : .all
    }
    switch (memory, cut.axis) {
    case (.elsewhere, .samples), (.samples, .samples), (.batch, .samples):
      return cut.isBlocks ? .blocks : .samples
    case (.elsewhere, _), (.parts, _): return .slots
    case (.samples(let count, _), let axis), (.batch(let count, _), let axis):
      let isCut =
        switch operand {
        case .input, .inputGradient: axis != .units
        case .output, .outputGradient: axis != .inputs
        default: axis != .inputs
        }
      return isCut ? columns(count) : .all
    case (.shared(_, let count), .units), (.shared(_, let count), .features): return columns(count)
    case (.shared, _): return .all
    case (.parameter(let slice), _), (.gradient(let slice), _), (.state(let slice), _):
      let size = slice.parameter.matrixSize
      switch cut.axis {
      case .samples: return .all
      case .units, .features:
        if slice.parameter.shape.rank == 1 { return columns(size.columns) }
        return size.rows == cut.total ? .rows(cut.columns) : .all
      case .inputs: return slice.parameter.shape.rank == 1 ? .all : columns(size.columns)
      }
    }
  }
}

extension Phase {
  /// All that it touches.
  fileprivate var operands: [Operand] { Array(reads.keys) + Array(writes.keys) }
}
