import Layers

/// Where each parameter of a model lies in its arenas.
///
/// Every parameter is a range of one buffer that starts at a cache line. The gradients and each slot
/// of the optimizer lie the same way in buffers of their own, so that a norm or a copy of all
/// parameters is one pass over one array. The gaps between ranges are 0 and stay 0. What is saved but
/// not trained has a layout and a buffer of its own.
package struct ParameterLayout {
  package struct Slice: Equatable {
    /// The full name, such as `layers.0.weight`.
    let name: String
    let parameter: Parameter
    /// The place of the layer in the model, and among all that are not made of others.
    let layer, leaf: Int
    let offset: Int
    /// Whether it has one axis, and so is one row.
    let isVector: Bool

    var range: Range<Int> { offset..<offset + parameter.shape.count }

    package static func == (a: Slice, b: Slice) -> Bool { a.name == b.name && a.offset == b.offset }
  }

  private(set) var slices: [Slice] = []
  /// The length of an arena in elements, a whole number of cache lines.
  private(set) var count = 0
  private var leaves = 0

  /// - Parameters:
  ///   - plans: those of the layers, first to last
  ///   - parameters: which of a plan's lists it is a layout of
  init(_ plans: [LayerPlan], _ parameters: KeyPath<LayerPlan, [Parameter]>) {
    for (layer, plan) in plans.enumerated() {
      append(plan, parameters, "layers.\(layer)", layer)
    }
  }

  private mutating func append(
    _ plan: LayerPlan, _ parameters: KeyPath<LayerPlan, [Parameter]>, _ name: String, _ layer: Int
  ) {
    if !plan.branches.isEmpty {
      for (index, inner) in plan.branches.joined().enumerated() {
        append(inner, parameters, "\(name).\(index)", layer)
      }
      return
    }
    for parameter in plan[keyPath: parameters] {
      slices.append(
        Slice(
          name: "\(name).\(parameter.name)", parameter: parameter, layer: layer, leaf: leaves,
          offset: count, isVector: parameter.shape.rank == 1))
      count += (parameter.shape.count + 15) / 16 * 16
    }
    leaves += 1
  }

  /// The parameters of one layer that is not made of others.
  func slices(ofLeaf leaf: Int) -> [Slice] { slices.filter { $0.leaf == leaf } }
}
