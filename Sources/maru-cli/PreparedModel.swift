import Foundation
import Maru

extension ModelFile {
  private static let preparationName = "preparation"
  private static let picturesName = "pictures"

  /// A model with what makes samples like those of a data set.
  init(_ model: Sequential, of dataset: Dataset) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = { (value: any Encodable) in
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    var attachments: [String: String] = [:]
    attachments[Self.preparationName] = try dataset.preparation.map(text)
    attachments[Self.picturesName] = try dataset.pictures.map(text)
    self.init(model, classNames: dataset.classNames, attachments: attachments)
  }

  /// How picture files become the model's inputs; nil where it was not trained on a folder of them.
  var pictures: PicturePreparation? {
    get throws {
      guard let text = attachments[Self.picturesName] else { return nil }
      guard let found = try? JSONDecoder().decode(PicturePreparation.self, from: Data(text.utf8)),
        found.isSound, found.shape.count == model.inputShape.count
      else {
        throw Failure.data(
          "the model's file: the pictures that it has learned from are not its inputs")
      }
      return found
    }
  }

  /// How the rows of a table become the model's inputs; nil where it was not trained on a table.
  var preparation: Preparation? {
    get throws {
      guard let text = attachments[Self.preparationName] else { return nil }
      guard let found = try? JSONDecoder().decode(Preparation.self, from: Data(text.utf8)),
        found.inputs == model.inputShape.count, found.outputs == model.outputShape.count
      else {
        throw Failure.data(
          "the model's file: what it has learned of its table is not that of its layers")
      }
      return found
    }
  }

  /// The model as other programs take it, which know nothing of the table: its first layer takes the
  /// numbers of the columns as they are, and its last gives numbers in the units of the label.
  ///
  /// Throws a failure where a column is none of numbers, or where the first layer is not dense.
  func forOthers(_ option: String) throws -> ModelFile {
    guard let preparation = try preparation else { return self }
    if let column = preparation.columns.first(where: { $0.width != 1 }) {
      let what =
        column.kind == .category ? "categories" : "missing values, for which it has an input"
      throw Failure.data(
        "\(option): a network for other programs takes numbers, but column '\(column.name)' has \(what)"
      )
    }
    let dense = model.layers.indices.filter { model.layers[$0] is Dense }
    guard let first = dense.first, let last = dense.last,
      model.layers[..<first].allSatisfy({ $0 is Flatten })
    else {
      throw Failure.data(
        "\(option): a network of a table for other programs begins with a dense layer, this one with "
          + "\(model.layers.first.map { "\(type(of: $0))" } ?? "none")")
    }
    let copy = try Sequential(inputShape: model.inputShape, model.layers)
    var weights = Dictionary(zip(model.allWeightNames, model.allWeights)) { first, _ in first }
    Self.scaleInputs("layers.\(first)", preparation, &weights)
    if preparation.label.task == .regression && last == model.layers.count - 1 {
      Self.scaleOutputs("layers.\(last)", preparation.label, &weights)
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
    for unit in 0..<weight.shape[0] {
      for input in 0..<weight.shape[1] { weight[unit, input] *= label.deviation }
      bias[unit] = bias[unit] * label.deviation + label.mean
    }
    (weights["\(layer).weight"], weights["\(layer).bias"]) = (weight, bias)
  }
}
