import FileTestSupport
import Foundation
import Maru
import Testing

/// Data that are large for the memory are trained on from where they lie.
struct LargeDataTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A folder of arrays of four classes, whose samples of 4,000 bytes take 160 MB, most of them black.
  private func arrays() throws -> String {
    for (part, count) in [("train", 40_000), ("test", 500)] {
      let path = try folder.write(
        Self.header("(\(count), 4000)"), to: "arrays/x_\(part).npy")
      #expect(truncate(path, 128 + count * 4000) == 0)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      for row in stride(from: 0, to: count, by: 40) {
        try file.seek(toOffset: UInt64(128 + row * 4000 + row % 4 * 100))
        try file.write(contentsOf: [UInt8](repeating: 200, count: 100))
      }
      try folder.write(
        Self.header("(\(count),)") + (0..<count).map { UInt8($0 / 40 % 4) },
        to: "arrays/y_\(part).npy")
    }
    return folder["arrays"]
  }

  private static func header(_ shape: String) -> [UInt8] {
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': \(shape), }"
    let padded = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
  }

  private static let train =
    #""$0" train --dataset "$1" --output "$2" --layers 4 --optimizer sgd --epochs 1 "#
    + "--batch-size 100 --seed 1 --threads 1 --progress lines "

  @Test func trainsWithinALimitToTheSameBytes() throws {
    let data = try arrays()
    func run(_ limit: String, _ options: String, _ name: String) throws -> ProcessResult {
      try Command.shell("\(limit) exec \(Self.train)\(options)", [data, folder[name]])
    }
    // Half of what is left under the limit is less than the samples take.
    let small = try run("ulimit -d 300000;", "", "small")
    #expect(small.exitCode == 0, "\(small.errors)")
    let line = try #require(
      small.errors.firstMatch(
        of:
          /each epoch takes blocks of (\d+) samples in random order, and mixes the samples of (\d+) blocks at a time; the data are large for the memory \(--shuffle full\)\n/
      ), "\(small.errors)")
    #expect(line.1 == "262")
    let full = try run("ulimit -d 300000;", "--shuffle full", "full")
    let large = try run("", "", "large")
    #expect(full.exitCode == 0 && !full.errors.contains("each epoch takes blocks"))
    #expect(large.exitCode == 0 && !large.errors.contains("each epoch takes blocks"))
    let models = try ["small", "full", "large"].map {
      try folder.bytes(of: "\($0)/model.safetensors")
    }
    #expect(models[1] == models[2] && models[0] != models[1])
  }

  /// The page that is gone ends the process, or else its time tells.
  @Test func aFileThatIsCutShortEndsTrainingInALine() throws {
    let data = try arrays()
    let result = try Command.shell(
      #"""
      ulimit -d 300000
      "$0" train --dataset "$1" --layers 4 --epochs 100000 --threads 1 --progress lines 2>"$2" &
      child=$!
      for n in $(seq 600); do grep -q "^Epoch 2/" "$2" && break; sleep 0.1; done
      truncate -s 1000 "$1/x_train.npy"
      wait $child
      echo $?
      """#, [data, folder["errors"]])
    #expect(result.outputLines.last == "74")
    let last = try folder.text(of: "errors").split(separator: "\n").last ?? ""
    #expect(
      last == "maru: error: a file was cut short, or could not be read, while it was in use"
        || last.hasPrefix("maru: error: \(data)/x_train.npy: was changed while it was in use"))
  }

  @Test func blocksMayBeAskedFor() throws {
    let blocks = try Command.maru(
      "train --dataset digits --epochs 2 --seed 1 --progress lines --shuffle blocks --output",
      [folder["blocks"]])
    #expect(blocks.exitCode == 0)
    #expect(
      blocks.errors.contains(
        /each epoch takes blocks of 1337 samples in random order, and mixes the samples of \d+ blocks at a time\n/
      ), "\(blocks.errors)")
    let resumed = try Command.maru("train --shuffle full --resume", [folder["blocks"]])
    expectFailure(
      resumed, 64, "--shuffle: cannot be changed by --resume",
      hint: "maru train --help")
  }
}
