import Training

/// The numbers of a table around a network, in files for other programs: these give it the columns as they
/// are, NaN where a value is missing, and get numbers in the units of what is predicted.
public struct TableUnits: Sendable {
  /// A column of numbers, and what becomes of them before the network: (x − offset) · factor, of the mean
  /// where x is missing.
  public struct Input: Sendable {
    /// The name of the column.
    public let name: String
    /// What stands in the place of a missing number.
    public let mean: Float
    /// What is taken off a number.
    public let offset: Float
    /// What it is multiplied by then.
    public let factor: Float
    /// Whether the network's next input is 1 where the number is missing, else 0.
    public let hasIndicator: Bool

    /// Creates a column.
    public init(name: String, mean: Float, offset: Float, factor: Float, hasIndicator: Bool) {
      (self.name, self.mean, self.offset) = (name, mean, offset)
      (self.factor, self.hasIndicator) = (factor, hasIndicator)
    }
  }

  /// A column that is predicted: y · deviation + mean, of the network's output y.
  public struct Output: Sendable {
    /// The name of the column.
    public let name: String
    /// What an output of 0 stands for.
    public let mean: Float
    /// What an output of 1 lies above that.
    public let deviation: Float

    /// Creates a column.
    public init(name: String, mean: Float, deviation: Float) {
      (self.name, self.mean, self.deviation) = (name, mean, deviation)
    }
  }

  /// The columns that go in, in this order; none where the network takes its inputs as they are.
  public let inputs: [Input]
  /// The columns that are predicted, an output each; none where the network's outputs stay as they are.
  public let outputs: [Output]

  /// Creates units; none, unless some are given.
  public init(inputs: [Input] = [], outputs: [Output] = []) {
    (self.inputs, self.outputs) = (inputs, outputs)
  }

  /// How numbers go in, for people.
  package static let inputsDescription =
    "Numbers as they are: NaN where missing, 50 for 50 %, 1 for true and yes, 0 for false and no."

  /// Throws where a model has other inputs or outputs.
  package func check(_ model: Sequential, path: String) throws(ModelFileError) {
    let count = inputs.reduce(0) { $0 + ($1.hasIndicator ? 2 : 1) }
    for (side, count, shape) in [
      ("inputs", inputs.isEmpty ? nil : count, model.inputShape),
      ("outputs", outputs.isEmpty ? nil : outputs.count, model.outputShape),
    ] {
      guard let count, shape != [count] else { continue }
      throw ModelFileError(
        .malformed, path: path, "columns for \(count) \(side), but the network has \(shape)")
    }
  }
}
