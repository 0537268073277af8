/// The figures of one epoch.
public struct EpochRecord: Sendable, Equatable {
  /// The number of the epoch, from 1.
  public let epoch: Int
  /// The figures by Keras's names: `loss`, the metrics, then the same with `val_` in front.
  public let values: Figures
  /// How long the epoch took, validation included.
  public let seconds: Double

  /// Creates a record.
  public init(epoch: Int, values: Figures, seconds: Double) {
    self.epoch = epoch
    self.values = values
    self.seconds = seconds
  }

  /// Creates a record from pairs of a name and a value.
  public init(epoch: Int, values: [(name: String, value: Double)], seconds: Double) {
    self.init(epoch: epoch, values: Figures(values), seconds: seconds)
  }

  /// A figure by its name, or nil where there is none.
  public subscript(name: String) -> Double? { values[name] }
}

/// The figures of a training run, epoch by epoch.
public struct History: Sendable, Equatable {
  /// One record an epoch.
  public internal(set) var epochs: [EpochRecord]
  /// Why training ended before its last epoch, or at it: what a callback or ``LBFGS`` said; nil where
  /// none did.
  public internal(set) var stopReason: String?

  /// Creates a history of the given epochs.
  public init(epochs: [EpochRecord] = [], stopReason: String? = nil) {
    self.epochs = epochs
    self.stopReason = stopReason
  }

  /// The names of the figures, in the order in which they are reported.
  public var names: [String] { epochs.first?.values.names ?? [] }

  /// A figure over the epochs by its name, such as `val_accuracy`; empty where there is none.
  public subscript(name: String) -> [Double] { epochs.compactMap { $0[name] } }

  /// The mean training loss of each epoch.
  public var loss: [Double] { self["loss"] }
  /// The training accuracy of each epoch.
  public var accuracy: [Double] { self["accuracy"] }
  /// The validation loss after each epoch.
  public var validationLoss: [Double] { self["val_loss"] }
  /// The validation accuracy after each epoch.
  public var validationAccuracy: [Double] { self["val_accuracy"] }
  /// The duration of each epoch.
  public var seconds: [Double] { epochs.map(\.seconds) }

  /// The history as CSV: a header, then one line per epoch with `epoch`, the figures and `seconds`.
  public var csv: String {
    epochs.reduce(Self.csvHeader(names)) { $0 + Self.csvLine($1) }
  }

  static func csvHeader(_ names: [String]) -> String {
    (["epoch"] + names + ["seconds"]).joined(separator: ",") + "\n"
  }

  static func csvLine(_ record: EpochRecord) -> String {
    let fields = ["\(record.epoch)"] + record.values.map { "\($0.value)" } + ["\(record.seconds)"]
    return fields.joined(separator: ",") + "\n"
  }
}
