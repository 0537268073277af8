import Foundation
import Maru

/// The model that a run begins with, without its weights: what has to be known of it to begin, and to go
/// on after an interruption.
struct InitialModel: Codable {
  private(set) var path: String
  private let architecture: String
  private let classNames: [String]
  private let attachments: [String: String]
  /// The network that is trained, where no layers were asked for.
  private var trained: String?

  /// Reads a model, and gives it with its weights.
  static func read(_ argument: String) throws -> (initial: InitialModel, file: ModelFile) {
    let file = try ModelFile.readToPredict(argument)
    return (try InitialModel(file, at: argument), file)
  }

  private init(_ file: ModelFile, at path: String) throws {
    self.path = path
    architecture = try Architecture.text(of: file.model.layers, on: file.model.inputShape)
    (classNames, attachments) = (file.classNames, file.attachments)
  }

  /// The same with a path that is the same from every folder.
  var withWholePath: InitialModel {
    var whole = self
    whole.path = URL(fileURLWithPath: path).path
    return whole
  }

  /// The model with weights of its own; nil where the checkpoint that tells of it was made by nobody.
  var file: ModelFile? {
    guard let network = Architecture.network(architecture),
      let model = try? Sequential(inputShape: network.inputShape, network.layers)
    else { return nil }
    return ModelFile(model, classNames: classNames, attachments: attachments)
  }

  /// The layers of the network that is trained; nil where layers were asked for.
  var layers: [any Layer]? {
    trained.flatMap { Architecture.network($0)?.layers.map { Self.anew($0, l2: nil) } }
  }

  /// The shape of a sample as that network takes it.
  var inputShape: Shape? { trained.flatMap { Architecture.network($0)?.inputShape } }

  /// A dense layer with initial weights as those of a new network, which files do not tell.
  private static func anew(_ layer: any Layer, l2: Float?) -> any Layer {
    guard let dense = layer as? Dense else { return layer }
    return Dense(dense.units, bias: dense.hasBias, l2: l2 ?? dense.l2)
  }

  /// Settles the network that is trained: that of the model, with a new last layer where it has to tell
  /// other classes apart, or to predict other numbers.
  mutating func complete(
    _ file: ModelFile, for dataset: Dataset, l2: Float?
  ) throws {
    let keepsLast = try file.predictsLike(dataset)
    var layers: [any Layer] = file.model.layers
    if !keepsLast {
      guard let last = layers.lastIndex(where: { $0 is Dense }) else {
        throw Failure.usage("--initial \(path): expected a dense layer, found none to take anew")
      }
      let outputs = Dense(dataset.outputs, l2: (layers[last] as? Dense)?.l2 ?? 0)
      layers = layers[..<last] + [outputs] + (dataset.isOfNumbers ? [] : [Softmax()])
    }
    trained = try Architecture.text(
      of: layers.map { Self.anew($0, l2: l2) }, on: file.model.inputShape)
  }
}

extension ModelFile {
  /// What of the model's data is kept where it is trained further.
  var learnedInputs: LearnedInputs {
    get throws { try LearnedInputs(table: preparation, pictures: pictures, arrays: arrays) }
  }

  /// Whether the outputs stand for what is to be predicted of data: the same classes, or the same numbers
  /// in the same scales.
  func predictsLike(_ dataset: Dataset) throws -> Bool {
    if dataset.isOfNumbers { return try label == dataset.label }
    guard try label?.task != .regression, model.outputShape == [dataset.outputs] else {
      return false
    }
    return classNames.isEmpty || classNames == dataset.classNames
  }

  /// The data with the classes in the model's order, where they are the same.
  func orderedLikeModel(_ dataset: Dataset) -> Dataset {
    guard dataset.preparation == nil, !dataset.isOfNumbers, classNames != dataset.classNames,
      classNames.sorted() == dataset.classNames.sorted()
    else { return dataset }
    return dataset.ordered(by: classNames)
  }

  /// Throws a failure where samples do not go in as those did that the model has learned from.
  func checkInputs(_ dataset: Dataset, _ option: String) throws {
    let shape = dataset.train.images.shape
    guard model.inputShape == shape || model.inputShape.count == shape.count else {
      throw Failure.data(
        "\(option): the model expects samples of shape \(model.inputShape), \(dataset.name) has "
          + "\(shape)")
    }
    guard let arrays = try arrays, try preparation == nil else {
      guard try preparation == nil || dataset.preparation != nil else {
        throw Failure.data(
          "\(dataset.name): the model has learned from the columns of a table, and this is none")
      }
      return
    }
    guard let prepared = dataset.preparation else {
      if dataset.train.images.arePixels { try arrays.checkPixels(dataset.name) }
      return
    }
    let expected: Preparation.Scale = arrays.isOfPixels ? .pixels : .none
    guard prepared.scale == expected else {
      let what = arrays.isOfPixels ? "pixels" : "numbers as they stood"
      throw Failure.data(
        "\(dataset.name): the model has learned from \(what), here numbers are scaled otherwise; "
          + "--scale \(expected.rawValue)")
    }
  }

  /// Gives a network the weights of the model: all, or those before the last dense layer where that is
  /// new.
  ///
  /// Throws a failure where the layers before the last differ.
  func begin(_ network: Sequential, for dataset: Dataset, _ option: String) throws {
    let (own, other) = (model.body, network.body)
    let keepsLast = try predictsLike(dataset)
    let isAlike =
      own.layers == other.layers
      && (!keepsLast || model.weights.map(\.shape) == network.weights.map(\.shape))
    guard isAlike else {
      throw Failure.usage(
        "\(option): expected the layers of the model up to the last, "
          + "'\(LayerList(describing: model.layers).text)', got "
          + "'\(LayerList(describing: network.layers).text)'")
    }
    let count = keepsLast ? model.weights.count : own.weights
    network.weights =
      Array(model.weights.prefix(count)) + Array(network.weights.dropFirst(count))
    network.nonTrainableWeights = model.nonTrainableWeights
  }
}

extension Sequential {
  /// The layers before the last dense one, as far as weights depend on them, and how many parameters they
  /// have.
  fileprivate var body: (layers: [String], weights: Int) {
    let last = layers.lastIndex { $0 is Dense } ?? layers.count
    let count = weightNames.count { name in
      (Int(name.split(separator: ".").dropFirst().first ?? "") ?? 0) < last
    }
    return (layers[..<last].compactMap(Self.kind), count)
  }

  /// What a layer computes; nil for what passes values on.
  private static func kind(_ layer: any Layer) -> String? {
    if layer is Dropout || layer is Flatten { return nil }
    guard let layer = layer as? any StoredLayer else { return "\(type(of: layer))" }
    let settings = layer.settings.filter { $0.key != "l2" }.sorted { $0.key < $1.key }
    return "\(type(of: layer).storedName) \(settings.map { "\($0.key) \(text($0.value))" })"
  }

  private static func text(_ setting: LayerSetting) -> String {
    switch setting {
    case .number(let number): "\(number)"
    case .flag(let flag): "\(flag)"
    case .layers(let layers): "\(layers.compactMap(kind))"
    }
  }
}

extension LayerList {
  /// Layers as text to be told, which may leave settings out.
  init(describing layers: [any Layer], l2: Float = 0) {
    var items: [String] = []
    for layer in layers {
      let name =
        ((layer as? any StoredLayer).map { type(of: $0).storedName } ?? "\(type(of: layer))")
        .replacing("_norm", with: "norm").replacing("_", with: "-")
      switch layer {
      case let dense as Dense: items.append("\(dense.units)")
      case let dropout as Dropout: items.append("\(name):\(dropout.rate)")
      case is any ElementwiseLayer where items.last.map({ Int($0) != nil }) ?? false,
        is Softmax where items.last.map({ Int($0) != nil }) ?? false:
        items[items.count - 1] += ":\(name)"
      default: items.append(name)
      }
    }
    self.init(text: items.joined(separator: ","), l2: l2)
  }
}
