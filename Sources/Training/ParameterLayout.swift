import Layers

/// Where each parameter of a model lies in its arenas.
///
/// Every parameter is a range of one buffer that starts at a cache line. The gradients and each slot
/// of the optimizer lie the same way in buffers of their own, so that an update, a norm or a copy
/// of all parameters is one pass over one array. The gaps between ranges are 0 and stay 0.
struct ParameterLayout {
  struct Slice {
    /// The full name, such as `layers.0.weight`.
    let name: String
    let parameter: Parameter
    let layer: Int
    let offset: Int

    var range: Range<Int> { offset..<offset + parameter.shape.count }
  }

  let slices: [Slice]
  /// The length of an arena in elements, a whole number of cache lines.
  let count: Int

  /// - Parameter parameters: those of each layer
  init(_ parameters: [[Parameter]]) {
    var slices: [Slice] = []
    var offset = 0
    for (layer, declared) in parameters.enumerated() {
      for parameter in declared {
        slices.append(
          Slice(
            name: "layers.\(layer).\(parameter.name)", parameter: parameter, layer: layer,
            offset: offset))
        offset += (parameter.shape.count + 15) / 16 * 16
      }
    }
    self.slices = slices
    count = offset
  }

  /// Where the parameters after those of a layer begin.
  func end(ofLayer layer: Int) -> Int {
    slices.first { $0.layer > layer }?.offset ?? count
  }

  /// The parameters of one layer as matrices in an arena, a vector as one row.
  func matrices(ofLayer layer: Int, in arena: AlignedBuffer) -> [MatrixView<Float>] {
    slices.filter { $0.layer == layer }.map { slice in
      let shape = slice.parameter.shape
      let rows = shape.rank == 2 ? shape[0] : 1
      return arena.matrix(at: slice.offset, rows: rows, columns: shape[shape.rank - 1])
    }
  }
}
