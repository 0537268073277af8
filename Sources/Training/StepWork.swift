import Layers

/// What the engine itself does in a step, beside the layers: each the body of a phase.
package struct StepWork {
  package typealias Body = @Sendable (Operands, Part, Pass) -> Void

  /// Fetching a batch: its targets, by samples, and its inputs into `Y`, which is in rows or in lanes;
  /// then one block goes through scratch(0).
  package struct Gather {
    let targets, inputs, lanes: Body
  }

  /// What happens to a parameter θ(0), given its gradient dθ(0), part by part.
  package struct Update {
    /// Notes its penalty.
    let penalty: (ParameterLayout.Slice) -> Body
    /// Adds the gradient of its penalty to its own, and notes the sum of squares where that is asked
    /// for; nil where there is nothing to do.
    let prepare: (ParameterLayout.Slice) -> Body?
    /// Whether it changes by `θ ← θ − η·dθ` alone.
    let isDescent: (ParameterLayout.Slice) -> Bool
    /// Changes the parameter by the optimizer's rule.
    let update: (ParameterLayout.Slice) -> Body
  }

  let gather: Gather?
  /// From the scores `X` to their gradient `dX`.
  let loss: Body
  let update: Update?
  /// Looks at the losses and penalties of the step; its first part does all.
  let report: Body?

  package init(gather: Gather?, loss: @escaping Body, update: Update?, report: Body?) {
    self.gather = gather
    self.loss = loss
    self.update = update
    self.report = report
  }
}

extension StepPlan {
  /// The place of the engine's nodes among those of layers.
  private static let noLayer = -1

  /// Adds the phases that fetch a batch.
  mutating func append(_ gather: StepWork.Gather, _ targets: Int, _ shape: Shape) {
    let node = addNode(
      LayerPlan(output: [1], workspace: [.perSample(1)]), layer: Self.noLayer, input: [1])
    nodes[node][.workspace(0)] = targets
    append(
      [Phase(reads: [:], writes: [.workspace(0): .part], split: .samples, run: gather.targets)],
      of: node, .gather)
    let layout = layout(of: batch)
    let block = Buffer.perPart(layout == .lanes ? Layout.laneCount * shape.count : 0)
    let inputs = addNode(
      LayerPlan(output: shape, scratch: [block]), layer: Self.noLayer, input: shape, layout: layout)
    nodes[inputs][.output] = batch
    append(
      [
        Phase(
          reads: [:], writes: [.output: .part, .scratch(0): .part], split: .samples,
          run: layout == .lanes ? gather.lanes : gather.inputs)
      ], of: inputs, .gather)
  }

  /// Adds the loss of the last output, which gives that one's gradient; returns its node.
  mutating func append(
    _ loss: @escaping StepWork.Body, _ targets: Int, _ shape: Shape, gradient: Int
  ) -> Int {
    // The targets, the losses, and the penalties.
    let node = addNode(
      LayerPlan(output: shape, workspace: Array(repeating: .perSample(1), count: 3)),
      layer: Self.noLayer, input: shape)
    nodes[node][.workspace(0)] = targets
    for index in 1...2 { nodes[node][.workspace(index)] = add(.elsewhere) }
    nodes[node][.input] = output
    nodes[node][.inputGradient] = gradient
    let phase = Phase(
      reads: [.input: .part, .workspace(0): .part],
      writes: [.inputGradient: .part, .workspace(1): .part], split: .samples,
      run: loss)
    append([phase], of: node, .loss)
    return node
  }

  /// Adds the look at the losses and the penalties.
  mutating func append(_ report: @escaping StepWork.Body, lossNode: Int) {
    let phase = Phase(
      reads: [.workspace(1): .all, .workspace(2): .all], writes: [:], split: .samples, run: report)
    append([phase], of: lossNode, .loss)
  }

  /// Adds a node for each parameter, and the phases that note its penalty.
  mutating func appendPenalties(_ update: StepWork.Update, lossNode: Int) -> [Int] {
    let norms = add(.elsewhere)
    var updated: [Int] = []
    for node in nodes {
      for index in node.plan.parameters.indices {
        guard let parameter = node[.parameter(index)], let gradient = node[.gradient(index)],
          case .parameter(let slice) = memories[parameter]
        else { continue }
        let own = addNode(
          LayerPlan(
            output: slice.parameter.shape, parameters: [slice.parameter],
            workspace: Array(repeating: .shared(columns: 1), count: 2)),
          layer: node.layer, input: slice.parameter.shape)
        nodes[own][.parameter(0)] = parameter
        nodes[own][.gradient(0)] = gradient
        nodes[own][.workspace(0)] = norms
        nodes[own][.workspace(1)] = nodes[lossNode][.workspace(2)]
        updated.append(own)
        if slice.parameter.l2 > 0 {
          let phase = Phase(
            reads: [.parameter(0): .part], writes: [.workspace(1): .part], split: .weights,
            run: update.penalty(slice))
          append([phase], of: own, .loss, follows: gradient)
        }
      }
    }
    return updated
  }

  /// Adds the updates, from the lowest layer up, each cut as its gradient was made: so a part changes
  /// what it has in its cache, the lowest layer's without a wait.
  mutating func appendUpdates(_ update: StepWork.Update, _ updated: [Int]) {
    let slices = updated.compactMap { node -> (Int, ParameterLayout.Slice)? in
      guard let array = nodes[node][.parameter(0)], case .parameter(let slice) = memories[array]
      else { return nil }
      return (node, slice)
    }
    for (node, slice) in slices {
      guard let prepare = update.prepare(slice) else { continue }
      let phase = Phase(
        reads: [.parameter(0): .part, .gradient(0): .part],
        writes: [.gradient(0): .part, .workspace(0): .part], split: .weights,
        run: prepare)
      append([phase], of: node, .update, follows: nodes[node][.gradient(0)])
    }
    for (node, slice) in slices {
      let phase = Phase(
        reads: [.gradient(0): .part, .workspace(0): .all], writes: [.parameter(0): .part],
        split: .weights, run: update.update(slice))
      append([phase], of: node, .update, follows: nodes[node][.gradient(0)])
    }
  }
}
