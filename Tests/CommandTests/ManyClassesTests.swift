import FileTestSupport
import Foundation
import Maru
import Testing

/// Thousands of classes, as names of persons or products are.
struct ManyClassesTests {
  private static let classes = 19_949

  /// A run that is interrupted keeps all it has learned and goes on from there; its report stays small.
  @Test func anInterruptedRunGoesOn() throws {
    let folder = try TemporaryFolder()
    let count = Self.classes
    let x = (0..<4 * count).map { Float($0 * 7919 % 1009) / 1009 }
    let arrays = [
      ("X", Tensor(x, shape: [count, 4])),
      ("y", Tensor((0..<count).map { Float($0) }, shape: [count])),
    ]
    let data = try folder.write(Array(NumPyFile.archive(of: arrays, for: "c")), to: "c.npz")
    let begun = try Command.maru(
      Command.words(
        "train --layers \(Self.classes):softmax --epochs 3 --batch-size 1024 --split shuffled "
          + "--progress lines --dataset") + [data, "--output", folder["run"]],
      signal: (SIGTERM, "Epoch 1/"))
    #expect(begun.exitCode == 143, "\(begun.errors.suffix(500))")
    let state = try Checkpoint(contentsOf: folder["run/checkpoint.maru"]).state
    #expect(state.hasFiniteWeights && state.updates > 0)
    let resumed = try Command.maru("train --progress none --resume", [folder["run"]])
    #expect(resumed.exitCode == 0, "\(resumed.errors)")
    let model = try ModelFile(contentsOf: folder["run/model.safetensors"])
    #expect(model.classNames.count == Self.classes && model.model.hasFiniteWeights)
    #expect(try folder.bytes(of: "run/report.html").count < 1 << 23)
  }
}
