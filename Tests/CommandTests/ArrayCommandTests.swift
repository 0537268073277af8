import FileTestSupport
import Foundation
import Maru
import Testing

/// Arrays go into a model as those went that it has learned from.
struct ArrayCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func archive(
    _ name: String, _ change: (Float) -> Float = { $0 }, classes: (Int) -> Float = { Float($0 % 4) }
  ) throws -> String {
    let x = Stripes.pixels(80).map { change(Float($0)) }
    // Four times as many pixels as a stripe, since few are no picture.
    let wide = stride(from: 0, to: x.count, by: 20).flatMap { start in
      (0..<4).flatMap { _ in x[start..<start + 20] }
    }
    let arrays = [
      ("X", Tensor(wide, shape: [80, 80])),
      ("y", Tensor((0..<80).map { classes($0) }, shape: [80])),
    ]
    return try folder.write(Array(NumPyFile.archive(of: arrays, for: name)), to: name)
  }

  private func probabilities(of data: String, by model: String) throws -> [[Float]] {
    let output = folder["p.csv"]
    let result = try Command.maru(
      "predict --force --output", [output, model, "--dataset", data])
    #expect(result.exitCode == 0, "\(result.errors)")
    return try folder.text(of: "p.csv").split(separator: "\n").dropFirst().map {
      $0.split(separator: ",").dropFirst(2).compactMap { Float($0) }
    }
  }

  private func expectSame(_ a: [[Float]], _ b: [[Float]], within bound: Float) {
    #expect(a.count == b.count && !a.isEmpty)
    let pairs = zip(a.joined(), b.joined())
    #expect(pairs.allSatisfy { abs($0 - $1) <= bound }, "\(pairs.map { abs($0 - $1) }.max() ?? 0)")
  }

  @Test func pixelsWithFractionsAreScaledAsThoseOfTraining() throws {
    let data = try archive("pixels.npz")
    let trained = try Command.maru(
      "train --layers 4:softmax --epochs 30 --seed 1 --progress none --dataset",
      [data, "--output", folder["run"]])
    #expect(trained.exitCode == 0)
    // All rows of another file, and those held out of its own.
    let whole = try archive("whole.npz") { min(255, $0 + 1) }
    let broken = try archive("fractions.npz") { min(255, $0 + 1.001) }
    let expected = try probabilities(of: whole, by: folder["run"])
    #expect(expected.count == 80)
    #expect(try probabilities(of: data, by: folder["run"]).count == 16)
    expectSame(try probabilities(of: broken, by: folder["run"]), expected, within: 1e-3)
    let scaled = try archive("scaled.npz") { min(255, $0 + 1) / 255 }
    let told = try Command.maru("evaluate", [folder["run"], "--dataset", scaled])
    #expect(
      told.errorLines == ["X: numbers from 0 to 1 are taken for pixels that are scaled already"])
    expectSame(try probabilities(of: scaled, by: folder["run"]), expected, within: 1e-5)
    let wide = try archive("wide.npz") { $0 * 2 }
    let refused = try Command.maru("evaluate", [folder["run"], "--dataset", wide])
    #expect(
      refused.exitCode == 65
        && refused.errors.contains(
          "expected pixels from 0 to 255 in X, as the model has learned from, found ")
    )
  }

  @Test func numbersThatAreNoPixelsStayAsTheyStand() throws {
    let data = try archive("centred.npz") { ($0 - 90) / 60 }
    let trained = try Command.maru(
      "train --layers 4:softmax --epochs 30 --progress none --dataset",
      [data, "--output", folder["run"]])
    #expect(trained.exitCode == 0)
    let same = try archive("same.npz") { ($0 - 90) / 60 }
    _ = try probabilities(of: same, by: folder["run"])
    // Neither pictures nor other pixels go in as 0 to 1.
    let images = try Stripes.write(to: folder, changing: [:])
    _ = images
    let pixels = (0..<80 * 4).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let wide = try Stripes.write(
      to: folder,
      changing: [
        Stripes.names[0]: idx([4, 8, 10], pixels), Stripes.names[1]: idx([4], [0, 1, 2, 3]),
        Stripes.names[2]: idx([4, 8, 10], pixels), Stripes.names[3]: idx([4], [0, 1, 2, 3]),
      ])
    let refused = try Command.maru("evaluate", [folder["run"], "--dataset", wide])
    #expect(
      refused.exitCode == 65
        && refused.errors.contains(
          "\(wide): the model has learned from numbers from -1.5 to "),
      "\(refused.errors)")
    #expect(refused.errors.contains(", not from pixels as 0 to 1"))
  }

  @Test func classesThatTheModelDoesNotKnowArePredictedAnyway() throws {
    let data = try archive("pixels.npz")
    let trained = try Command.maru(
      "train --layers 4:softmax --epochs 30 --progress none --dataset",
      [data, "--output", folder["run"]])
    #expect(trained.exitCode == 0)
    let others = try archive("others.npz", { min(255, $0 + 1) }) { Float($0 % 5) }
    let result = try Command.maru("predict", [folder["run"], "--dataset", others])
    #expect(result.exitCode == 0)
    #expect(
      result.errorLines.contains(
        "\(others): the model does not know the classes 4; their samples are predicted, their labels "
          + "ignored"), "\(result.errors)")
    #expect(result.output.contains("accuracy score: "))
    let evaluated = try Command.maru("evaluate", [folder["run"], "--dataset", others])
    #expect(
      evaluated.exitCode == 65
        && evaluated.errors.contains("the model tells 0, 1, 2, 3 apart, \(others) also has 4"))
    // The same of a table.
    let rows = (0..<60).map { "\($0 % 3 * 10 + $0 % 7),\(["ant", "bee", "cat"][$0 % 3])" }
    let table = try folder.write(
      Array(("size,species\n" + rows.joined(separator: "\n")).utf8), to: "bugs.csv")
    expectSuccess(
      try Command.maru(
        "train --epochs 30 --progress none --dataset", [table, "--output", folder["bugs"]]))
    let other = try folder.write(
      Array("size,species\n1,ant\n2,dog\n21,cat\n22,dog\n".utf8), to: "other.csv")
    let predicted = try Command.maru(
      "predict --output", [folder["o.csv"], folder["bugs"], "--dataset", other])
    #expect(predicted.exitCode == 0)
    #expect(
      predicted.errorLines == [
        "\(other): line 3: the model tells ant, bee, cat apart, column 'species' also has dog; these rows "
          + "are predicted, their labels ignored"
      ])
    #expect(try folder.text(of: "o.csv").split(separator: "\n").count == 5)
    expectFailure(
      try Command.maru("evaluate", [folder["bugs"], "--dataset", other]), 65,
      "\(other): line 3: the model tells ant, bee, cat apart, column 'species' also has dog")
  }
}
