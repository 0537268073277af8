import Layers
import Text

/// Where the time of training steps goes: by layer and by kind of work.
///
/// Hand one to `fit`, and it holds the times when training has ended. They are of the steps alone;
/// validation and callbacks at the end of an epoch are not in them. Reading the clock some ten
/// times per step makes a step about a microsecond longer. Not `Sendable`: it belongs to one
/// training.
public final class StepProfile {
  /// A kind of work.
  public enum Work: String, Sendable {
    /// Fetching the next batch and scaling its pixels.
    case gather
    /// `Y = X·Wᵀ + b`, or another layer's forward pass.
    case forward
    /// `dX = dY·W`, or another layer's gradient of its input.
    case dataGradient = "data gradient"
    /// `dW = dYᵀ·X` and `db`, or another layer's gradients of parameters.
    case weightGradient = "weight gradient"
    /// `W ← W − η·dYᵀ·X` in one product: plain gradient descent.
    case descent = "gradient and update"
    /// Values from rows to lanes or back, between layers of different layouts.
    case layout
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
    /// Microseconds per step, the mean over the threads.
    public let microseconds: Double
    /// Those of them that were spent in products of matrices and in convolutions.
    public let productMicroseconds: Double
    /// The operations of all threads over their mean time in products, in 10⁹ per second, or nil where
    /// there was none.
    public let gigaflops: Double?
  }

  /// The rows, in the order of a step.
  public private(set) var rows: [Row] = []
  /// The number of steps measured.
  public private(set) var steps = 0

  /// An empty profile.
  public init() {}

  /// Microseconds per step.
  public var microseconds: Double { rows.reduce(0) { $0 + $1.microseconds } }

  /// Takes over what threads measured.
  /// - Parameters:
  ///   - runners: one per thread
  ///   - layerNames: the names of the model's layers
  ///   - steps: the number of steps measured
  func record(_ runners: [StepRunner], layerNames: [String], steps: Int) {
    self.steps = steps
    rows = []
    let clocks = runners.compactMap(\.clock)
    guard steps > 0, let plan = runners.first?.plan else { return }
    typealias Kind = (layer: Int?, work: Work)
    var kinds: [Kind] = []
    var times: [[StageClock.Time]] = []
    func add(_ kind: Kind, _ time: (StageClock) -> StageClock.Time) {
      if let index = kinds.firstIndex(where: { $0 == kind }) {
        times[index] += clocks.map(time)
      } else {
        kinds.append(kind)
        times.append(clocks.map(time))
      }
    }
    add((nil, .gather)) { $0.gather }
    let descending = Set(plan.instructions.filter(\.descends).map(\.node))
    for (place, instruction) in plan.instructions.enumerated() {
      var kind = plan.kind(of: instruction)
      if kind.work == .weightGradient && descending.contains(instruction.node) {
        kind.work = .descent
      }
      add(kind) { $0[place] }
    }
    add((nil, .update)) { $0.update }
    add((nil, .waiting)) { $0.waiting }
    rows = zip(kinds, times).compactMap { kind, times in
      row(kind.layer.map { layerNames[$0] }, kind.work, times, clocks.count)
    }
  }

  private func row(
    _ layer: String?, _ work: Work, _ times: [StageClock.Time], _ threads: Int
  ) -> Row? {
    let microseconds = { (nanoseconds: UInt64) in
      Double(nanoseconds) / Double(threads) / Double(self.steps) / 1e3
    }
    let total = microseconds(times.reduce(0) { $0 + $1.nanoseconds })
    let inProducts = microseconds(times.reduce(0) { $0 + $1.productNanoseconds })
    let operations = Double(times.reduce(0) { $0 + $1.operations }) / Double(steps)
    if total == 0 { return nil }
    return Row(
      layer: layer, work: work, microseconds: total, productMicroseconds: inProducts,
      gigaflops: operations > 0 ? operations / inProducts / 1e3 : nil)
  }
}

extension StepPlan {
  /// What a phase counts as in a profile.
  func kind(of instruction: Instruction) -> (layer: Int?, work: StepProfile.Work) {
    let node = nodes[instruction.node]
    return switch instruction.work {
    case .forward where node.isConversion, .dataGradient where node.isConversion:
      (node.layer, .layout)
    case .gather: (nil, .gather)
    case .loss: (nil, .loss)
    case .update: (nil, .update)
    case .forward: (node.layer, .forward)
    case .weightGradient: (node.layer, .weightGradient)
    case .dataGradient: (node.layer, .dataGradient)
    }
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
      ("Layer", .left), ("Work", .left), ("µs per step", .right), ("Share", .right),
      ("GFLOP/s", .right), ("µs outside products", .right),
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
