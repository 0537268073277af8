import FileTestSupport
import Foundation
import Testing

/// Folders of pictures, from files to predictions.
struct PictureFolderCommandTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // Dark and light pictures of other sizes.
    for index in 0..<20 {
      for (name, grey) in [("dark", 20 + index), ("light", 200 + index)] {
        let width = 6 + index % 3
        let pixels = [UInt16](repeating: UInt16(grey), count: width * 6)
        try folder.write(PNG(pixels, width: width, .grey).bytes, to: "in/\(name)/\(index).png")
      }
    }
  }

  @Test func picturesAreTrainedOnScoredAndPredictedAlike() throws {
    let sizes = try Command.maru(["train", "--dataset", folder["in"], "--progress", "none"])
    #expect(sizes.exitCode == 65)
    #expect(
      sizes.errors == "maru: error: \(folder["in"]): expected pictures of one size, found 3 sizes, "
        + "from 6×6 to 8×6; --image-size 64x64 brings them to one\n")
    let line = "--layers flatten,8:relu --epochs 40 --learning-rate 0.5 --seed 1 --progress none"
    let trained = try Command.maru(
      ["train", "--dataset", folder["in"], "--image-size", "5x4", "--output", folder["run"]]
        + Command.words(line))
    #expect(trained.exitCode == 0)
    #expect(
      trained.errors == "40 pictures of 2 classes, 5×4, grey; 8 of them are held out to test with\n"
    )
    #expect(trained.outputLines.first?.hasSuffix("test accuracy: 1.0000") == true)
    // Of the folder trained on, those held out alone; of another, all.
    let scored = try Command.maru(["evaluate", folder["run"], "--dataset", folder["in"], "--json"])
    #expect(scored.output.contains("\"samples\":8") || scored.output.contains("\"samples\": 8"))
    try FileManager.default.createDirectory(
      atPath: folder["other"], withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder["in/dark"], toPath: folder["other/dark"])
    let others = try Command.maru([
      "evaluate", folder["run"], "--dataset", folder["other"], "--json",
    ])
    #expect(others.output.contains("\"samples\":20") || others.output.contains("\"samples\": 20"))
    let predicted = try Command.maru(["predict", folder["run"], folder["in/light"]])
    expectSuccess(predicted)
    #expect(predicted.outputLines.count == 20)
    #expect(predicted.outputLines.allSatisfy { $0.contains("  light ") })
  }

  /// Numbers from 0 to 1 in columns are no pixels.
  @Test func picturesAreNoRowsOfATable() throws {
    let rows = (0..<40).map { row in
      (0..<4).map { "\(Double((row * 7 + $0 * 3) % 16) / 16)" }.joined(separator: ",")
        + ",\(row % 2)"
    }
    let data = try folder.write(
      Array(("a,b,c,d,label\n" + rows.joined(separator: "\n")).utf8), to: "fractions.csv")
    let trained = try Command.maru([
      "train", "--dataset", data, "--epochs", "1", "--progress", "none", "--output", folder["run"],
    ])
    #expect(trained.exitCode == 0)
    expectFailure(
      try Command.maru(["predict", folder["run"], folder["in/dark/0.png"]]), 65,
      "\(folder["run"]): the model has learned from the columns of a table, not from images of 0 to 1"
    )
  }

  @Test func optionsOfPicturesAreForPicturesAlone() throws {
    expectFailure(
      try Command.maru(["train", "--dataset", "digits", "--image-size", "8"]), 64,
      "--image-size: expected with a folder of pictures, but digits is none")
    let empty = try folder.write([], to: "empty/readme.txt")
    expectFailure(
      try Command.maru(["predict", folder["run"], (empty as NSString).deletingLastPathComponent]),
      66,
      "\(folder["run"]): cannot read: No such file or directory")
  }
}
