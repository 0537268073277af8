import Datasets
import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

/// What an earlier version wrote, by Goldens/Earlier/make_earlier_version.sh, stays readable.
struct EarlierVersionTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens/Earlier").path

  private static func file(_ name: String) -> String { folder + "/" + name }

  @Test func theModelIsRead() throws {
    let file = try ModelFile(contentsOf: Self.file("model.safetensors"))
    #expect(file.classNames == ["0", "1", "2"])
    #expect(
      file.model.layers.map { "\(type(of: $0))" }
        == ["Dense", "LeakyReLU", "Dropout", "Dense", "GELU", "Dense", "Softmax"])
    #expect((file.model.layers[1] as? LeakyReLU)?.slope == 0.3)
    #expect((file.model.layers[0] as? Dense)?.l2 == 0.001)
    let data = try Self.data()
    file.model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    let test = try file.model.evaluate(data.test.images, data.test.labels)
    // As the command printed then: test loss: 1.0790 - test accuracy: 0.4375
    #expect(abs(test.loss - 1.0790) < 5e-5 && test["accuracy"] == 0.4375)
  }

  @Test func theHistoryIsRead() throws {
    let history = try HistoryFile.read(Self.file("history.json")).history
    #expect(history.epochs.count == 40)
    #expect(history.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
  }

  /// It was written after two steps of the first epoch; the rest is as if nothing had happened.
  @Test func theCheckpointIsGoneOnFrom() throws {
    let checkpoint = try Checkpoint(contentsOf: Self.file("checkpoint.maru"))
    #expect(checkpoint.state.epoch == 1 && checkpoint.state.step == 2)
    let model = try Sequential(
      inputShape: [4],
      [
        Dense(6, l2: 0.001), LeakyReLU(), Dropout(0.25), Dense(5, l2: 0.001), GELU(),
        Dense(3, l2: 0.001), Softmax(),
      ], seed: 3)
    model.threads = 1
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    let data = try Self.data()
    let history = try model.fit(
      data.train.images, data.train.labels, epochs: 40, batchSize: 16, validation: .last(0.25),
      resuming: checkpoint.state)
    let whole = try ModelFile(contentsOf: Self.file("model.safetensors")).model
    let differences = zip(model.weights, whole.weights).flatMap { weights in
      zip(weights.0.elements, weights.1.elements).map { abs($0 - $1) }
    }
    // Some roundings at each of 120 steps.
    #expect(differences.allSatisfy { $0 < 1e-5 }, "\(differences.max() ?? 0)")
    // It has sums of what metrics note now.
    let earlier = try HistoryFile.read(Self.file("history.json")).history
    #expect(abs(history.accuracy[0] - earlier.accuracy[0]) < 1e-12)
  }

  /// As that version read a table: the values as they stand, and every fifth row to test with.
  private static func data() throws -> Dataset {
    let table = try Table(contentsOf: file("earlier.csv"))
    let rows = (0..<table.rowCount).map { row in
      table.columns.map { table.text(row, of: $0).flatMap(Float.init) ?? .nan }
    }
    func part(_ isOfTest: Bool) -> LabelledImages {
      let part = rows.indices.filter { ($0 + 1).isMultiple(of: 5) == isOfTest }.map { rows[$0] }
      return LabelledImages(
        images: Images(values: Tensor(part.flatMap { $0[..<4] }, shape: [part.count, 4])),
        labels: part.map { Int($0[4]) })
    }
    return Dataset(
      name: "earlier", classNames: ["0", "1", "2"], train: part(false), test: part(true))
  }
}
