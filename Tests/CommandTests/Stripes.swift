import FileTestSupport
import Foundation

/// A small data set of 4×5 images in four classes: the row that the class names is bright.
enum Stripes {
  static let names = [
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ]
  static let trainCount = 80
  static let testCount = 20

  /// The class of each sample goes round.
  static func labels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 4) } }

  /// Dim noise, by a linear congruential generator, with one bright row.
  static func pixels(_ count: Int) -> [UInt8] {
    var state: UInt32 = 12345
    return (0..<count * 20).map { index in
      state = state &* 1_664_525 &+ 1_013_904_223
      let isBright = index % 20 / 5 == index / 20 % 4
      return UInt8(state >> 24) / 4 + (isBright ? 180 : 0)
    }
  }

  static let files: [String: [UInt8]] = [
    names[0]: idx([trainCount, 4, 5], pixels(trainCount)),
    names[1]: idx([trainCount], labels(trainCount)),
    names[2]: idx([testCount, 4, 5], pixels(testCount)),
    names[3]: idx([testCount], labels(testCount)),
  ]

  /// Writes the four files into a folder's `data`, some with other bytes or (empty) not at all, and
  /// gives the path.
  static func write(
    to folder: TemporaryFolder, changing changes: [String: [UInt8]] = [:]
  ) throws -> String {
    for (name, bytes) in files.merging(changes, uniquingKeysWith: { $1 }) where !bytes.isEmpty {
      try folder.write(bytes, to: "data/\(name)")
    }
    return folder["data"]
  }

  /// Writes them into a new folder, for a suite that trains on them.
  static func inNewFolder() throws -> (folder: TemporaryFolder, data: String) {
    let folder = try TemporaryFolder()
    return (folder, try write(to: folder))
  }
}

/// The bytes of an IDX file of unsigned bytes.
func idx(_ sizes: [Int], _ elements: [UInt8]) -> [UInt8] {
  let header: [UInt8] = [0, 0, 8, UInt8(sizes.count)]
  return header
    + sizes.flatMap { size in withUnsafeBytes(of: UInt32(size).bigEndian) { Array($0) } } + elements
}

/// Packs files by the program `gzip`, which adds `.gz` to their names.
func gzip(_ paths: [String]) throws {
  let result = try ChildProcess.run(
    "/usr/bin/env", ["gzip"] + paths, environment: ProcessInfo.processInfo.environment)
  if result.exitCode != 0 { throw CocoaError(.fileWriteUnknown) }
}

/// A trained run on the stripes, for the commands that need a model.
struct StripesRun {
  let folder: TemporaryFolder
  let data: String
  let path: String

  init(layers: String = "4:softmax", more: String = "") throws {
    (folder, data) = try Stripes.inNewFolder()
    path = folder["run"]
    let result = try Command.maru(
      Command.words("train --layers \(layers) --epochs 20 --learning-rate 0.5 --progress none")
        + Command.words("--batch-size 16 --seed 1 \(more)")
        + ["--dataset", data, "--output", path])
    guard result.exitCode == 0 else { throw RunFailure(description: result.errors) }
  }

  struct RunFailure: Error, CustomStringConvertible { let description: String }
}
