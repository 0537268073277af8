import Layers

/// Where the values of a pass first left the range of floats.
enum OutOfRange {
  /// The place in the last forward pass, in a few words; nil where all outputs are finite.
  static func place(_ runner: StepRunner, size: Int, layerNames: [String]) -> String? {
    if !runner.batch(size: size).isFinite { return "some of the samples are not finite" }
    // An array that layers share holds the output of the highest, but only the lowest can have left
    // the range.
    let first = runner.plan.nodes.first { node in
      guard layerNames.indices.contains(node.layer), let output = node[.output] else {
        return false
      }
      return !runner.matrix(output, size).isFinite
    }
    return first.map {
      "values first left the range in the output of layer \($0.layer), \(layerNames[$0.layer])"
    }
  }

  /// The place among the gradients, which are computed from the last layer to the first.
  static func place(gradients: AlignedBuffer, of layout: ParameterLayout, layerNames: [String])
    -> String?
  {
    let last = layout.slices.last { slice in
      !slice.range.allSatisfy { gradients.floats[$0].isFinite }
    }
    return last.map { slice in
      let name = layerNames[slice.layer]
      return "values first left the range in the gradient of layer \(slice.layer), \(name)"
    }
  }
}

extension MatrixView<Float> {
  /// Whether all elements are finite.
  fileprivate var isFinite: Bool {
    (0..<rows).allSatisfy { row in (0..<columns).allSatisfy { self[row, $0].isFinite } }
  }
}
