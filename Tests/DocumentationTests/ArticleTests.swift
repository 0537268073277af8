import Foundation
import Testing

/// Every Swift example of an article stands in a file that is compiled, line by line.
@Suite("Articles") struct ArticleTests {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let root = tests.deletingLastPathComponent().deletingLastPathComponent()
  private static let catalogue = root.appendingPathComponent("Sources/Maru/Maru.docc")

  static let articles: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: catalogue.path)
    return (files ?? []).filter { $0.hasSuffix(".md") }.sorted()
  }()

  /// What an article says, or the page for those who work on this package.
  private static func text(of article: String) throws -> String {
    let folder = articles.contains(article) ? catalogue : root
    return try String(contentsOf: folder.appendingPathComponent(article), encoding: .utf8)
  }

  @Test(arguments: articles + ["ARCHITECTURE.md"])
  func examplesAreCompiled(_ article: String) throws {
    let text = try Self.text(of: article)
    let name = article.replacing(".md", with: ".swift")
    let sources = try [
      Self.tests.appendingPathComponent("Examples/\(name)"),
      Self.root.appendingPathComponent("Tests/LinkedTool/Package.swift"),
    ].filter { FileManager.default.fileExists(atPath: $0.path) }
      .map { Self.lines(try String(contentsOf: $0, encoding: .utf8)) }
    for block in Self.swiftBlocks(of: text) {
      let lines = Self.lines(block)
      #expect(
        sources.contains { Self.holds($0, lines) },
        "\(article): this is not in Examples/\(name):\n\(block)")
    }
  }

  @Test func tasksHaveArticlesWithExamples() throws {
    for article in [
      "GettingStarted", "TrainAModel", "LoadData", "SaveAndLoad", "WriteALayer", "WriteACallback",
      "LinkInAServer", "ARCHITECTURE",
    ] {
      #expect(!Self.swiftBlocks(of: try Self.text(of: "\(article).md")).isEmpty)
    }
  }

  @Test func landingPageLeadsToAllArticlesAndModules() throws {
    let page = try Self.text(of: "Maru.md")
    for article in Self.articles where article != "Maru.md" {
      #expect(page.contains("- <doc:\(article.dropLast(".md".count))>"))
    }
    for module in Sources.modules {
      #expect(page.contains("`\(module)`") || page.contains("``/\(module)``"))
    }
  }

  /// Called from a task, it would keep a thread of Swift's pool.
  @Test(arguments: Sources.modules) func modulesSayThatTheyBlock(_ module: String) throws {
    let page = try String(
      contentsOf: Sources.folder.appendingPathComponent("\(module)/\(module).docc/\(module).md"),
      encoding: .utf8)
    #expect(page.contains(/block(s|ed)?\s/))
  }

  /// `swift format lint` looks at all other public symbols.
  @Test func casesAndRequirementsAreDocumented() throws {
    #expect(try Sources.undocumentedMembers() == [])
  }

  private static func swiftBlocks(of text: String) -> [String] {
    text.matches(of: /```swift\n((?s).*?)```/).map { String($0.1) }
  }

  /// The lines without indentation, none of them empty.
  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  private static func holds(_ lines: [String], _ part: [String]) -> Bool {
    lines.indices.contains { lines[$0...].starts(with: part) }
  }
}
