import Foundation
import Testing

/// What the sources say where a caller broke a rule; release builds drop the text of `precondition`.
@Suite("requirements") struct RequirementTests {
  @Test("nothing in the sources loses its text in release builds")
  func textIsKept() throws {
    for (name, text) in try Sources.all() {
      let lost = text.matches(of: /\b(precondition|assert)(ionFailure|Failure)?\(/)
      #expect(lost.isEmpty, "\(name): \(lost.map { text[$0.range] })")
    }
  }

  @Test("each names the operation, what it expected and what it got")
  func textIsComplete() throws {
    var count = 0
    for (name, text) in try Sources.all() where !name.hasSuffix("/Requirement.swift") {
      for call in text.matches(of: /\brequire\(/) {
        let message = Self.arguments(text[call.range.upperBound...])
        let isComplete = message.contains(#/"[^"]+: expected [\s\S]+[ "]got /#)
        #expect(isComplete, "\(name): \(message)")
        count += 1
      }
    }
    #expect(count > 100, "none were found")
  }

  /// What stands before the parenthesis that ends a call.
  private static func arguments(_ text: Substring) -> Substring {
    var depth = 1
    let end = text.firstIndex { character in
      depth += character == "(" ? 1 : character == ")" ? -1 : 0
      return depth == 0
    }
    return text[..<(end ?? text.endIndex)]
  }
}
