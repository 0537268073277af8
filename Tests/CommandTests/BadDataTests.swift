import FileTestSupport
import Foundation
import Maru
import Testing

/// A data set with one bad file, and what is said of it after the file's path.
struct BadFile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let name: String
  let bytes: [UInt8]
  let exitCode: Int32
  let problem: String

  init(_ description: String, _ file: Int, _ bytes: [UInt8], _ problem: String, code: Int32 = 65) {
    testDescription = description
    name = Stripes.names[file]
    self.bytes = bytes
    exitCode = code
    self.problem = problem
  }
}

struct BadDataTests {
  private static let images = idx([20, 4, 5], Stripes.pixels(20))
  private static let badFiles: [BadFile] = [
    .init(
      "cut", 2, images.dropLast(),
      "expected 400 bytes for [20, 4, 5] elements of type uint8, found 399"),
    .init(
      "cut in the header", 3, [0, 0, 8, 1, 0],
      "expected an IDX header of 8 bytes for 1 axes, found 5"),
    .init(
      "wrong magic number", 2, [1] + images.dropFirst(),
      "expected an IDX file, which begins with 00 00, found 01 00"),
    .init(
      "a web page", 2, Array("<!DOCTYPE html>".utf8),
      "expected an IDX file, which begins with 00 00, found 3C 21"),
    .init(
      "fewer labels than images", 3, idx([19], Stripes.labels(19)),
      "expected 20 labels, one per image, found 19"),
    .init(
      "more labels than images", 1, idx([81], Stripes.labels(81)),
      "expected 80 labels, one per image, found 81"),
    .init(
      "no images", 0, idx([0, 4, 5], []),
      "expected images: three axes of type uint8, found none, [0, 4, 5]"),
    .init(
      "no labels", 1, idx([0], []), "expected labels, found none, [0]"),
    .init(
      "images without pixels", 0, idx([80, 0, 5], []),
      "expected images: three axes of type uint8, found none, [80, 0, 5]"),
    .init(
      "labels for images", 0, idx([80], Stripes.labels(80)),
      "expected images: three axes of type uint8, found [80] elements of type uint8"),
    .init(
      "images of two sizes", 2, idx([20, 5, 4], Stripes.pixels(20)),
      "expected images of [4, 5], as those to train with, found [5, 4]"),
  ]

  @Test(arguments: badFiles)
  func badFileIsNamed(_ file: BadFile) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder, changing: [file.name: Array(file.bytes)])
    let result = try Command.maru([
      "train", "--dataset", data, "--layers", "4:softmax", "--output", folder["run"],
    ])
    expectFailure(result, file.exitCode, "\(data)/\(file.name): \(file.problem)")
    #expect(!folder.contents.contains("run"))
  }

  @Test func missingFileIsNamed() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder, changing: [Stripes.names[1]: []])
    let result = try Command.maru(["train", "--dataset", data, "--output", folder["run"]])
    expectFailure(
      result, 66,
      "\(data): expected the four IDX files, found \(data) (lacks train-labels-idx1-ubyte)")
    #expect(!folder.contents.contains("run"))
  }

  @Test(arguments: ["evaluate", "predict", "data show", "train"])
  func unknownDataSetIsNamed(_ command: String) throws {
    let run = try StripesRun()
    let model = ["evaluate", "predict"].contains(command) ? [run.path] : []
    let option = command == "data show" ? [] : ["--dataset"]
    let result = try Command.maru(Command.words(command) + model + option + ["no-such-data"])
    expectFailure(
      result, 66,
      "no-such-data: expected mnist, fashion-mnist, digits, a folder with the four IDX files, with .npy files or with pictures in a folder for each class, "
        + "a .npz file or a table in a text file, found no such file or folder")
  }

  @Test func emptyNameIsQuoted() throws {
    expectFailure(
      try Command.maru(["train", "--dataset", ""]), 66,
      "'': expected mnist, fashion-mnist, digits, a folder with the four IDX files, with .npy files or with pictures in a folder for each class, "
        + "a .npz file or a table in a text file, found no such file or folder")
    expectFailure(
      try Command.maru(["summary", ""]), 66, "'': cannot read: No such file or directory")
  }

  @Test func fileForADataSetIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "file")
    expectFailure(
      try Command.maru(["train", "--dataset", path]), 65,
      "\(path): expected mnist, fashion-mnist, digits, a folder with the four IDX files, with .npy files or with pictures in a folder for each class, "
        + "a .npz file or a table in a text file, "
        + "found a file")
  }

  /// A data set known by name has ten classes, whatever its labels.
  @Test func labelOutOfRangeIsNamed() throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](repeating: 0, count: 784)
    for (name, count) in zip(Stripes.names, [1, 1, 1, 1]) {
      let isImages = name.contains("idx3")
      try folder.write(
        isImages ? idx([count, 28, 28], bytes) : idx([count], [name.hasPrefix("t10k") ? 10 : 9]),
        to: "mnist/\(name)")
    }
    let result = try Command.maru([
      "train", "--data-directory", folder.path, "--output", folder["run"],
    ])
    expectFailure(
      result, 65,
      "\(folder.path)/mnist/t10k-labels-idx1-ubyte: expected labels in 0..<10, "
        + "found 10 at index 0")
    #expect(!folder.contents.contains("run"))
  }

  @Test func archiveOfMoreThanItsHeaderTellsIsRefused() throws {
    let folder = try TemporaryFolder()
    let name = Stripes.names[2]
    let data = try Stripes.write(
      to: folder, changing: [name: Self.images + [UInt8](repeating: 0, count: 1_000_000)])
    try gzip(["\(data)/\(name)"])
    let result = try Command.maru(["train", "--dataset", data, "--output", folder["run"]])
    expectFailure(
      result, 65,
      "\(data)/\(name).gz: expected an archive of at most 416 bytes once inflated, found more")
  }

  @Test func damagedArchiveIsRefused() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    try gzip(["\(data)/\(Stripes.names[0])"])
    let path = "\(data)/\(Stripes.names[0]).gz"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try whole.dropLast(20).write(to: URL(fileURLWithPath: path))
    expectFailure(
      try Command.maru(["data", "show", data]), 65,
      "\(path): expected a whole gzip archive, found damaged, cut off or foreign data "
        + "in the member at byte 0")
  }

  @Test func dataSetThatWasNamedIsNotReplaced() throws {
    let folder = try TemporaryFolder()
    for line in [["--dataset", "mnist"], ["--data-directory", folder.path]] {
      let result = try Command.maru(
        ["train", "--output", folder["run"]] + line, environment: ["MARU_DATA": folder.path])
      #expect(result.exitCode == 66 && result.output == "")
      #expect(result.errorLines.count == 1)
      #expect(result.errors.hasPrefix("maru: error: mnist: found in none of \(folder.path)/mnist "))
      #expect(result.errors.hasSuffix("; get it by `maru data fetch mnist`\n"))
    }
    #expect(folder.contents == [])
  }
}

/// Files that are no model, or none for the data.
struct BadModelTests {
  private static let foreign: [(String, [UInt8], String)] = [
    ("empty", [], "not a valid safetensors file: 0 bytes, expected at least 8"),
    (
      "page.html", Array("<!DOCTYPE html><title>404</title>".utf8),
      "not a valid safetensors file: a header of 5789751444030890300 bytes in a file of 33"
    ),
    (
      "garbage", (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 151 + 7) },
      "not a valid safetensors file: a header of 2923392939674934791 bytes in a file of 1000"
    ),
    (
      "other.safetensors",
      [27, 0, 0, 0, 0, 0, 0, 0] + Array(#"{"__metadata__":{"a":"bc"}}"#.utf8),
      "no architecture in __metadata__: not a model written by Maru"
    ),
  ]

  @Test(arguments: ["summary", "evaluate", "predict"])
  func fileThatIsNoModelIsRefused(_ command: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let more = command == "summary" ? [] : ["--dataset", data]
    for (name, bytes, problem) in Self.foreign {
      let path = try folder.write(bytes, to: name)
      expectFailure(try Command.maru([command, path] + more), 65, "\(path): \(problem)")
    }
    expectFailure(
      try Command.maru([command, folder["none"]] + more), 66,
      "\(folder["none"]): cannot read: No such file or directory")
    // A folder stands for the run that it holds.
    expectFailure(
      try Command.maru([command, data] + more), 66,
      "\(data)/model.safetensors: cannot read: No such file or directory")
  }

  @Test func cutModelIsRefused() throws {
    let run = try StripesRun()
    let model = try run.folder.bytes(of: "run/model.safetensors")
    let path = try run.folder.write(model.dropLast(4), to: "cut")
    expectFailure(
      try Command.maru(["evaluate", path, "--dataset", run.data]), 65,
      "\(path): not a valid safetensors file: "
        + "layers.0.bias of shape [4] lies at 320..<336 of 332 bytes")
  }

  @Test(arguments: ["evaluate", "predict"])
  func modelThatDoesNotFitTheDataIsRefused(_ command: String) throws {
    let run = try StripesRun()
    let other = try TemporaryFolder()
    let wide = try Stripes.write(
      to: other,
      changing: [
        Stripes.names[0]: idx([80, 2, 5], Array(Stripes.pixels(40))),
        Stripes.names[2]: idx([20, 2, 5], Array(Stripes.pixels(10))),
      ])
    expectFailure(
      try Command.maru([command, run.path, "--dataset", wide]), 65,
      "\(run.path): the model expects samples of shape [20], \(wide) has [2, 5]")
    let many = try Stripes.write(
      to: other,
      changing: [
        Stripes.names[1]: idx([80], [UInt8](repeating: 5, count: 80)),
        Stripes.names[3]: idx([20], [UInt8](repeating: 5, count: 20)),
      ])
    let unknown = try Command.maru([command, run.path, "--dataset", many])
    if command == "predict" {
      #expect(
        unknown.errorLines == [
          "\(many): the model does not know the classes 5; their samples are predicted, their labels "
            + "ignored"
        ])
      #expect(unknown.exitCode == 0)
    } else {
      expectFailure(
        unknown, 65, "\(run.path): the model tells 0, 1, 2, 3 apart, \(many) also has 5")
    }
  }

  /// As a run that diverged once left them.
  @Test(arguments: [Float.nan, .infinity])
  func modelWhoseWeightsAreNotFiniteIsRefused(_ value: Float) throws {
    let run = try StripesRun()
    let path = run.folder["bad.safetensors"]
    let file = try ModelFile(contentsOf: run.path + "/model.safetensors")
    file.model.weights = file.model.weights.map { weight in
      Tensor(shape: weight.shape) { $0.update(repeating: value) }
    }
    try file.write(to: path)
    let output = run.folder["out"]
    for line in [
      ["evaluate", path, "--dataset", run.data], ["predict", path, "--dataset", run.data],
      ["export", path, "--to", "onnx", "--output", output],
      ["export", path, "--to", "pytorch", "--output", output],
    ] {
      expectFailure(
        try Command.maru(line), 65,
        "\(path): the model's weights are not finite, as training that diverges leaves them; "
          + "train it anew with a lower --learning-rate")
    }
    expectSuccess(try Command.maru(["summary", path]))
  }

  @Test func predictionsDoNotReplaceTheirModel() throws {
    let run = try StripesRun()
    let output = run.path + "/../run/model.safetensors"
    let path = run.path + "/model.safetensors"
    for output in [path, output] {
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      let result = try Command.maru([
        "predict", run.path, "--dataset", "digits", "--output", output,
      ])
      expectFailure(
        result, 64, "--output \(output): expected another file than the model itself")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }
  }

  @Test func modelOfOtherClassesIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/model.safetensors"
    let model = try Sequential(inputShape: [784], [Dense(10), Softmax()])
    try ModelFile(model, classNames: (0..<10).map { "letter \($0)" }).write(to: path)
    let result = try Command.maru(["evaluate", path, "--dataset", "digits"])
    #expect(result.exitCode == 65)
    #expect(
      result.errors.hasPrefix("maru: error: \(path): the model tells letter 0, letter 1, "),
      "\(result.errors)")
  }
}
