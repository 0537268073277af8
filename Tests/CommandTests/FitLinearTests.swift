import FileTestSupport
import Foundation
import Maru
import Testing

struct FitLinearTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws { (folder, data) = try Stripes.inNewFolder() }

  private func fit(_ line: String = "", _ more: [String] = []) throws -> ProcessResult {
    try Command.maru(Command.words("fit-linear \(line)") + ["--dataset", data] + more)
  }

  @Test(
    arguments: [
      ("", #"\d+\.\d+"#), ("--ridge 0.5", #"0\.5"#), ("--ridge 1e-9", "1e-09"),
      ("--ridge auto --validation-split 0.5 --threads 1", #"\d+\.\d+"#),
    ])
  func stripesAreToldApart(_ line: String, ridge: String) throws {
    let result = try fit(line)
    expectSuccess(result)
    let pattern = try Regex(
      "ridge: \(ridge) - fitted in " + #"\d+\.\d\d s\ntest accuracy: 1\.0000\n"#)
    #expect(result.output.wholeMatch(of: pattern) != nil, "\(result.output)")
  }

  @Test func ridgeIsChosenByTheLastPartAndFittedToAll() throws {
    // The labels of the last part are others, so that each part has weights of its own.
    let count = Stripes.trainCount
    let kept = count * 3 / 4
    var labels = Stripes.labels(count)
    for index in kept..<count where index % 3 == 0 { labels[index] = (labels[index] + 1) % 4 }
    let changed = try Stripes.write(
      to: folder, changing: [Stripes.names[1]: idx([count], labels)])
    let path = folder["linear.safetensors"]
    let result = try Command.maru(
      ["fit-linear", "--dataset", changed, "--validation-split", "0.25", "--output", path])
    expectSuccess(result)
    let train = try Dataset.load(.directory(changed)).train
    let parts = [0..<kept, kept..<count].map {
      RegressionSums(train.images, labels: train.labels, classes: 4, indices: $0)
    }
    let ridge = try RidgeRegression.best(parts[0], validation: parts[1]).ridge
    let other = try RidgeRegression.best(parts[1], validation: parts[0]).ridge
    #expect(ridge != other)
    let expected = try RidgeRegression(parts[0] + parts[1], ridge: ridge)
    let weights = try ModelFile(contentsOf: path).model.weights[0].elements
    let errors = zip(weights, expected.weight.elements).map { abs(Double($0) - $1) }
    #expect(errors.count == 80 && errors.allSatisfy { $0 <= 1e-6 })
  }

  @Test func modelIsOneThatOtherCommandsTake() throws {
    let path = folder["linear.safetensors"]
    let result = try fit("", ["--output", path])
    expectSuccess(result)
    #expect(result.output.hasSuffix("saved: \(path)\n"))
    let evaluation = try Command.maru(["evaluate", path, "--dataset", data])
    expectSuccess(evaluation)
    #expect(evaluation.output.contains("accuracy: 1.0000 over 20 test images"))
    let prediction = try Command.maru(["predict", path, "--dataset", data])
    expectSuccess(prediction)
    #expect(prediction.output.hasSuffix("accuracy score: 1.0000\n"))
  }

  @Test func pixelsThatDependOnEachOtherNeedARidge() throws {
    // The pixels of the second column are those of the first.
    var pixels = Stripes.pixels(Stripes.trainCount)
    for index in stride(from: 0, to: pixels.count, by: 5) { pixels[index + 1] = pixels[index] }
    let doubled = try Stripes.write(
      to: folder, changing: [Stripes.names[0]: idx([Stripes.trainCount, 4, 5], pixels)])
    let path = folder["linear.safetensors"]
    let result = try Command.maru(
      ["fit-linear", "--ridge", "0", "--dataset", doubled, "--output", path])
    expectFailure(
      result, 65,
      "--ridge 0: some inputs follow from others, so that the weights are not determined; "
        + "give a larger number, or auto")
    #expect(!FileManager.default.fileExists(atPath: path))
    expectSuccess(try Command.maru(["fit-linear", "--dataset", doubled]))
  }

  @Test func splitThatLeavesNothingNamesItsOption() throws {
    let result = try fit("--validation-split 0.001")
    // Of 80 images 79 stay, since the count to fit to is rounded down.
    expectSuccess(result)
    expectFailure(
      try fit("--validation-split 0.999"), 64,
      "--validation-split: leaves 0 of 80 images to fit to and 80 to choose λ by")
  }

  @Test func outputThatCannotBeWrittenIsSaidBeforeTheFit() throws {
    let path = folder["missing/linear.safetensors"]
    let result = try fit("", ["--output", path])
    #expect(result.exitCode == 74 && result.output.isEmpty)
    #expect(result.errors.contains(path))
  }
}
