import FileTestSupport
import Foundation
import Testing

/// A package that depends on this one gets the engine, and not what the command and the tests need.
@Suite("A package that links the engine") struct LinkedToolTests {
  private static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("LinkedTool")

  @Test func itBuildsNothingElseAndRuns() throws {
    let folder = try TemporaryFolder()
    let scratch = folder.path + "/build"
    // A scratch folder of its own: that of this package is locked while its tests run.
    let build = try ChildProcess.run(
      "/usr/bin/env",
      [
        "swift", "build", "-c", "release", "--package-path", Self.package.path, "--scratch-path",
        scratch,
      ],
      environment: ProcessInfo.processInfo.environment, timeout: 500)
    try #require(build.exitCode == 0, "\(build.output)\(build.errors)")
    #expect(
      try Self.compiled(in: scratch) == [
        "BLAS", "CKernels", "Layers", "LinkedTool", "ModelFiles", "Parallel", "Tensors", "Text",
        "Training",
      ])

    let tool = scratch + "/release/LinkedTool"
    let code = try Data(contentsOf: URL(fileURLWithPath: tool))
    for library in ["libcrypto", "libpng", "liblapacke"] {
      #expect(code.range(of: Data(library.utf8)) == nil, "\(library) is linked")
    }
    let run = try ChildProcess.run(
      tool, [folder.path + "/rings.safetensors"],
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    expectSuccess(run)
    #expect(
      run.outputLines == [
        "the loss fell: true", "accuracy above 0.9: true", "the same predictions: true",
        "near the middle: inner",
      ])
    #expect(try Self.names(in: folder.path) == ["build", "rings.safetensors"])
    for (mistake, text) in Self.mistakes {
      let run = try ChildProcess.run(
        tool, [mistake], environment: ["SWIFT_BACKTRACE": "enable=no"])
      #expect(run.exitCode < 0, "\(mistake)")
      let said = run.errors.firstMatch(of: /: Fatal error: (.*)/).map { String($0.1) }
      #expect(said == text, "\(mistake)")
    }
  }

  /// What a program that was built for release says of its mistakes, by their names in the package.
  private static let mistakes = [
    "element": "Tensor: expected an element of shape [2, 3], got [2, 0]",
    "rows": "Tensor: expected rows of shape [2, 3], got 1..<4",
    "sum": "Tensor +: expected equal shapes, or [m, k] and [k], got [2, 3] and [2, 1]",
    "product": "gemm: expected A [m, k], B [k, n], C [m, n], got A [2, 3], B [2, 3], C [2, 3]",
    "units": "Dense: expected at least 1 unit, got 0",
    "shape": "Tensor: expected 4 elements for shape [2, 2], got 3",
    "compile": "Sequential.fit: expected a compiled model, got one that is not: call compile first",
    "batch": "Sequential.fit: expected batches from 1, got 0",
    "weights": "Sequential.weights: expected shapes [[2, 3], [2]], got [[3, 2], [2]]",
    "label":
      "Error raised at top level: the model has 2 outputs, so labels are 0 to 1, got 2 for sample 1",
    "samples": "Error raised at top level: there are 2 samples, but targets for 3",
  ]

  /// The targets of which there is an object file; SwiftPM prepares a folder for every target.
  private static func compiled(in scratch: String) throws -> [String] {
    let folder = scratch + "/release"
    return try names(in: folder).filter { name in
      guard name.hasSuffix(".build") else { return false }
      let files = try FileManager.default.subpathsOfDirectory(atPath: folder + "/" + name)
      return files.contains { $0.hasSuffix(".o") }
    }.map { String($0.dropLast(".build".count)) }
  }

  private static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }
}
