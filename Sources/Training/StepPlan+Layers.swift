import CKernels
import Layers

/// The layers of a pass forward, remembered for the pass backward.
indirect enum LayerRecord {
  /// A layer that is not made of others, by its node.
  case leaf(Int)
  /// Chains of layers on one input, whose outputs are added up.
  case sum([[LayerRecord]], input: Shape, layer: Int)
}

/// Appends layers to a plan, counting those that are not made of others.
struct LayerBuilder {
  private let model: Sequential
  private let randomKey: UInt64
  private var leaf = 0
  /// The array of the output so far.
  private(set) var output = 0

  init(_ model: Sequential) {
    self.model = model
    var generator = RandomGenerator(seed: model.seed, for: .dropout)
    randomKey = generator.next()
  }

  /// Appends the model's layers.
  mutating func appendForward(
    _ plans: some Sequence<LayerPlan>, to step: inout StepPlan, from batch: Int
  ) -> [LayerRecord] {
    output = batch
    var shape = model.inputShape
    var last = 0
    var records: [LayerRecord] = []
    for (layer, plan) in plans.enumerated() {
      records += append(plan, to: &step, shape, layer)
      (shape, last) = (plan.output, layer)
    }
    return records + convert(to: .rows, in: &step, shape, last)
  }

  /// Appends a layer that takes what lies in `output`, behind a conversion where it wants another layout.
  private mutating func append(
    _ plan: LayerPlan, to step: inout StepPlan, _ shape: Shape, _ layer: Int
  ) -> [LayerRecord] {
    if plan.branches.isEmpty {
      let conversion = plan.layout.map { convert(to: $0, in: &step, shape, layer) } ?? []
      return conversion + [.leaf(appendLeaf(plan, to: &step, shape, layer))]
    }
    let input = output
    var ends: [Int] = []
    var branches: [[LayerRecord]] = []
    for branch in plan.branches {
      output = input
      var (shape, records) = (shape, [] as [LayerRecord])
      for inner in branch {
        records += append(inner, to: &step, shape, layer)
        shape = inner.output
      }
      if let first = ends.first {
        records += convert(to: step.layout(of: first), in: &step, shape, layer)
      }
      ends.append(output)
      branches.append(records)
    }
    output = step.appendSum(of: ends, plan.output, layer, .forward)
    return [.sum(branches, input: shape, layer: layer)]
  }

  /// Appends a conversion of what lies in `output`, unless it has the layout already.
  private mutating func convert(
    to layout: Layout, in step: inout StepPlan, _ shape: Shape, _ layer: Int
  ) -> [LayerRecord] {
    if step.layout(of: output) == layout { return [] }
    let plan = LayerPlan.conversion(to: layout, of: shape)
    let node = step.addNode(plan, layer: layer, input: shape, layout: .lanes)
    step.nodes[node].isConversion = true
    step.nodes[node][.input] = output
    output = step.add(.samples(columns: shape.count, layout))
    step.nodes[node][.output] = output
    step.append(plan.forward, of: node, .forward)
    return [.leaf(node)]
  }

  private mutating func appendLeaf(
    _ plan: LayerPlan, to step: inout StepPlan, _ shape: Shape, _ layer: Int
  ) -> Int {
    let key = randomKey &+ UInt64(leaf) &* 0x9E37_79B9_7F4A_7C15
    let layout = step.layout(of: output)
    let node = step.addNode(plan, layer: layer, input: shape, layout: layout, randomKey: key)
    step.nodes[node][.input] = output
    for (index, slice) in model.layout.slices(ofLeaf: leaf).enumerated() {
      step.nodes[node][.parameter(index)] = step.add(.parameter(slice))
      step.nodes[node][.gradient(index)] = step.add(.gradient(slice))
    }
    for (index, slice) in model.stateLayout.slices(ofLeaf: leaf).enumerated() {
      step.nodes[node][.state(index)] = step.add(.state(slice))
    }
    // Without phases the output is the input.
    if !plan.forward.isEmpty { output = step.add(.samples(columns: plan.output.count, layout)) }
    step.nodes[node][.output] = output
    step.append(plan.forward, of: node, .forward)
    leaf += 1
    return node
  }
}

extension StepPlan {
  /// Appends `Y = Σ arrays`; of one array, nothing. Returns where the sum lies.
  mutating func appendSum(of arrays: [Int], _ shape: Shape, _ layer: Int, _ work: Work) -> Int {
    var sum = arrays[0]
    let layout = layout(of: sum)
    for other in arrays.dropFirst() {
      let node = addNode(
        LayerPlan(output: shape, workspace: [.perSample(shape.count)]), layer: layer, input: shape,
        layout: layout)
      nodes[node][.input] = sum
      nodes[node][.workspace(0)] = other
      sum = add(.samples(columns: shape.count, layout))
      nodes[node][.output] = sum
      let phase = Phase(
        reads: [.input: .part, .workspace(0): .part], writes: [.output: .part],
        inPlace: .outputOverInput, split: .elements, operations: context.operations(on: shape)
      ) { operands, part, _ in
        let tile = part.output(operands.y)
        operands.y[tile].setSum(operands.x[tile], operands.workspace(0)[tile])
      }
      append([phase], of: node, work)
    }
    return sum
  }

  /// Appends layers backward, from the array of the gradient of their output; returns that of the
  /// gradient of their input where it is wanted.
  ///
  /// Sums over parts come last, so that a part can go through all layers before it waits for others.
  mutating func appendBackward(
    _ records: [LayerRecord], from gradient: Int, isInputWanted: Bool
  ) -> Int? {
    var sums: [Instruction] = []
    defer { instructions += sums }
    return appendBackward(records, from: gradient, isInputWanted: isInputWanted, &sums)
  }

  private mutating func appendBackward(
    _ records: [LayerRecord], from gradient: Int, isInputWanted: Bool, _ sums: inout [Instruction]
  ) -> Int? {
    let trained = records.firstIndex { isTrained($0) }
    guard isInputWanted || trained != nil else { return nil }
    let lowest = isInputWanted ? 0 : trained ?? 0
    var gradient = gradient
    for index in records.indices.reversed() where index >= lowest {
      let isWanted = isInputWanted || index > lowest
      switch records[index] {
      case .leaf(let node):
        gradient = appendBackward(node, from: gradient, isInputWanted: isWanted, &sums) ?? gradient
      case .sum(let branches, let input, let layer):
        let gradients = branches.compactMap {
          appendBackward($0, from: gradient, isInputWanted: isWanted, &sums)
        }
        if isWanted { gradient = appendSum(of: gradients, input, layer, .dataGradient) }
      }
    }
    return isInputWanted ? gradient : nil
  }

  private mutating func appendBackward(
    _ node: Int, from gradient: Int, isInputWanted: Bool, _ sums: inout [Instruction]
  ) -> Int? {
    let plan = nodes[node].plan
    nodes[node][.outputGradient] = gradient
    let (parts, last) = plan.splitParameterGradients
    append(parts, of: node, .weightGradient)
    sums += last.map { Instruction(node: node, phase: $0, work: .weightGradient) }
    guard isInputWanted else { return nil }
    if plan.forward.isEmpty {
      nodes[node][.inputGradient] = gradient
    } else {
      let columns = nodes[node].input.count
      let layout = nodes[node][.input].map { self.layout(of: $0) } ?? .rows
      nodes[node][.inputGradient] = add(.samples(columns: columns, layout))
      append(plan.inputGradient, of: node, .dataGradient)
    }
    return nodes[node][.inputGradient]
  }

  /// Lets phases that can do so update their parameter in place of giving its gradient, where plain
  /// descent is asked for and nothing needs the old values any more.
  mutating func descend(where isDescent: (ParameterLayout.Slice) -> Bool) {
    for index in instructions.indices.reversed() where instructions[index].phase.addsScaled {
      let (node, phase) = (instructions[index].node, instructions[index].phase)
      let written = nodes[node].plan.parameters.indices.filter {
        phase.writes.keys.contains(.gradient($0))
      }
      let canDescend = written.allSatisfy { parameter in
        guard let array = nodes[node][.parameter(parameter)],
          case .parameter(let slice) = memories[array]
        else { return false }
        return isDescent(slice) && !isRead(array, by: instructions[(index + 1)...])
      }
      if !canDescend { continue }
      for parameter in written {
        let gradient = nodes[node][.gradient(parameter)]
        nodes[node][.gradient(parameter)] = nodes[node][.parameter(parameter)]
        instructions.removeAll { $0.work == .update && $0.follows == gradient }
      }
      instructions[index].descends = true
    }
  }

  private func isRead(_ array: Int, by instructions: ArraySlice<Instruction>) -> Bool {
    instructions.contains { instruction in
      instruction.phase.reads.keys.contains { nodes[instruction.node][$0] == array }
    }
  }

  private func isTrained(_ record: LayerRecord) -> Bool {
    switch record {
    case .leaf(let node): !nodes[node].plan.parameters.isEmpty
    case .sum(let branches, _, _): branches.joined().contains { isTrained($0) }
    }
  }
}

extension LayerPlan {
  /// The phases that compute the gradients of parameters, and apart from them those at the end that add
  /// up what parts have left in scratch, where the gradient of the input does not need them.
  fileprivate var splitParameterGradients: (parts: ArraySlice<Phase>, sums: ArraySlice<Phase>) {
    let isSum = { (phase: Phase) in
      phase.reads.contains { if case (.scratch, .all) = $0 { true } else { false } }
    }
    let needsSums = inputGradient.contains { phase in
      phase.reads.keys.contains { if case .gradient = $0 { true } else { false } }
    }
    guard !needsSums, let first = parameterGradients.firstIndex(where: isSum) else {
      return (parameterGradients[...], [])
    }
    return (parameterGradients[..<first], parameterGradients[first...])
  }
}

extension MatrixView<Float> {
  /// Sets each element to the sum of those of two matrices of the same shape and stride.
  fileprivate func setSum(_ a: MatrixView, _ b: MatrixView) {
    forEachRun { run, count in
      let offset = run - baseAddress
      maru_add(a.baseAddress + offset, b.baseAddress + offset, run, count)
    }
  }
}
