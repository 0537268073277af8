/// One of the threads that carry out a step together.
///
/// All workers run the same program on the same buffers, and each writes its own part of every
/// result; between two layers they wait for each other. A part is one rectangle, chosen from the
/// shape alone, so consecutive elementwise layers give a worker the same part again, still in its
/// cache.
///
/// The same number of workers gives the same bits. Another number does so everywhere but in matrix
/// products: BLAS may add in another order where a part has another size, within rounding.
public struct Worker: Sendable {
  /// The number of this worker, from 0.
  public let index: Int
  /// How many workers there are.
  public let count: Int

  /// Creates worker `index` of `count`.
  public init(index: Int, of count: Int) {
    require(
      0 <= index && index < count, "Worker: expected an index below \(count), got \(index)")
    self.index = index
    self.count = count
  }

  /// A worker that does everything alone.
  public static let alone = Worker(index: 0, of: 1)

  /// The fewest units a worker for which a layer is cut by its units.
  static let fewestUnits = 64
  /// Units are cut at multiples of this, a cache line of floats, so that no two workers write to
  /// one line.
  static let granule = 16

  /// Whether a layer of so many units is cut by them, and not by samples.
  package func cutsUnits(_ units: Int) -> Bool { units >= Self.fewestUnits * count }

  /// This worker's part of the activations [batch, units]: whole units where there are enough for
  /// all workers, so that each keeps its part of the weights in its cache; else whole samples.
  public func tile(ofActivations view: MatrixView<Float>) -> Tile {
    if cutsUnits(view.columns) {
      Tile(rows: 0..<view.rows, columns: share(of: view.columns, granule: Self.granule))
    } else {
      Tile(rows: share(of: view.rows), columns: 0..<view.columns)
    }
  }

  /// This worker's part of the weights [units, inputs]: whole units where there are enough for all
  /// workers, else a range of the inputs over all units.
  public func tile(ofWeights view: MatrixView<Float>) -> Tile {
    if cutsUnits(view.rows) {
      Tile(rows: share(of: view.rows, granule: Self.granule), columns: 0..<view.columns)
    } else {
      Tile(rows: 0..<view.rows, columns: share(of: view.columns, granule: Self.granule))
    }
  }

  /// This worker's range of `total` elements, cut at multiples of `granule`; it may be empty.
  public func share(of total: Int, granule: Int = 1) -> Range<Int> {
    let granules = (total + granule - 1) / granule
    let start = granules * index / count * granule
    let end = granules * (index + 1) / count * granule
    return min(start, total)..<min(end, total)
  }
}

/// A rectangle of a matrix.
public struct Tile: Sendable, Equatable {
  /// The rows it spans.
  public let rows: Range<Int>
  /// The columns it spans.
  public let columns: Range<Int>
}

extension MatrixView {
  /// The rectangle of the matrix that a tile names.
  public subscript(tile: Tile) -> MatrixView { self[rows: tile.rows, columns: tile.columns] }
}

/// What a forward pass is for.
public enum Mode: Sendable {
  /// Parameters are about to be updated: dropout drops.
  case training
  /// The model is used as it is.
  case inference
}

/// The circumstances of one layer's forward or backward pass.
public struct Pass: Sendable {
  /// Training or inference.
  public let mode: Mode
  /// The worker that makes the call.
  public let worker: Worker
  /// The training step, counted from 0 since the model was compiled.
  public let step: Int
  /// The key of the layer's random numbers, the same in every step.
  public let randomKey: UInt64
  /// Who computes which part of the result, where workers help each other.
  let shared: SharedTiles?
  /// Where a profiled pass notes its matrix products.
  let products: ProductClock?

  /// Creates the circumstances of a pass.
  public init(mode: Mode, worker: Worker, step: Int = 0, randomKey: UInt64 = 0) {
    self.init(
      mode: mode, worker: worker, step: step, randomKey: randomKey, shared: nil, products: nil)
  }

  package init(
    mode: Mode, worker: Worker, step: Int, randomKey: UInt64, shared: SharedTiles?,
    products: ProductClock?
  ) {
    self.mode = mode
    self.worker = worker
    self.step = step
    self.randomKey = randomKey
    self.shared = shared
    self.products = products
  }

  /// Calls `body` with the tiles of `Y` or `dX` that this worker is to compute.
  ///
  /// It is the worker's tile, or, in a layer whose ``Layer/division`` is `shared`, parts of the whole
  /// until all are done.
  public func forEachTile(ofActivations view: MatrixView<Float>, _ body: (Tile) -> Void) {
    guard let shared, worker.cutsUnits(view.columns) else {
      return body(worker.tile(ofActivations: view))
    }
    shared.forEachPart(of: view.columns, worker, step: step) { columns in
      body(Tile(rows: 0..<view.rows, columns: columns))
    }
  }

  /// Calls `body` with the tiles of a gradient of weights that this worker is to compute.
  public func forEachTile(ofWeights view: MatrixView<Float>, _ body: (Tile) -> Void) {
    guard let shared, worker.cutsUnits(view.rows) else {
      return body(worker.tile(ofWeights: view))
    }
    shared.forEachPart(of: view.rows, worker, step: step) { rows in
      body(Tile(rows: rows, columns: 0..<view.columns))
    }
  }
}
