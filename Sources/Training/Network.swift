import Layers

/// The layers of a model as a list of calls: what each works on, and where workers have to wait.
///
/// It holds no buffers of activations; those are in a ``Workspace``, of which several may use one
/// network at once.
struct Network {
  struct Node {
    let layer: any Layer
    let parameters: [MatrixView<Float>]
    let gradients: [MatrixView<Float>]
    let randomKey: UInt64
    /// Who computes which part of `Y`, `dθ` and `dX`, where workers help each other.
    let shared: SharedWork?
    /// The number of elements of one sample of the output.
    let columns: Int
    /// Whether the output lies in the input's buffer.
    let sharesInput: Bool
    /// Whether the input must be complete, and not only this worker's part of it.
    let waitsForward: Bool
    /// Whether `dY` must be complete.
    let waitsBackward: Bool
    /// Whether some layer below has parameters, so that `dX` is needed.
    let givesInputGradient: Bool
  }

  let nodes: [Node]
  let inputColumns: Int
  var outputColumns: Int { nodes.last?.columns ?? inputColumns }
  /// The lowest node with parameters: backward ends there.
  let lowestTrained: Int

  /// - Parameters:
  ///   - layers: those to run, from the first on
  ///   - shapes: the shape of a sample before the first layer and after each
  ///   - gradients: the arena of gradients, or nil where no backward pass will be made
  ///   - shared: by layer, what the networks of a team share
  init(
    layers: [any Layer], shapes: [Shape], layout: ParameterLayout, parameters: AlignedBuffer,
    gradients: AlignedBuffer?, randomKey: UInt64, shared: [SharedWork?]
  ) {
    inputColumns = shapes[0].count
    let trained = layers.indices.filter { layer in layout.slices.contains { $0.layer == layer } }
    lowestTrained = trained.first ?? layers.count
    let givesTiles = { (index: Int) in
      layers.indices.contains(index) && layers[index].division != .rows && shared[index] == nil
    }
    var nodes: [Node] = []
    var onBatch = true
    var readBackward = true
    for (index, layer) in layers.enumerated() {
      let sharesInput: Bool
      switch layer.storage {
      case .shared: sharesInput = true
      case .inPlace: sharesInput = !onBatch && !readBackward
      case .separate: sharesInput = false
      }
      nodes.append(
        Node(
          layer: layer, parameters: layout.matrices(ofLayer: index, in: parameters),
          gradients: gradients.map { layout.matrices(ofLayer: index, in: $0) } ?? [],
          randomKey: randomKey &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15,
          shared: shared[index], columns: shapes[index + 1].count, sharesInput: sharesInput,
          waitsForward: !onBatch && !(layer.isElementwise && givesTiles(index - 1)),
          waitsBackward: !(layer.isElementwise && givesTiles(index + 1)),
          givesInputGradient: index > lowestTrained))
      if layer.storage != .shared {
        onBatch = false
        // A shared layer's output is that of the layer below it, which may need it yet.
        readBackward = layer.readsOutputBackward
      }
    }
    self.nodes = nodes
  }

  /// Runs all layers on one batch.
  func forward(
    _ views: [Workspace.Views], mode: Mode, worker: Worker, step: Int = 0, barrier: Barrier? = nil,
    clock: StageClock? = nil
  ) {
    for index in nodes.indices {
      let (node, views) = (nodes[index], views[index])
      if node.waitsForward {
        barrier?.wait()
        clock?.lap(.waiting)
      }
      let pass = Pass(
        mode: mode, worker: worker, step: step, randomKey: node.randomKey,
        shared: node.shared?.forward, products: clock?.products)
      node.layer.forward(views.x, into: views.y, parameters: node.parameters, pass: pass)
      clock?.lap(.forward(index))
    }
  }

  /// Runs all layers backward, given the gradient of the output in the last view's `dY`.
  func backward(
    _ views: [Workspace.Views], worker: Worker, step: Int, barrier: Barrier, clock: StageClock?
  ) {
    for index in nodes.indices.reversed() where index >= lowestTrained {
      let (node, views) = (nodes[index], views[index])
      if node.waitsBackward {
        barrier.wait()
        clock?.lap(.waiting)
      }
      let pass = { (shared: SharedTiles?) in
        Pass(
          mode: .training, worker: worker, step: step, randomKey: node.randomKey, shared: shared,
          products: clock?.products)
      }
      node.layer.parameterGradients(
        of: views.dY, x: views.x, into: node.gradients, pass: pass(node.shared?.weightGradient))
      clock?.lap(.weightGradient(index))
      if node.givesInputGradient {
        node.layer.inputGradient(
          of: views.dY, x: views.x, y: views.y, parameters: node.parameters, into: views.dX,
          pass: pass(node.shared?.dataGradient))
        clock?.lap(.dataGradient(index))
      }
    }
  }
}

/// What the workers of a team deal out among themselves in one layer.
struct SharedWork {
  let forward, weightGradient, dataGradient: SharedTiles

  /// Decides by layer whether its products are large enough.
  /// - Parameters:
  ///   - layers: those of the network
  ///   - shapes: the shape of a sample before the first layer and after each
  ///   - rows: samples of a batch
  ///   - workers: the size of the team
  static func plan(
    _ layers: some Sequence<any Layer>, shapes: [Shape], rows: Int, workers: Int
  ) -> [SharedWork?] {
    zip(layers, zip(shapes, shapes.dropFirst())).map { layer, shapes in
      let operations = 2 * rows * shapes.0.count * shapes.1.count
      guard layer.division == .shared,
        SharedTiles.pay(operations: operations, workers: workers)
      else { return nil }
      let tiles = { SharedTiles(workers: workers) }
      return SharedWork(forward: tiles(), weightGradient: tiles(), dataGradient: tiles())
    }
  }
}
