import Foundation

/// The words of the command line.
enum Arguments {
  /// What is wrong with the first word that is no text in UTF-8, if one is not.
  ///
  /// Swift puts � in place of such bytes, and a path would lead elsewhere.
  static var problem: String? {
    let words = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
    for (index, word) in words.enumerated() {
      guard let word, String(validatingCString: word) == nil else { continue }
      let before = CommandLine.arguments[index - 1]
      let name = before.hasPrefix("--") ? before : "argument \(index)"
      return "\(name): expected text in UTF-8, got '\(shown(word))'"
    }
    return nil
  }

  /// The command line, to be given to a shell again.
  static var line: String {
    (["maru"] + CommandLine.arguments.dropFirst().map(\.inShell)).joined(separator: " ")
  }

  private static func shown(_ word: UnsafePointer<CChar>) -> String {
    UnsafeBufferPointer(start: word, count: strlen(word)).map { byte in
      0x20..<0x7F ~= byte
        ? String(Unicode.Scalar(UInt8(byte)))
        : "\\x" + String(UInt8(bitPattern: byte), radix: 16, uppercase: true)
    }.joined()
  }
}
