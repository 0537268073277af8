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
      ["swift", "build", "--package-path", Self.package.path, "--scratch-path", scratch],
      environment: ProcessInfo.processInfo.environment, timeout: 500)
    try #require(build.exitCode == 0, "\(build.output)\(build.errors)")
    #expect(
      try Self.compiled(in: scratch) == [
        "BLAS", "CKernels", "Layers", "LinkedTool", "ModelFiles", "Tensors", "Training",
      ])

    let tool = scratch + "/debug/LinkedTool"
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
  }

  /// The targets of which there is an object file; SwiftPM prepares a folder for every target.
  private static func compiled(in scratch: String) throws -> [String] {
    let folder = scratch + "/debug"
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
