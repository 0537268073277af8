import Layers

/// What layers need at least, as their plans say, before a model allocates it.
///
/// Counted as Doubles, since layers may ask for more than an Int can count.
package struct PlannedMemory {
  /// Trainable numbers.
  package private(set) var parameters = 0.0
  /// Floats for the batch, its outputs and their gradients.
  package private(set) var activations: Double
  private let context: PlanContext

  /// Plans layers for batches.
  ///
  /// Throws ``ModelError`` where a layer cannot take the shape that it would get.
  /// - Parameters:
  ///   - layers: first to last
  ///   - inputShape: the shape of one sample
  ///   - samples: the most samples of a batch
  package init(_ layers: [any Layer], _ inputShape: Shape, samples: Int) throws(ModelError) {
    context = PlanContext(samples: max(samples, 1), parts: 1)
    activations = Double(samples) * Double(inputShape.count)
    do {
      for plan in try LayerPlan.chain(layers, inputShape, context) { add(plan) }
    } catch {
      throw ModelError(error.description)
    }
  }

  private mutating func add(_ plan: LayerPlan) {
    for parameter in plan.parameters { parameters += Double(parameter.shape.count) }
    // Where the output takes the input's place, nothing is added.
    if plan.forward.contains(where: { $0.inPlace == nil }) || !plan.branches.isEmpty {
      activations += 2 * Double(context.samples) * Double(plan.output.count)
    }
    for buffer in plan.workspace + plan.scratch {
      switch buffer.size {
      case .sample(let count): activations += Double(context.samples) * Double(count)
      case .part(let count): activations += Double(count)
      case .shared(let rows, let columns): activations += Double(rows) * Double(columns)
      }
    }
    for inner in plan.branches.joined() { add(inner) }
  }
}
