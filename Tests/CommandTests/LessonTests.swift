import FileTestSupport
import Foundation
import Maru
import Testing

/// Where the lesson's data sets are on this machine.
enum LessonData {
  /// The folder that holds MNIST's, or nil.
  static let mnist: String? = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
    return [environment["MARU_DATA"], "\(cache)/maru", "/usr/share/datasets"].compactMap { $0 }
      .first { has("mnist", in: $0) }
  }()

  /// Whether Debian's package of Fashion-MNIST is installed.
  static let hasFashionMNIST = has("fashion-mnist", in: "/usr/share/datasets")

  private static func has(_ name: String, in folder: String) -> Bool {
    ["", ".gz"].contains { suffix in
      access("\(folder)/\(name)/train-images-idx3-ubyte\(suffix)", R_OK) == 0
    }
  }

  /// A folder with MNIST's test images as a plain file.
  static func plainTestImages(_ directory: String, in folder: TemporaryFolder) throws -> String {
    let name = "t10k-images-idx3-ubyte"
    if access("\(directory)/mnist/\(name)", R_OK) == 0 { return "\(directory)/mnist" }
    let archive = try folder.write(
      try Data(contentsOf: URL(fileURLWithPath: "\(directory)/mnist/\(name).gz")),
      to: "plain/\(name).gz")
    let result = try ChildProcess.run(
      "/usr/bin/env", ["gzip", "-d", archive], environment: ProcessInfo.processInfo.environment)
    try #require(result.exitCode == 0)
    return folder["plain"]
  }
}

/// The exercises, with their own settings, reach the lesson's figures.
struct LessonTests {
  private struct Contents: Decodable {
    struct Parameters: Decodable {
      let test_accuracy: Double
      let steps: Int
    }
    let history: [String: [Double]]
    let params: Parameters
  }

  private static func train(
    _ arguments: [String], in folder: TemporaryFolder? = nil
  ) throws -> Contents {
    let folder = try folder ?? TemporaryFolder()
    expectSuccess(
      try Command.maru(
        ["train", "--seed", "1", "--progress", "none", "--output", folder["run"]] + arguments,
        timeout: 300))
    return try JSONDecoder().decode(Contents.self, from: folder.bytes(of: "run/history.json"))
  }

  /// The lesson's figures: the validation loss after each epoch, as its page prints it.
  private static let validationLosses = [
    0.6543, 0.5063, 0.4481, 0.4164, 0.3948, 0.3801, 0.3687, 0.3596, 0.3526, 0.3466, 0.3411, 0.3369,
    0.3329, 0.3294, 0.3261, 0.3237, 0.3209, 0.3185, 0.3165, 0.3144, 0.3124, 0.3110, 0.3093, 0.3078,
    0.3065, 0.3052, 0.3039, 0.3027, 0.3016, 0.3005,
  ]

  @Test(
    .enabled(
      if: LessonData.mnist != nil, "MNIST was not found: maru data fetch mnist, or set MARU_DATA"))
  func softmaxRegressionOnMNISTFollowsTheLesson() throws {
    let run = try Self.train(
      ["--exercise", "softmax", "--data-directory", try #require(LessonData.mnist)])
    let losses = try #require(run.history["val_loss"])
    let accuracies = try #require(run.history["val_accuracy"])
    try #require(losses.count == 30 && accuracies.count == 30)
    #expect(run.params.steps == 750)
    #expect(0.299...0.303 ~= losses[29] && 0.915...0.919 ~= accuracies[29])
    for (epoch, expected) in Self.validationLosses.enumerated().dropFirst() {
      #expect(abs(losses[epoch] - expected) <= 0.01, "epoch \(epoch + 1)")
    }
  }

  /// All images at once, without a rate to choose: in 30 iterations below what 30 epochs reach.
  @Test(
    .enabled(
      if: LessonData.mnist != nil, "MNIST was not found: maru data fetch mnist, or set MARU_DATA"))
  func fullBatchTrainingOnMNISTEndsBelowTheLesson() throws {
    let data = ["--exercise", "softmax", "--data-directory", try #require(LessonData.mnist)]
    let run = try Self.train(data + ["--optimizer", "lbfgs"])
    let loss = try #require(run.history["loss"])
    #expect(loss.count == 30)
    // The loss of an epoch of SGD is a mean over weights that change; this is that of its last.
    let folder = try TemporaryFolder()
    _ = try Self.train(data, in: folder)
    let lesson = try ModelFile(contentsOf: folder["run/model.safetensors"]).model
    lesson.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let train = try Dataset.load(.mnist, dataDirectory: LessonData.mnist).train[0..<48_000]
    #expect(loss[29] < (try lesson.evaluate(train.images, train.labels).loss))
  }

  @Test(
    .enabled(
      if: LessonData.mnist != nil, "MNIST was not found: maru data fetch mnist, or set MARU_DATA"))
  func linearFitOnMNISTIsRightForSeventeenOfTwenty() throws {
    let result = try Command.maru(
      Command.words("fit-linear --dataset mnist --data-directory")
        + [try #require(LessonData.mnist)])
    let line = try #require(result.outputLines.last)
    let match = try #require(line.wholeMatch(of: /test accuracy: (0\.\d{4})/), "\(result)")
    #expect(try #require(Double(match.1)) >= 0.85)
  }

  @Test(
    .enabled(
      if: LessonData.hasFashionMNIST,
      "Fashion-MNIST was not found: apt-get install dataset-fashion-mnist"))
  func perceptronOnFashionMNISTReachesTheLesson() throws {
    let run = try Self.train([
      "--exercise", "mlp", "--data-directory", "/usr/share/datasets",
    ])
    let accuracies = try #require(run.history["accuracy"])
    try #require(accuracies.count == 20)
    #expect(run.params.steps == 1875 && run.history["val_loss"] == nil)
    #expect(0.930...0.938 ~= accuracies[19] && 0.878...0.892 ~= run.params.test_accuracy)
  }

  @Test(
    .enabled(
      if: LessonData.mnist != nil, "MNIST was not found: maru data fetch mnist, or set MARU_DATA"))
  func convolutionsOnMNISTLearnInAnEpoch() throws {
    let run = try Self.train(
      ["--exercise", "cnn", "--epochs", "1", "--data-directory", try #require(LessonData.mnist)])
    #expect(run.params.steps == 469)
    // What takes 30 epochs of softmax regression to 0.917.
    #expect(run.params.test_accuracy > 0.98)
  }

  /// A machine without MNIST: the generated digits take its place, and one line says so.
  @Test(
    .enabled(
      if: access("/usr/share/datasets/mnist", F_OK) != 0, "the system has MNIST where all find it"))
  func digitsTakeThePlaceOfMNIST() throws {
    let folder = try TemporaryFolder()
    let result = try Command.maru(
      Command.words("train --epochs 5 --progress lines --seed 1") + ["--output", folder["run"]])
    #expect(result.exitCode == 0)
    #expect(
      result.errorLines.first
        == "mnist was not found, so the generated digits are used; "
        + "to get it: maru data fetch mnist")
    let run = try JSONDecoder().decode(Contents.self, from: folder.bytes(of: "run/history.json"))
    #expect(run.params.test_accuracy > 0.8)
    #expect(try folder.text(of: "run/history.json").contains("\"dataset\" : \"digits\""))
    #expect(
      try folder.text(of: "run/summary.txt").hasPrefix(
        "digits: 60,000 training and 10,000 test images of 28×28, 10 classes\n"))
  }
}
