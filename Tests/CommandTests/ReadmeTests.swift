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
    let systemModules = [
      "COpenBLAS", "CLAPACKE", "CLibdeflate", "CZlib", "CCrypto", "CPNG", "CTurboJPEG",
    ].map {
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

  @Test("it is a screen or two, and what it links to is there")
  func linksLeadSomewhere() throws {
    let readme = try String(contentsOfFile: Self.root + "/README.md", encoding: .utf8)
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 151)
    let paths = readme.matches(of: /\]\(([^):]+)\)/).map { String($0.1) }
    #expect(paths.count > 10)
    for path in paths {
      #expect(FileManager.default.fileExists(atPath: Self.root + "/" + path), "\(path)")
    }
  }

  @Test("the pictures of README and articles are shown, and small")
  func picturesAreShown() throws {
    let catalogue = Self.root + "/Sources/Maru/Maru.docc"
    let pages =
      try FileManager.default.contentsOfDirectory(atPath: catalogue)
      .filter { $0.hasSuffix(".md") }.map { "\(catalogue)/\($0)" } + [Self.root + "/README.md"]
    let text = try pages.map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
    let pictures = try FileManager.default.contentsOfDirectory(atPath: catalogue + "/Resources")
    #expect(!pictures.isEmpty)
    let sizes = try pictures.map { picture in
      #expect(text.contains("\(picture))"), "\(picture)")
      return try #require(
        FileManager.default.contents(atPath: "\(catalogue)/Resources/\(picture)")?.count)
    }
    #expect(sizes.reduce(0, +) < 450_000)
  }
}
