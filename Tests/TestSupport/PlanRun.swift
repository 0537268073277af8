import Testing
import Training

/// The plan of one layer with all its memory, carried out part by part on one thread.
final class PlanRun {
  private let problem: LayerProblem
  private let plan: StepPlan
  private let memory: StepMemory
  private let batch: AlignedBuffer
  private let gradients: AlignedBuffer
  private let state: AlignedBuffer
  private let model: Sequential
  private var operands: [UnsafeMutableBufferPointer<MatrixView<Float>>] = []

  /// What a part finds where it may not read, told from any other NaN.
  private static let poison = Float(bitPattern: 0x7FC0_BAAD)

  /// - Parameter gradient: what lies in the gradients before the pass
  init(_ problem: LayerProblem, parts: Int, gradient: Float = .nan) {
    self.problem = problem
    do {
      model = try Sequential(inputShape: problem.sample, [problem.layer])
    } catch {
      fatalError("PlanRun: \(error)")
    }
    model.weights = zip(problem.parameters, model.weights).map { Tensor($0, shape: $1.shape) }
    let dY = problem.dY
    plan = StepPlan(
      model, layers: 1, context: PlanContext(samples: problem.batch, parts: parts),
      step: StepWork(
        gather: nil,
        loss: { operands, part, _ in
          let dX = operands.dX
          for row in part.range {
            for column in 0..<dX.columns { dX[row, column] = dY[row * dX.columns + column] }
          }
        }, update: nil, report: nil),
      givesBatchGradient: true)
    batch = AlignedBuffer(uninitialized: problem.x.count)
    batch.floats.update(from: problem.x, count: problem.x.count)
    gradients = AlignedBuffer(zeros: model.parameters.count)
    gradients.floats.update(repeating: gradient, count: gradients.count)
    state = AlignedBuffer(copying: model.state)
    memory = StepMemory(
      plan, Arenas(parameters: model.parameters, state: state, gradients: gradients))
    for array in plan.memories.indices where !isGiven(array) { fill(matrix(array), .nan) }
    for node in plan.nodes {
      let views = node.arrays.map {
        $0.map { matrix($0) } ?? MatrixView(batch.floats, rows: 0, columns: 0)
      }
      let table = UnsafeMutableBufferPointer<MatrixView<Float>>.allocate(capacity: views.count)
      _ = table.initialize(fromContentsOf: views)
      operands.append(table)
    }
  }

  deinit { for table in operands { table.deallocate() } }

  /// Carries out everything and reads the results.
  func run(_ pass: Pass, _ order: PartOrder, _ sourceLocation: SourceLocation) -> LayerResults {
    var output: [Float]?
    // In place of the output its gradient may come to lie.
    let noteOutput = { (instruction: StepPlan.Instruction) in
      if instruction.work != .forward && output == nil {
        output = self.matrix(self.plan.output).elements
      }
    }
    switch order {
    case .plain:
      for instruction in plan.instructions {
        noteOutput(instruction)
        for part in 0..<count(instruction) { carryOut(instruction, part, pass) }
      }
    case .phases(let seed):
      var random = Seeded(seed)
      for instruction in plan.instructions {
        noteOutput(instruction)
        for part in random.shuffled(Array(0..<count(instruction))) {
          carryOutPoisoned(instruction, part, pass, sourceLocation)
        }
      }
    case .chains(let seed):
      var random = Seeded(seed)
      for chain in plan.chains {
        for part in random.shuffled(Array(0..<chain.parts)) {
          for place in chain.instructions {
            carryOutPoisoned(plan.instructions[place], part, pass, sourceLocation)
          }
        }
      }
    }
    return LayerResults(
      y: output ?? matrix(plan.output).elements,
      dX: plan.batchGradient.map { matrix($0).elements } ?? [],
      gradients: plan.nodes.flatMap { node in
        node.plan.parameters.indices.compactMap { index in
          node[.gradient(index)].map { matrix($0).elements }
        }
      }, state: Array(UnsafeBufferPointer(start: state.floats, count: state.count)))
  }

  /// By gradient, whether its phase scales and adds it as the pass says.
  var addsScaled: [Bool] {
    plan.nodes.indices.flatMap { node in
      plan.nodes[node].plan.parameters.indices.map { parameter in
        plan.instructions.contains {
          $0.node == node && $0.phase.addsScaled
            && $0.phase.writes.keys.contains(.gradient(parameter))
        }
      }
    }
  }

  private func matrix(_ array: Int) -> MatrixView<Float> {
    memory.matrix(array, samples: problem.batch, batch: batch)
  }

  /// Whether an array holds something before the pass.
  private func isGiven(_ array: Int) -> Bool {
    switch plan.memories[array] {
    case .batch, .parameter, .state, .gradient, .elsewhere: true
    case .samples, .parts, .shared: plan.places[array] == plan.batch
    }
  }

  private func count(_ instruction: StepPlan.Instruction) -> Int { instruction.cut?.count ?? 0 }

  private func carryOut(_ instruction: StepPlan.Instruction, _ part: Int, _ pass: Pass) {
    guard let cut = instruction.cut, let views = operands[instruction.node].baseAddress else {
      return
    }
    let range = cut.range(part, samples: problem.batch)
    let operands = Operands(views, plan.nodes[instruction.node].counts)
    guard cut.isBlocks, !range.isEmpty else {
      return instruction.phase.run(operands, Part(index: part, range: range, axis: cut.axis), pass)
    }
    for block in range {
      let part = Part(
        index: part, range: block..<block + 1, axis: cut.axis, isFirst: block == range.lowerBound)
      instruction.phase.run(operands, part, pass)
    }
  }

  /// Carries out a part with everything poisoned that it may not read, and expects it to write
  /// nothing else than it may.
  private func carryOutPoisoned(
    _ instruction: StepPlan.Instruction, _ part: Int, _ pass: Pass,
    _ sourceLocation: SourceLocation
  ) {
    let arrays = plan.memories.indices.filter { plan.places[$0] == $0 }.map {
      (place: $0, view: matrix($0))
    }
    let before = arrays.map { $0.view.elements }
    let accesses = plan.accesses(of: instruction)
    func mask(_ place: Int, _ view: MatrixView<Float>, isWrite: Bool) -> [Bool] {
      var mask = Array(repeating: false, count: view.rows * view.columns)
      // The batch is each thread's own, to read as it likes.
      let node = plan.nodes[instruction.node]
      if place == plan.batch && !isWrite
        && instruction.phase.reads.keys.contains(where: { node[$0] == plan.batch })
      {
        return mask.map { _ in true }
      }
      for access in accesses where access.array == place && access.isWrite == isWrite {
        for row in rows(access, part, instruction, view) {
          for column in columns(access, part, view) { mask[row * view.columns + column] = true }
        }
      }
      return mask
    }
    let readable = arrays.map { mask($0.place, $0.view, isWrite: false) }
    let writable = arrays.map { mask($0.place, $0.view, isWrite: true) }
    for (array, mask) in zip(arrays, readable) {
      forEachElement(array.view) { index, element in
        if !mask[index] { element = Self.poison }
      }
    }
    let poisoned = arrays.map { $0.view.elements }
    carryOut(instruction, part, pass)
    var hasLied = false
    for place in arrays.indices {
      forEachElement(arrays[place].view) { index, element in
        let isChanged = element.bitPattern != poisoned[place][index].bitPattern
        if isChanged && !writable[place][index] { hasLied = true }
        if !isChanged { element = before[place][index] }
      }
    }
    #expect(
      !hasLied,
      "part \(part) of \(count(instruction)) of a phase split by \(instruction.phase.split) wrote more than it said, \(problem.layer), \(problem.random)",
      sourceLocation: sourceLocation)
  }

  private func rows(
    _ access: Access, _ part: Int, _ instruction: StepPlan.Instruction, _ view: MatrixView<Float>
  ) -> Range<Int> {
    switch access.region {
    case .samples: range(part, instruction)
    case .blocks where plan.layout(of: access.array) == .lanes: range(part, instruction)
    case .blocks:
      (range(part, instruction).lowerBound * Layout.laneCount..<range(part, instruction).upperBound
        * Layout.laneCount).clamped(to: 0..<view.rows)
    case .slots: part..<part + 1
    case .rows(let ranges): ranges[part]
    case .all, .columns: 0..<view.rows
    }
  }

  private func range(_ part: Int, _ instruction: StepPlan.Instruction) -> Range<Int> {
    instruction.cut?.range(part, samples: problem.batch) ?? 0..<0
  }

  private func columns(_ access: Access, _ part: Int, _ view: MatrixView<Float>) -> Range<Int> {
    if case .columns(let ranges) = access.region { ranges[part] } else { 0..<view.columns }
  }

  private func forEachElement(_ view: MatrixView<Float>, _ body: (Int, inout Float) -> Void) {
    for row in 0..<view.rows {
      for column in 0..<view.columns {
        body(row * view.columns + column, &view.baseAddress[row * view.stride + column])
      }
    }
  }

  private func fill(_ view: MatrixView<Float>, _ value: Float) {
    forEachElement(view) { $1 = value }
  }
}
