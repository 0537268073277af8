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
  /// The layer there, where it can update its parameters by itself.
  let descending: Dense?
  /// Whether a worker needs only its share of the columns of a batch.
  let takesColumns: Bool

  /// - Parameters:
  ///   - layers: those to run, from the first on
  ///   - shapes: the shape of a sample before the first layer and after each
  ///   - gradients: the arena of gradients, or nil where no backward pass will be made
  ///   - workers: the size of the team
  ///   - shared: by layer, what the networks of a team share
  init(
    layers: [any Layer], shapes: [Shape], layout: ParameterLayout, parameters: AlignedBuffer,
    gradients: AlignedBuffer?, randomKey: UInt64, workers: Int, shared: [SharedWork?]
  ) {
    inputColumns = shapes[0].count
    let trained = layers.indices.filter { layer in layout.slices.contains { $0.layer == layer } }
    lowestTrained = trained.first ?? layers.count
    descending = trained.first.flatMap { layers[$0] as? Dense }
    let first = layers.firstIndex { $0.storage != .shared }
    takesColumns = first.map { shared[$0]?.sums != nil } ?? false
    let givesTiles = { (index: Int) in
      layers.indices.contains(index) && SharedWork.givesTiles(layers[index], shared[index])
    }
    let worker = Worker(index: 0, of: workers)
    // The lowest layer with parameters, cut by units, reads the gradients of its own units only.
    let readsOwnGradient = { [lowestTrained] (index: Int) in
      layers[index].isElementwise
        || index == lowestTrained && layers[index] is Dense && shared[index] == nil
          && worker.cutsUnits(shapes[index + 1].count)
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
          waitsForward: !onBatch && shared[index]?.sums == nil
            && !(layer.isElementwise && givesTiles(index - 1)),
          waitsBackward: !(readsOwnGradient(index) && givesTiles(index + 1)),
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
    _ views: [Workspace.Views], mode: Mode, crew: Crew, step: Int = 0, barrier: Barrier? = nil,
    clock: StageClock? = nil
  ) {
    for index in nodes.indices {
      let (node, views) = (nodes[index], views[index])
      if node.waitsForward {
        barrier?.wait()
        clock?.lap(.waiting)
      }
      let pass = { (worker: Worker) in
        Pass(
          mode: mode, worker: worker, step: step, randomKey: node.randomKey,
          shared: node.shared?.forward, products: clock?.products)
      }
      if let sums = node.shared?.sums, let dense = node.layer as? Dense {
        crew.forEach {
          dense.forwardPart(
            views.x, of: views.y, parameters: node.parameters, pass: pass($0), sums: sums)
        }
        clock?.lap(.forward(index))
        barrier?.wait()
        clock?.lap(.waiting)
        crew.forEach {
          dense.sumParts(sums, into: views.y, parameters: node.parameters, pass: pass($0))
        }
      } else {
        crew.forEach {
          node.layer.forward(views.x, into: views.y, parameters: node.parameters, pass: pass($0))
        }
      }
      clock?.lap(.forward(index))
    }
  }

  /// Runs all layers backward, given the gradient of the output in the last view's `dY`.
  ///
  /// The lowest layer with parameters descends by itself where there is a rate; no other can, since
  /// workers may still need its weights for `dX`.
  func backward(
    _ views: [Workspace.Views], descending rate: Float?, crew: Crew, step: Int,
    barrier: Barrier, clock: StageClock?
  ) {
    for index in nodes.indices.reversed() where index >= lowestTrained {
      let (node, views) = (nodes[index], views[index])
      if node.waitsBackward {
        barrier.wait()
        clock?.lap(.waiting)
      }
      let pass = { (worker: Worker, shared: SharedTiles?) in
        Pass(
          mode: .training, worker: worker, step: step, randomKey: node.randomKey, shared: shared,
          products: clock?.products)
      }
      if index == lowestTrained, let rate, let layer = descending {
        crew.forEach {
          layer.descend(
            node.parameters, rate: rate, of: views.dY, x: views.x, gradients: node.gradients,
            pass: pass($0, node.shared?.weightGradient))
        }
        clock?.lap(.descent(index))
      } else {
        crew.forEach {
          node.layer.parameterGradients(
            of: views.dY, x: views.x, into: node.gradients,
            pass: pass($0, node.shared?.weightGradient))
        }
        clock?.lap(.weightGradient(index))
      }
      if node.givesInputGradient {
        crew.forEach {
          node.layer.inputGradient(
            of: views.dY, x: views.x, y: views.y, parameters: node.parameters, into: views.dX,
            pass: pass($0, node.shared?.dataGradient))
        }
        clock?.lap(.dataGradient(index))
      }
    }
  }
}

/// How the workers of a team work on one layer together, where they do more than each its tile.
enum SharedWork {
  /// They deal out the parts of each product among themselves.
  case dealing(forward: SharedTiles, weightGradient: SharedTiles, dataGradient: SharedTiles)
  /// They add up what each makes of its own columns of the input.
  case summing(PartialSums)

  var forward: SharedTiles? { if case .dealing(let tiles, _, _) = self { tiles } else { nil } }
  var weightGradient: SharedTiles? {
    if case .dealing(_, let tiles, _) = self { tiles } else { nil }
  }
  var dataGradient: SharedTiles? { if case .dealing(_, _, let tiles) = self { tiles } else { nil } }
  var sums: PartialSums? { if case .summing(let sums) = self { sums } else { nil } }

  /// Decides by layer.
  /// - Parameters:
  ///   - layers: those of the network
  ///   - shapes: the shape of a sample before the first layer and after each
  ///   - rows: samples of a batch
  ///   - workers: the size of the team
  static func plan(
    _ layers: some Sequence<any Layer>, shapes: [Shape], rows: Int, workers: Int
  ) -> [SharedWork?] {
    var isInputInTiles = true
    return zip(layers, zip(shapes, shapes.dropFirst())).map { layer, shapes in
      let (inputs, units) = (shapes.0.count, shapes.1.count)
      var work: SharedWork?
      if layer.division == .shared
        && SharedTiles.pay(operations: 2 * rows * inputs * units, workers: workers)
      {
        let tiles = { SharedTiles(workers: workers) }
        work = .dealing(forward: tiles(), weightGradient: tiles(), dataGradient: tiles())
      } else if layer is Dense && isInputInTiles
        && PartialSums.pay(units: units, inputs: inputs, workers: workers)
      {
        work = .summing(PartialSums(rows: rows, units: units, workers: workers))
      }
      isInputInTiles = givesTiles(layer, work)
      return work
    }
  }

  /// Whether each worker makes its own tile of a layer's output.
  static func givesTiles(_ layer: any Layer, _ work: SharedWork?) -> Bool {
    layer.division != .rows && work?.forward == nil
  }
}
