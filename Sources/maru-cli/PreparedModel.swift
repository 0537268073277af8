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

  /// What other programs, which know nothing of the table, have around the network: so it takes the numbers
  /// of the columns as they are, and gives numbers in the units of the label.
  ///
  /// Throws a failure where a column has no numbers.
  func units(_ option: String) throws -> TableUnits {
    let (columns, label) = (try preparation?.columns ?? [], try label)
    let categories = columns.filter { $0.kind == .category }.map { "'\($0.name)'" }
    guard categories.isEmpty else {
      throw Failure.data(
        "\(option): a network for other programs takes numbers, and these columns have categories: "
          + "\(categories.joined(separator: ", ")); maru predict takes them, --to npz writes the weights "
          + "alone, and a model trained with --ignore does without")
    }
    return TableUnits(
      inputs: columns.map {
        .init(
          name: $0.name, mean: $0.mean, offset: $0.offset, factor: $0.factor,
          hasIndicator: $0.hasIndicator)
      },
      outputs: label?.task == .regression
        ? label?.targets.map { .init(name: $0.name, mean: $0.mean, deviation: $0.deviation) } ?? []
        : [])
  }
}
