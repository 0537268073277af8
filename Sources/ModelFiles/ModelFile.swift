import Foundation
import Training

/// A model in one `.safetensors` file: its parameters under their names, such as `layers.0.weight`
/// [outputs, inputs], and its architecture, its class names and what others keep with it as texts under
/// `__metadata__`.
///
/// Not `Sendable`, as the model that it holds is not.
public struct ModelFile {
  /// The model, its parameters set; not compiled.
  public let model: Sequential
  /// The names of the classes that it tells apart; empty where they are not known.
  public let classNames: [String]
  /// What others keep with the model, as texts by name, such as JSON under `preparation`: how the rows of
  /// a table become its inputs.
  public let attachments: [String: String]

  private static let format = "maru"
  private static let ownNames = ["format", "architecture", "class_names"]

  /// Makes a type of layer of your own known by its name, so that files that have it can be read.
  ///
  /// Traps where the name is that of another type.
  public static func register(_ type: any StoredLayer.Type) { LayerTypes.register(type) }

  /// Prepares a model to be written.
  public init(
    _ model: Sequential, classNames: [String] = [], attachments: [String: String] = [:]
  ) {
    require(
      attachments.keys.allSatisfy { !Self.ownNames.contains($0) },
      "ModelFile: expected attachments under other names than \(Self.ownNames), got \(attachments.keys)"
    )
    self.model = model
    self.classNames = classNames
    self.attachments = attachments
  }

  /// Writes the file, by a temporary one beside it, flushed and renamed.
  ///
  /// Throws where a layer is of a type that files do not know, or where the system refuses; what
  /// was at `path` before stays then.
  public func write(to path: String) throws(ModelFileError) {
    try AtomicFile.write(try contents(for: path), to: path)
  }

  /// The contents of the file; errors name `path`.
  public func contents(for path: String) throws(ModelFileError) -> Data {
    if let index = model.layers.firstIndex(where: { StoredRecord($0) == nil }) {
      throw ModelFileError(
        .malformed, path: path, "layer \(index), \(type(of: model.layers[index])), has no file form"
      )
    }
    do {
      var metadata = [
        "format": Self.format,
        "architecture": try Architecture.text(of: model.layers, on: model.inputShape),
        "class_names": try Architecture.text(classNames),
      ]
      metadata.merge(attachments) { own, _ in own }
      return try Safetensors(
        tensors: Array(zip(model.allWeightNames, model.allWeights)), metadata: metadata
      ).encoded()
    } catch {
      throw ModelFileError(.malformed, path: path, "a setting that JSON cannot hold: \(error)")
    }
  }

  /// Reads a file.
  ///
  /// Throws where there is no file, and where its tensors and its architecture are not those of a
  /// model, naming what was expected and what was found.
  public init(contentsOf path: String) throws(ModelFileError) {
    let file = try Safetensors(contentsOf: path)
    func malformed(_ reason: String) -> ModelFileError {
      ModelFileError(.malformed, path: path, reason)
    }
    guard let text = file.metadata["architecture"],
      let architecture = try? JSONDecoder().decode(Architecture.self, from: Data(text.utf8))
    else { throw malformed("no architecture in __metadata__: not a model written by Maru") }
    try Self.check(architecture, against: file, malformed)
    let layers = architecture.layers.compactMap(\.layer)
    do {
      model = try Sequential(inputShape: Shape(architecture.inputShape), layers)
    } catch {
      throw malformed("the layers do not fit together: \(error)")
    }
    let names = file.tensors.map(\.name)
    let expected = model.allWeightNames
    guard names.sorted() == expected.sorted() else {
      throw malformed("expected the tensors \(expected), found \(names)")
    }
    let byName = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) })
    for (name, weight) in zip(expected, model.allWeights) {
      guard byName[name]?.shape == weight.shape else {
        throw malformed(
          "\(name) has shape \(byName[name]?.shape ?? []), expected \(weight.shape)")
      }
    }
    model.allWeights = expected.compactMap { byName[$0] }
    let classes = Data((file.metadata["class_names"] ?? "[]").utf8)
    classNames = (try? JSONDecoder().decode([String].self, from: classes)) ?? []
    attachments = file.metadata.filter { !Self.ownNames.contains($0.key) }
  }

  /// Refuses an architecture that would take more memory than the file's own weights do, before
  /// anything is allocated for it.
  private static func check(
    _ architecture: Architecture, against file: Safetensors,
    _ malformed: (String) -> ModelFileError
  ) throws(ModelFileError) {
    for (index, record) in architecture.layers.enumerated() where record.layer == nil {
      throw malformed("layer \(index), \(record.type), is of no known type or lacks a setting")
    }
    let sizes = architecture.inputShape
    guard sizes.allSatisfy({ $0 > 0 }),
      sizes.reduce(1.0, { $0 * Double($1) }) <= Double(Int32.max)
    else { throw malformed("no input shape: \(sizes)") }
    let planned: PlannedMemory
    do {
      planned = try PlannedMemory(
        architecture.layers.compactMap(\.layer), Shape(sizes), samples: 1)
    } catch {
      throw malformed("the layers do not fit together: \(error)")
    }
    let found = file.tensors.reduce(0) { $0 + $1.tensor.count }
    // A few that are missing cost nothing, and are named later.
    guard planned.parameters <= Double(found) + 65_536 else {
      throw malformed("the layers need at least \(planned.parameters) weights, found \(found)")
    }
  }
}

@available(*, unavailable, message: "It holds a model, which is used by one thread at a time.")
extension ModelFile: Sendable {}
