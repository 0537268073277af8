import FileTestSupport
import Foundation
import Testing

@Suite("README") struct ReadmeTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  @Test("the lesson's program compiles as it stands there")
  func programCompiles() throws {
    let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
    let start = try #require(readme.range(of: "```swift\nimport Maru\n"))
    let end = try #require(readme.range(of: "```\n", range: start.upperBound..<readme.endIndex))
    let program = "import Maru\n" + readme[start.upperBound..<end.lowerBound]

    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("maru-readme-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("main.swift")
    try program.write(to: file, atomically: true, encoding: .utf8)

    let build = URL(fileURLWithPath: try Command.path(of: "maru")).deletingLastPathComponent().path
    let systemModules = ["COpenBLAS", "CLAPACKE", "CLibdeflate", "CZlib", "CCrypto", "CPNG"].map {
      "-fmodule-map-file=\(Self.root)/Sources/\($0)/module.modulemap"
    }
    let clang =
      systemModules + [
        "-fmodule-map-file=\(build)/CKernels.build/module.modulemap",
        "-I\(Self.root)/Sources/CKernels/include",
      ]
    let flags = clang.flatMap { ["-Xcc", $0] }.joined(separator: " ")
    let result = try ChildProcess.run(
      "/bin/sh",
      [
        "-c",
        "swiftc -typecheck -swift-version 6 -I \(build)/Modules \(flags) $(pkg-config --cflags openblas) \(file.path)",
      ], environment: ProcessInfo.processInfo.environment)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.errors == "")
  }

  @Test("the pictures are there, and small")
  func picturesAreThere() throws {
    let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
    let paths = readme.matches(of: /!\[[^\]]+\]\(([^)]+)\)/).map { String($0.1) }
    let sizes = try paths.map { path in
      try #require(FileManager.default.contents(atPath: Self.root + "/" + path)?.count, "\(path)")
    }
    #expect(paths.count >= 6)
    #expect(sizes.reduce(0, +) < 300_000)
  }
}
