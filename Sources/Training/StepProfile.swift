import Layers

/// Where the time of training steps goes: by layer and by kind of work.
///
/// Hand one to `fit`, and it holds the times when training has ended. They are of the steps alone;
/// validation and callbacks at the end of an epoch are not in them. Reading the clock some ten
/// times a step makes a step about a microsecond longer. Not `Sendable`: it belongs to one training.
public final class StepProfile {
  /// A kind of work.
  public enum Work: String, Sendable {
    /// Fetching the next batch and scaling its pixels.
    case gather
    /// `Y = X·Wᵀ + b`, or another layer's forward pass.
    case forward
    /// `dX = dY·W`, or another layer's backward pass.
    case dataGradient = "data gradient"
    /// `dW = dYᵀ·X` and `db`.
    case weightGradient = "weight gradient"
    /// `W ← W − η·dYᵀ·X` and `b ← b − η·db`, where plain gradient descent needs no other update.
    case descent = "gradient and update"
    /// A layer without parameters, forward and backward.
    case elementwise
    /// The loss, its gradient and the metrics; sums over the batch and callbacks after the step.
    case loss
    /// The optimizer's update of the parameters.
    case update
    /// Waiting for the other threads.
    case waiting
  }

  /// The time of one kind of work in one layer.
  public struct Row: Sendable {
    /// The name of the layer, as in the summary, or nil for work that belongs to none.
    public let layer: String?
    /// The kind of work.
    public let work: Work
    /// Microseconds a step, the mean over the threads.
    public let microseconds: Double
    /// Those of them that were spent in BLAS.
    public let productMicroseconds: Double
    /// The operations of all threads over their mean time in BLAS, in 10⁹ a second, or nil where
    /// there was no product.
    public let gigaflops: Double?
  }

  /// The rows, in the order of a step.
  public private(set) var rows: [Row] = []
  /// The number of steps measured.
  public private(set) var steps = 0

  /// An empty profile.
  public init() {}

  /// Microseconds a step.
  public var microseconds: Double { rows.reduce(0) { $0 + $1.microseconds } }

  /// Takes over what the workers measured in the layers of a model.
  func record(_ clocks: [StageClock], model: Sequential, nodes: [Network.Node], steps: Int) {
    let layers = zip(model.layerNames, nodes).map { name, node in
      (name: name, isTrained: !node.parameters.isEmpty)
    }
    record(clocks, layers: layers, steps: steps)
  }

  /// Takes over what the workers measured.
  /// - Parameters:
  ///   - clocks: one a worker
  ///   - layers: the name of each layer, and whether it has parameters
  ///   - steps: the number of steps measured
  func record(_ clocks: [StageClock], layers: [(name: String, isTrained: Bool)], steps: Int) {
    self.steps = steps
    rows = []
    if steps == 0 { return }
    let row = { (layer: String?, work: Work, stages: [StageClock.Stage]) -> Row? in
      let times = clocks.flatMap { clock in stages.map { clock[$0] } }
      let microseconds = { (nanoseconds: UInt64) in
        Double(nanoseconds) / Double(clocks.count) / Double(steps) / 1e3
      }
      let total = microseconds(times.reduce(0) { $0 + $1.nanoseconds })
      let inProducts = microseconds(times.reduce(0) { $0 + $1.productNanoseconds })
      let operations = Double(times.reduce(0) { $0 + $1.operations }) / Double(steps)
      if total == 0 { return nil }
      return Row(
        layer: layer, work: work, microseconds: total, productMicroseconds: inProducts,
        gigaflops: operations > 0 ? operations / inProducts / 1e3 : nil)
    }
    var rows = [row(nil, .gather, [.gather])]
    for (index, layer) in layers.enumerated() {
      if layer.isTrained {
        rows.append(row(layer.name, .forward, [.forward(index)]))
      } else {
        let stages: [StageClock.Stage] = [
          .forward(index), .weightGradient(index), .dataGradient(index),
        ]
        rows.append(row(layer.name, .elementwise, stages))
      }
    }
    rows.append(row(nil, .loss, [.loss]))
    for (index, layer) in layers.enumerated().reversed() where layer.isTrained {
      rows.append(row(layer.name, .weightGradient, [.weightGradient(index)]))
      rows.append(row(layer.name, .descent, [.descent(index)]))
      rows.append(row(layer.name, .dataGradient, [.dataGradient(index)]))
    }
    rows += [row(nil, .update, [.update]), row(nil, .waiting, [.waiting])]
    self.rows = rows.compactMap { $0 }
  }
}

@available(*, unavailable, message: "A profile belongs to one training.")
extension StepProfile: Sendable {}

extension StepProfile: CustomStringConvertible {
  /// A table of the rows, with the share of each in a step; empty where nothing was measured.
  public var description: String { table() }

  /// The table, of at most so many cells, if that is given.
  package func table(width: Int? = nil) -> String {
    if rows.isEmpty { return "" }
    var table = TextTable([
      ("Layer", .left), ("Work", .left), ("µs a step", .right), ("Share", .right),
      ("GFLOP/s", .right), ("µs outside BLAS", .right),
    ])
    let percent = { (part: Double) in (100 * part / self.microseconds).fixed(1) + " %" }
    for row in rows {
      table.append([
        row.layer ?? "", row.work.rawValue, row.microseconds.fixed(1), percent(row.microseconds),
        row.gigaflops?.fixed(1) ?? "", (row.microseconds - row.productMicroseconds).fixed(1),
      ])
    }
    let inProducts = rows.reduce(0) { $0 + $1.productMicroseconds }
    table.appendRule()
    table.append([
      "", "step", microseconds.fixed(1), percent(microseconds), "",
      (microseconds - inProducts).fixed(1),
    ])
    return table.text(width: width)
  }
}
