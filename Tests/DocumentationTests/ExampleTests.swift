import FileTestSupport
import Foundation
import Maru
import TestSupport
import Testing

/// The code of the articles does what they say.
@Suite("Examples of the articles") struct ExampleTests {
  private static let digits = GeneratedDigits.dataset().train[0..<2_000]

  @Test func gettingStartedTrainsADigitReader() throws {
    let (history, test, answer) = try gettingStarted()
    #expect(history.epochs.count == 3 && history.validationAccuracy.count == 3)
    #expect(test["accuracy"] ?? 0 > 0.9)
    #expect(answer.count == 1)
  }

  @Test func trainingFollowsItsSettings() throws {
    let model = try regularised()
    compile(model)
    let history = try fit(model, Self.digits)
    #expect(
      history.names == [
        "loss", "accuracy", "top_3_accuracy", "val_loss", "val_accuracy", "val_top_3_accuracy",
      ])
    #expect(history.loss.last ?? .nan < history.loss[0])
    #expect(abs(try regression().elements[0] - 1.8) < 0.01)
    let own = try Sequential(inputShape: [1], [Dense(1)], seed: 1)
    compileWithOwn(own)
    let x = Tensor((0..<100).map { Float($0) / 100 }, shape: [100, 1])
    let figures = try own.fit(x, .values(x * 2), epochs: 60, validation: .last(0.2))
    #expect(figures.names.prefix(3) == ["loss", "max_error", "r2"])
    #expect(figures["val_max_error"].last ?? .nan < figures["val_max_error"][0])
    let weight = Matrix<Float>(try orthogonal().weights[0])
    // [64, 64]ᵀ · [64, 64]
    let product = weight.multiplied(by: weight, transposingSelf: true)
    #expect(
      zip(product.elements, Matrix<Float>.identity(64).elements).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func orthogonalLayersKeepTheLengthOfInputs() throws {
    var generator = RandomGenerator(seed: 603)
    let widths = [16, 64, 64, 100, 100]
    let layers = zip(widths, widths.dropFirst()).map { inputs, units in
      let weight = Tensor.orthogonal(units: units, inputs: inputs, using: &generator)
      return Dense(weight: weight, bias: Tensor(zeros: [units]))
    }
    let model = try Sequential(inputShape: [16], layers)
    let inputs = Tensor((0..<20 * 16).map { _ in generator.uniform(-1, 1) }, shape: [20, 16])
    let outputs = try model.predict(inputs)
    let (before, after) = (try rowLengths(inputs), try rowLengths(outputs))
    // Each layer rounds sums of as many terms as it has inputs.
    let bound = Float(widths.reduce(0, +)) * .ulpOfOne
    for (before, after) in zip(before, after) {
      #expect(abs(after / before - 1) <= bound, "seed 603")
    }
  }

  private func rowLengths(_ tensor: Tensor) throws -> [Float] {
    try (0..<tensor.shape[0]).map { try norm(Matrix<Float>(tensor[rows: $0..<$0 + 1])) }
  }

  @Test func dataComeFromAnywhere() throws {
    let folder = try TemporaryFolder()
    let rows = (0..<50).map { "\($0 % 7),\($0 % 5),\($0 % 2 == 0 ? "rose" : "tulip")\n" }
    let table = try folder.write(Data(("length,width,label\n" + rows.joined()).utf8), to: "f.csv")
    #expect(try fromFiles(table).count == 40)
    #expect(
      try fromArrays().predict(Tensor([1, 0, 1, 1], shape: [2, 2])).argmaxOfRows() == [1, 0])
    let spirals = Spirals()
    let model = try Sequential(
      inputShape: [2], [Dense(16), Tanh(), Dense(2), Softmax()], seed: 1)
    model.compile(optimizer: .adam(learningRate: 0.02), loss: .softmaxCrossEntropy)
    try model.fit(spirals, spirals.labels, epochs: 20)
    #expect(try model.evaluate(spirals, spirals.labels)["accuracy"] ?? 0 > 0.9)
  }

  @Test func savingAndLoadingGoRound() throws {
    let folder = try TemporaryFolder()
    let model = try regularised()
    compile(model)
    let history = try model.fit(
      Self.digits.images, Self.digits.labels, epochs: 2, validation: .last(0.2))
    let path = folder["model.safetensors"]
    #expect(handleErrors(path) == "no model yet")
    try save(model, classNames: (0..<10).map { "\($0)" }, to: path)
    #expect(try load(path, Self.digits.images).count == 1)
    #expect(handleErrors(path) == model.summary())
    try continueTraining(path, Self.digits)
    for epochs in [1, 2] {
      // The second call goes on where the first one ended.
      let model = try regularised()
      compile(model)
      let history = try trainWithCheckpoints(
        model, Self.digits, epochs: epochs, path: folder["checkpoint.maru"])
      #expect(history.epochs.count == epochs)
    }
    try saveHistory(history, to: folder["history.json"])
    try folder.write(Data("{}".utf8), to: "damaged.safetensors")
    #expect(handleErrors(folder["damaged.safetensors"]).hasPrefix(folder.path))
  }

  @Test func anImageFileIsRead() throws {
    let folder = try TemporaryFolder()
    let names = (0..<10).map { "\($0)" }
    let model = try regularised()
    try ModelFile(model, classNames: names).write(to: folder["model.safetensors"])
    for index in 0..<5 {
      let image = Self.digits.images[index..<index + 1]
      let inverted = PNG(image.pixels.map { 255 - $0 }, width: 28)
      let path = try folder.write(inverted.bytes, to: "digit.png")
      let expected = names[try model.predict(image).argmax()]
      #expect(try readImage(path, model: folder["model.safetensors"]) == expected)
    }
  }

  @Test func callbacksEndTrainingAndSaveTheBest() throws {
    let folder = try TemporaryFolder()
    let model = try modelWithOwnLayer()
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    // PReLU is none of the layers that files know; the article on layers says so.
    #expect(throws: ModelFileError.self) {
      try trainWithOwnCallbacks(model, Self.digits, path: folder["no"], limit: .seconds(60))
    }
    let known = try regularised()
    compile(known)
    let history = try trainWithOwnCallbacks(
      known, Self.digits, path: folder["best.safetensors"], limit: .zero)
    #expect(history.stopReason == "the time is over in epoch 1")
    #expect(try ModelFile(contentsOf: folder["best.safetensors"]).model.layers.count == 6)
  }

  @Test func aServersClassifierAnswersManyAtOnce() async throws {
    let folder = try TemporaryFolder()
    let model = try Sequential(inputShape: [4], [Dense(3), Softmax()], seed: 2)
    let names = ["a", "b", "c"]
    try ModelFile(model, classNames: names).write(to: folder["m.safetensors"])
    let classifier = try Classifier(contentsOf: folder["m.safetensors"])
    let batch = makeBatch((0..<9).map { row in (0..<4).map { Float((row * 7 + $0 * 3) % 5) } })
    let expected = try model.predict(batch).argmaxOfRows().map { names[$0] }
    #expect(try classifier.classes(of: batch) == expected)
    try await withThrowingTaskGroup { group in
      for _ in 0..<20 { group.addTask { try await classifier.classes(ofMany: batch) } }
      for try await classes in group { #expect(classes == expected) }
    }
    await #expect(throws: ModelError.self) {
      try await classifier.classes(ofMany: Tensor(zeros: [1, 5]))
    }
  }

  @Test func aTaskTrainsEpochByEpoch() async throws {
    let model = try regularised()
    compile(model)
    let losses = try await trainInATask(model, Self.digits.images, Self.digits.labels)
    #expect(losses.count == 3 && losses[2] < losses[0])
  }
}
