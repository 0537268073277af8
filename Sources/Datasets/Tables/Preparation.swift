import Tensors

/// How the rows of a table become what a model takes, and what its outputs stand for: learned from the
/// rows to train on, and stored with the model, so that whatever is scored later goes the same way.
///
/// ```swift
/// let table = try Table(contentsOf: "new.csv", for: preparation)
/// let samples = try preparation.samples(of: table)
/// ```
///
/// Columns are known by their names, so their order does not matter. It holds data only, and is
/// `Codable` for the model's file.
public struct Preparation: Sendable, Hashable, Codable {
  /// What is predicted.
  public enum Task: String, Sendable, Hashable, Codable, CaseIterable {
    /// One of some classes.
    case classification
    /// A number.
    case regression
  }

  /// How numbers are scaled.
  public enum Scale: String, Sendable, Hashable, Codable, CaseIterable {
    /// (x − mean) / standard deviation.
    case standard
    /// (x − least) / (greatest − least).
    case minmax
    /// x / 255.
    case pixels = "255"
    /// Not at all.
    case none
  }

  /// What becomes of missing values.
  public enum Missing: String, Sendable, Hashable, Codable, CaseIterable {
    /// The mean of the column takes their place, and another input tells where.
    case mean
    /// They are refused.
    case refuse
  }

  /// A column that goes into the model.
  public struct Column: Sendable, Hashable, Codable {
    /// Its name.
    public let name: String
    /// A number, a boolean (1 or 0), or a category, which becomes one input for each value.
    public let kind: Table.Column.Kind
    /// What is taken off a number.
    public var offset: Float = 0
    /// What it is multiplied by then.
    public var factor: Float = 1
    /// What stands in the place of a missing number.
    public var mean: Float = 0
    /// Whether another input is 1 where the value is missing.
    public var hasIndicator = false
    /// The categories that have an input each.
    public var categories: [String] = []
    /// Whether another input is 1 for all other categories.
    public var hasOthers = false

    /// How many inputs it has.
    public var width: Int {
      (kind == .category ? categories.count + (hasOthers ? 1 : 0) : 1) + (hasIndicator ? 1 : 0)
    }
  }

  /// What is predicted.
  public struct Label: Sendable, Hashable, Codable {
    /// What its values are.
    public let task: Task
    /// The column of the classes; or those of the numbers, an output each.
    public let targets: [Target]
    /// The names of the classes; an output each.
    public var classes: [String] = []

    /// The names of the columns, with commas between.
    public var name: String { targets.map(\.name).joined(separator: ", ") }

    /// The number of outputs of the model.
    public var outputs: Int { task == .classification ? classes.count : targets.count }

    /// Numbers in the units of their columns for the outputs of a model: [samples, targets], as they are.
    ///
    /// Traps where there are not as many columns as targets.
    public func values(of outputs: Tensor) -> Tensor { mapped(outputs) { $0.value(of: $1) } }

    /// What the outputs of a model should be for numbers in the units of their columns.
    func outputs(for values: Tensor) -> Tensor { mapped(values) { $0.output(for: $1) } }

    private func mapped(_ rows: Tensor, _ change: (Target, Float) -> Float) -> Tensor {
      require(
        rows.shape.rank == 2 && rows.shape[1] == targets.count,
        "Preparation.Label: expected rows of \(targets.count) numbers, got \(rows.shape)")
      return Tensor(shape: rows.shape) { changed in
        rows.withUnsafeBufferPointer { rows in
          for index in rows.indices {
            changed[index] = change(targets[index % targets.count], rows[index])
          }
        }
      }
    }
  }

  /// A column that is predicted, and the scale of its numbers in the rows to train on.
  public struct Target: Sendable, Hashable, Codable {
    /// Its name.
    public let name: String
    /// The mean of the numbers: an output of 0 stands for it.
    public var mean: Float = 0
    /// Their standard deviation: what an output of 1 lies above it.
    public var deviation: Float = 1

    /// A number in the units of the column for an output of the model.
    public func value(of output: Float) -> Float { output * deviation + mean }

    /// What the output of the model should be for a number.
    func output(for value: Float) -> Float { (value - mean) / deviation }

    /// Learns the scale of numbers, at least one.
    init(_ name: String, learnedFrom values: some Collection<Float>) {
      self.name = name
      let count = Double(values.count)
      let mean = values.reduce(0.0) { $0 + Double($1) } / count
      let variance =
        values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
      self.mean = Float(mean)
      deviation = variance > 0 ? Float(variance.squareRoot()) : 1
    }

    /// A column of classes.
    init(_ name: String) { self.name = name }
  }

  /// The file that it was learned from, and which of its rows were held out.
  public struct Source: Sendable, Hashable, Codable {
    /// The file's CRC-32.
    public let checksum: UInt32
    /// Nil where all rows were trained on.
    public let split: TableSplit?
  }

  /// How the file was written.
  public let format: TableOptions
  /// The names of all columns of the file, in its order.
  public let names: [String]
  /// The columns that go into the model, in this order.
  public let columns: [Column]
  /// How their numbers were scaled.
  public let scale: Scale
  /// Whether all are whole numbers from 0 to 255 in training, which stay bytes until they are scaled.
  public let isOfBytes: Bool
  /// What is predicted.
  public let label: Label
  /// What it was learned from.
  public let source: Source

  /// The number of inputs of the model.
  public var inputs: Int { columns.reduce(0) { $0 + $1.width } }

  /// The number of outputs of the model.
  public var outputs: Int { label.outputs }
}
