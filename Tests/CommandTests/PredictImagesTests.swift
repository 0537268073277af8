import FileTestSupport
import Foundation
import Maru
import Testing

/// A form that a user's picture of a digit may have.
struct PictureForm: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The file of a picture of 28×28, light on black.
  let file: @Sendable ([UInt8]) -> PNG

  /// Each pixel `factor` times in both directions, some pixels from the top left of a larger canvas.
  private static func enlarged(_ pixels: [UInt8], by factor: Int, margin: Int = 0) -> [UInt8] {
    let side = 28 * factor + margin
    return (0..<side * side).map { index in
      let (y, x) = ((index / side - margin / 3) / factor, (index % side - margin / 2) / factor)
      let isInside = index / side >= margin / 3 && index % side >= margin / 2 && x < 28 && y < 28
      return isInside ? pixels[y * 28 + x] : 0
    }
  }

  static let whole = [
    PictureForm(testDescription: "as it is") { PNG($0, width: 28) },
    PictureForm(testDescription: "inverted") { PNG($0.map { 255 - $0 }, width: 28) },
  ]

  static let cropped = [
    PictureForm(testDescription: "ten times as large") {
      PNG(enlarged($0, by: 10), width: 280)
    },
    PictureForm(testDescription: "black on a large white sheet") {
      PNG(enlarged($0, by: 5, margin: 260).map { 255 - $0 }, width: 400)
    },
    PictureForm(testDescription: "black on nothing, in four channels") { pixels in
      PNG(
        enlarged(pixels, by: 3, margin: 9).flatMap { [0, 0, 0, UInt16($0)] }, width: 93, .rgba)
    },
    PictureForm(testDescription: "16 bits, interlaced") { pixels in
      var file = PNG(
        enlarged(pixels, by: 4).map { UInt16($0) * 257 }, width: 112, .grey, depth: 16)
      file.isInterlaced = true
      return file
    },
    PictureForm(testDescription: "a palette of 16") { pixels in
      var file = PNG(
        enlarged(pixels, by: 3).map { UInt16($0) / 17 }, width: 84, .palette, depth: 4)
      file.chunks = PNG.chunk(
        "PLTE", (0..<16).flatMap { [UInt8](repeating: UInt8(255 - $0 * 17), count: 3) })
      return file
    },
  ]
}

struct PredictImagesTests {
  /// A model of generated digits, with the first test images and what it takes them for.
  private struct DigitsRun {
    static let count = 20
    let folder: TemporaryFolder
    let model: String
    let images: Images
    let predicted: [Int]

    init(directory: String? = nil) throws {
      folder = try TemporaryFolder()
      model = folder["run"]
      let data = directory.map { ["--dataset", "mnist", "--data-directory", $0] }
      let result = try Command.maru(
        Command.words("train --layers flatten,32:relu,10:softmax --optimizer adam --epochs 2")
          + Command.words("--seed 1 --progress none --output \(model)")
          + (data ?? ["--dataset", "digits"]))
      try #require(result.exitCode == 0, "\(result.errors)")
      let dataset = try directory.map { try Dataset.load(.mnist, dataDirectory: $0) }
      images =
        (dataset?.test.images ?? GeneratedDigits.images(60_000..<70_000).images)[0..<Self.count]
      predicted = try ModelFile(contentsOf: model + "/model.safetensors").model.predict(images)
        .argmaxOfRows()
    }

    /// Writes the images in a form, and gives their paths.
    func write(_ form: PictureForm) throws -> [String] {
      try (0..<Self.count).map {
        try folder.write(form.file(Array(images[$0])).bytes, to: "\($0).png")
      }
    }

    /// The classes that the command prints for images.
    func classes(_ form: PictureForm) throws -> [Int] {
      let result = try Command.maru(["predict", model] + write(form))
      #expect(result.exitCode == 0, "\(result.errors)")
      return result.outputLines.compactMap {
        Int($0.split(separator: " ", omittingEmptySubsequences: true)[1])
      }
    }
  }

  /// Generated digits lie in their frames otherwise than MNIST's, which a picture is made like. So
  /// what is cropped may be taken for another digit than the whole, but for the same in every form.
  @Test func pictureInAnyFormIsTakenForTheSameDigit() throws {
    let run = try DigitsRun()
    #expect(try run.classes(PictureForm.whole[0]) == run.predicted)
    #expect(try run.classes(PictureForm.whole[1]) == run.predicted)
    let cropped = try PictureForm.cropped.map { try run.classes($0) }
    for (form, classes) in zip(PictureForm.cropped, cropped) {
      #expect(classes == cropped[0], "\(form)")
    }
    #expect(zip(cropped[0], run.predicted).count { $0 == $1 } > DigitsRun.count / 2)
  }

  @Test(
    .enabled(
      if: LessonData.mnist != nil, "MNIST was not found: maru data fetch mnist, or set MARU_DATA"))
  func pictureOfMNISTInAnyFormIsTakenForTheSameDigit() throws {
    let run = try DigitsRun(directory: LessonData.mnist)
    for form in PictureForm.whole + PictureForm.cropped {
      #expect(try run.classes(form) == run.predicted, "\(form)")
    }
  }

  /// The model's own size counts, here 4×5.
  @Test func everyImageHasALineAndANote() throws {
    let run = try StripesRun(layers: "flatten,4:softmax")
    let pixels = Stripes.pixels(20)
    let light = pixels[20..<40].map { 255 - $0 }
    let paths = [
      try run.folder.write(PNG(pixels[0..<20], width: 5).bytes, to: "a.png"),
      try run.folder.write(PNG(light, width: 5).bytes, to: "image b.png"),
    ]
    let result = try Command.maru(["predict", run.path] + paths)
    #expect(result.exitCode == 0)
    #expect(
      result.errorLines == [
        "\(paths[0]): 5×4, grey", "\(paths[1]): 5×4, grey, inverted (light background)",
      ])
    try #require(result.outputLines.count == 2)
    for (index, line) in result.outputLines.enumerated() {
      let name = index == 0 ? "\(paths[0])      " : paths[1]
      try #require(line.hasPrefix(name + "  \(index) "), "\(line)")
      let rest = line.dropFirst(name.count + 3)
      let pattern = #/ [ \d]\d\d%(?:  \(\d \d+%(?:, \d \d+%)?\))?/#
      #expect(rest.wholeMatch(of: pattern) != nil, "\(line)")
    }
  }

  /// Korean letters take two cells of a terminal.
  @Test func namesOfAnyLettersKeepTheirColumns() throws {
    let folder = try TemporaryFolder()
    let model = try Sequential(inputShape: [2, 2], [Flatten(), Dense(2), Softmax()])
    model.weights = [
      Tensor([9, 0, 0, 0, 0, 9, 0, 0], shape: [2, 4]), Tensor([0, 0], shape: [2]),
    ]
    try ModelFile(model, classNames: ["가방", "bag"]).write(to: folder["m.safetensors"])
    let paths = [
      try folder.write(PNG([255, 0, 0, 0], width: 2).bytes, to: "손글씨.png"),
      try folder.write(PNG([0, 255, 0, 0], width: 2).bytes, to: "b.png"),
    ]
    let result = try Command.maru(["predict", folder["m.safetensors"]] + paths)
    #expect(
      result.outputLines == ["\(paths[0])  가방 100%", "\(paths[1])       bag  100%"])
  }

  /// A model file of others may name its classes as it likes.
  @Test func namesCannotCommandTheTerminal() throws {
    let folder = try TemporaryFolder()
    let model = try Sequential(inputShape: [2, 2], [Flatten(), Dense(2), Softmax()])
    try ModelFile(model, classNames: ["\u{1B}[31mred", "two\nlines"])
      .write(to: folder["m.safetensors"])
    let path = try folder.write(PNG([255, 0, 0, 0], width: 2).bytes, to: "a.png")
    let result = try Command.maru(["predict", folder["m.safetensors"], path])
    #expect(result.exitCode == 0 && result.outputLines.count == 1)
    #expect(!result.output.contains("\u{1B}"))
  }

  @Test func outputHoldsARowAnImage() throws {
    let run = try StripesRun(layers: "flatten,4:softmax")
    let paths = try (0..<20).map {
      try run.folder.write(
        PNG(Stripes.pixels(20)[$0 * 20..<$0 * 20 + 20], width: 5).bytes, to: "\($0).png")
    }
    for more in [[], ["--logits"]] {
      let line = ["predict", run.path, "--force", "--output", run.folder["a.npy"]] + more
      #expect(try Command.maru(line + paths).exitCode == 0)
      let own = try run.folder.bytes(of: "a.npy")
      #expect(try Command.maru(line + ["--dataset", run.data]).exitCode == 0)
      #expect(try run.folder.bytes(of: "a.npy") == own)
    }
  }

  /// A model that ends in scores gives probabilities all the same.
  @Test func scoresArePrintedAsProbabilities() throws {
    let with = try StripesRun(layers: "4:softmax")
    let without = try StripesRun(layers: "4")
    let outputs = try [with, without].map {
      try Command.maru(
        ["predict", $0.path, "--dataset", $0.data, "--output", $0.folder["a.npy"]])
    }
    #expect(outputs[0].output == outputs[1].output)
    let floats = try [with, without].map { try PredictTests.floats($0.folder.bytes(of: "a.npy")) }
    for (a, b) in zip(floats[0], floats[1]) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func badFilesAmongGoodOnesAreNamedAndTheOthersPredicted() throws {
    let run = try StripesRun(layers: "flatten,4:softmax")
    let good = try run.folder.write(PNG(Stripes.pixels(1), width: 5).bytes, to: "good.png")
    let bytes = try run.folder.bytes(of: "good.png")
    let cut = try run.folder.write(bytes.dropLast(20), to: "cut.png")
    let photo = try run.folder.write(Array("GIF89a".utf8), to: "photo.gif")
    let none = run.folder["none.png"]
    let line = ["predict", run.path, "--force", "--output", run.folder["a.npy"]]
    let errors = [
      cut: "maru: error: \(cut): expected a whole PNG file, found the chunk at byte 33 cut off at "
        + "byte \(bytes.count - 20)",
      photo: "maru: error: \(photo): expected a PNG file, which begins with 89 50 4E 47, or a JPEG "
        + "file, found 47 49 46 38",
      none: "maru: error: \(none): cannot be opened: No such file or directory",
    ]
    // Where none is left, nothing is written.
    for (path, code) in [(cut, 65), (photo, 65), (none, 66)] as [(String, Int32)] {
      let result = try Command.maru(line + [path])
      #expect(result.errorLines == [errors[path]] && result.exitCode == code && result.output == "")
    }
    #expect(!run.folder.contents.contains("a.npy"))
    let alone = try Command.maru(line + [good])
    #expect(alone.exitCode == 0 && alone.errorLines.count == 1)
    let row = try NumPyArray(contentsOf: run.folder["a.npy"]).tensor
    for (paths, code) in [([cut, none], 65), ([none, cut], 66)] as [([String], Int32)] {
      let result = try Command.maru(line + [paths[0], good, photo, good, paths[1]])
      #expect(result.exitCode == code)
      #expect(
        result.errorLines
          == [paths[0], photo, paths[1]].compactMap { errors[$0] } + alone.errorLines
          + alone.errorLines)
      #expect(result.output == alone.output + alone.output)
      // An image keeps its row.
      let rows = try NumPyArray(contentsOf: run.folder["a.npy"]).tensor
      #expect(rows.shape == [5, 4])
      for index in 0..<20 {
        let (value, expected) = (rows[index / 4, index % 4], row[0, index % 4])
        #expect(index / 4 % 2 == 1 ? abs(value - expected) < 1e-6 : value.isNaN)
      }
    }
    expectFailure(
      try Command.maru(["predict", run.path, good, "--output", good]), 64,
      "--output \(good): expected another file than the image itself")
    #expect(try run.folder.bytes(of: "good.png") == bytes)
  }

  @Test func modelOfVectorsThatAreNoSquareIsRefused() throws {
    let run = try StripesRun()
    let image = try run.folder.write(PNG(Stripes.pixels(1), width: 5).bytes, to: "a.png")
    expectFailure(
      try Command.maru(["predict", run.path, image]), 65,
      "\(run.path): the model takes samples of shape [20] to [4], not images to classes")
  }

  /// Files that ask for far more memory than the process may have: 4.7 GB of text in 5 MB, pixels
  /// without end, and the largest picture that is read, interlaced and in 64 bits per pixel.
  @Test func memoryIsBoundedWhateverTheFileAsksFor() throws {
    let run = try StripesRun(layers: "flatten,4:softmax")
    var texts = PNG(Stripes.pixels(1), width: 5)
    let text = PNG.chunk(
      "zTXt", Array("a\0\0".utf8) + PNG.deflated([UInt8](repeating: 97, count: 7_900_000)))
    texts.chunks = (0..<600).flatMap { _ in text }
    var claim = PNG([0, 0, 0, 0], width: 1, .rgba, depth: 16)
    claim.isInterlaced = true
    let tail = PNG.chunk("IDAT", PNG.deflated([0, 0, 0])) + PNG.chunk("IEND", [])
    let sizes = [(100_000, 100_000), (8192, 8192)]
    let files =
      [texts.bytes]
      + sizes.map { PNG.signature + PNG.header(claim, width: $0, height: $1) + tail }
    for (index, (bytes, code)) in zip(files, [0, 65, 65] as [Int32]).enumerated() {
      let path = try run.folder.write(bytes, to: "\(index).png")
      let result = try Command.shell(
        #"ulimit -v 3000000; exec "$0" predict "$1" "$2""#, [run.path, path])
      #expect(result.exitCode == code, "\(result.errors)")
      #expect(result.errorLines.count == 1, "\(result.errors)")
    }
  }
}
