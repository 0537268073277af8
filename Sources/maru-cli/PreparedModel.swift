import Foundation
import Maru

extension ModelFile {
  private static let preparationName = "preparation"
  private static let picturesName = "pictures"
  private static let arraysName = "arrays"
  private static let lossName = "loss"

  /// A model with what makes samples like those of a data set.
  /// - Parameter loss: what it was trained to minimise; nil for what goes with the task
  init(_ model: Sequential, of dataset: Dataset, loss: LossName? = nil) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = { (value: any Encodable) in
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    var attachments: [String: String] = [:]
    attachments[Self.preparationName] = try dataset.preparation.map(text)
    attachments[Self.picturesName] = try dataset.pictures.map(text)
    attachments[Self.arraysName] = try dataset.arrays.map(text)
    attachments[Self.lossName] = loss?.rawValue
    self.init(model, classNames: dataset.classNames, attachments: attachments)
  }

  /// What is attached under a name, where it goes with the layers; nil where nothing is.
  private func attachment<Value: Decodable>(
    _ name: String, _ fits: (Value) -> Bool
  ) throws -> Value? {
    guard let text = attachments[name] else { return nil }
    guard let found = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)), fits(found)
    else {
      throw Failure.data(
        "the model's file: what it has learned of its \(name) is not that of its layers")
    }
    return found
  }

  /// How picture files become the model's inputs; nil where it was not trained on a folder of them.
  var pictures: PicturePreparation? {
    get throws {
      try attachment(Self.picturesName) {
        $0.isSound && $0.shape.count == model.inputShape.count
      }
    }
  }

  /// How the rows of a table become the model's inputs; nil where it was not trained on a table.
  var preparation: Preparation? {
    get throws {
      try attachment(Self.preparationName) {
        $0.inputs == model.inputShape.count && $0.outputs == model.outputShape.count
      }
    }
  }

  /// How arrays become the model's inputs, also those of one that was trained on pictures or on a table of
  /// pixels; nil where that is not known.
  var arrays: ArrayPreparation? {
    get throws {
      let found: ArrayPreparation? = try attachment(Self.arraysName) {
        $0.label.map { $0.outputs == model.outputShape.count } ?? true
      }
      if let found { return found }
      if let preparation = try preparation {
        let label = preparation.label
        return preparation.isOfBytes
          ? .pixels.predicting(label.task == .regression ? label : nil) : nil
      }
      return try pictures.map { _ in .pixels }
    }
  }

  /// What the model predicts, where it was trained on numbers, or on the classes of a table.
  var label: Preparation.Label? { get throws { try preparation?.label ?? arrays?.label } }

  /// What it was trained to minimise.
  var loss: any Loss {
    get throws {
      if let name = attachments[Self.lossName].flatMap(LossName.init(rawValue:)) {
        return name.loss
      }
      return try label?.task == .regression ? LossName.squared.loss : model.lossOfClasses
    }
  }

  /// The model as other programs take it, which know nothing of the table: its first layer takes the
  /// numbers of the columns as they are, and its last gives numbers in the units of the label.
  ///
  /// Throws a failure where a column is none of numbers, or where the first layer is not dense.
  func forOthers(_ option: String) throws -> ModelFile {
    let (preparation, label) = (try preparation, try label)
    guard preparation != nil || label?.task == .regression else { return self }
    if let column = preparation?.columns.first(where: { $0.width != 1 }) {
      let what =
        column.kind == .category ? "categories" : "missing values, for which it has an input"
      throw Failure.data(
        "\(option): a network for other programs takes numbers, but column '\(column.name)' has \(what)"
      )
    }
    let copy = try Sequential(inputShape: model.inputShape, model.layers)
    var weights = Dictionary(zip(model.allWeightNames, model.allWeights)) { first, _ in first }
    if let preparation {
      let first = model.layers.firstIndex { !($0 is Flatten) }
      guard let first, model.layers[first] is Dense else {
        throw Failure.data(
          "\(option): a network of a table for other programs begins with a dense layer, this one "
            + "with \(model.layers.first.map { "\(type(of: $0))" } ?? "none")")
      }
      Self.scaleInputs("layers.\(first)", preparation, &weights)
    }
    if let label, label.task == .regression, model.layers.last is Dense {
      Self.scaleOutputs("layers.\(model.layers.count - 1)", label, &weights)
    }
    copy.allWeights = model.allWeightNames.compactMap { weights[$0] }
    return ModelFile(copy, classNames: classNames)
  }

  /// W·((x − o)·f) + b as W′·x + b′, in double precision.
  private static func scaleInputs(
    _ layer: String, _ preparation: Preparation, _ weights: inout [String: Tensor]
  ) {
    guard let weight = weights["\(layer).weight"], let bias = weights["\(layer).bias"] else {
      return
    }
    var (scaled, moved) = (weight, bias)
    for unit in 0..<weight.shape[0] {
      var sum = Double(bias[unit])
      for (input, column) in preparation.columns.enumerated() {
        let product = Double(weight[unit, input]) * Double(column.factor)
        scaled[unit, input] = Float(product)
        sum -= product * Double(column.offset)
      }
      moved[unit] = Float(sum)
    }
    (weights["\(layer).weight"], weights["\(layer).bias"]) = (scaled, moved)
  }

  private static func scaleOutputs(
    _ layer: String, _ label: Preparation.Label, _ weights: inout [String: Tensor]
  ) {
    guard var weight = weights["\(layer).weight"], var bias = weights["\(layer).bias"] else {
      return
    }
    for (unit, target) in label.targets.enumerated() {
      for input in 0..<weight.shape[1] { weight[unit, input] *= target.deviation }
      bias[unit] = bias[unit] * target.deviation + target.mean
    }
    (weights["\(layer).weight"], weights["\(layer).bias"]) = (weight, bias)
  }
}
