import Layers

/// The buffers of one batch on its way through a network, planned once for its largest size.
struct Workspace {
  /// One layer's matrices for a batch of some number of samples.
  struct Views {
    let x, y, dY, dX: MatrixView<Float>
  }

  private let network: Network
  private let rows: Int
  /// The buffer of each node's output; that of its input where it is shared.
  private let outputs: [AlignedBuffer?]
  private let gradients: [AlignedBuffer?]
  /// The gradient of the network's output, also where it has no layers.
  private let outputGradient: AlignedBuffer

  /// Plans the buffers.
  /// - Parameters:
  ///   - rows: the most samples of a batch
  ///   - training: whether backward passes will be made
  init(_ network: Network, rows: Int, training: Bool) {
    self.network = network
    self.rows = rows
    var outputs: [AlignedBuffer?] = []
    var gradients: [AlignedBuffer?] = []
    for node in network.nodes {
      let below = outputs.last ?? nil
      let buffer = { AlignedBuffer(zeros: rows * node.columns) }
      outputs.append(node.sharesInput ? below : buffer())
      let gradientBelow = gradients.last ?? nil
      gradients.append(!training ? nil : node.sharesInput ? gradientBelow : buffer())
    }
    self.outputs = outputs
    self.gradients = gradients
    outputGradient =
      (gradients.last ?? nil) ?? AlignedBuffer(zeros: rows * network.outputColumns)
  }

  /// The matrices of each layer for a batch that starts at `input`.
  func views(input: AlignedBuffer, rows: Int) -> [Views] {
    require(rows <= self.rows, "Workspace: expected up to \(self.rows) samples, got \(rows)")
    var x = input.matrix(rows: rows, columns: network.inputColumns)
    var dX = x
    return network.nodes.indices.map { index in
      let columns = network.nodes[index].columns
      let y = (outputs[index] ?? input).matrix(rows: rows, columns: columns)
      let dY = gradients[index]?.matrix(rows: rows, columns: columns) ?? y
      defer { (x, dX) = (y, dY) }
      return Views(x: x, y: y, dY: dY, dX: dX)
    }
  }

  /// Where the gradient of the output goes.
  func outputGradient(rows: Int) -> MatrixView<Float> {
    outputGradient.matrix(rows: rows, columns: network.outputColumns)
  }
}
