import CLibdeflate
import Foundation

/// The sections of a checkpoint, named, and each with its checksum.
package struct CheckpointSections {
  /// What is wrong with a file, in a few words.
  struct Problem: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  static let magic = Array("maru checkpoint 1\n".utf8)
  /// The lengths of the name and the contents, and the checksum.
  private static let headLength = 16

  private var contents: [String: Data] = [:]

  /// Reads a file; nothing is allocated on the word of a length alone.
  init(_ file: Data) throws(Problem) {
    guard file.starts(with: Self.magic) else {
      throw Problem("expected it to start with 'maru checkpoint 1'")
    }
    var rest = file.dropFirst(Self.magic.count)
    while !rest.isEmpty {
      guard rest.count >= Self.headLength else { throw Problem("it ends within a section") }
      let nameLength = Self.number(rest.prefix(4))
      let checksum = Self.number(rest.dropFirst(4).prefix(4))
      let length = Self.number(rest.dropFirst(8).prefix(8))
      rest = rest.dropFirst(Self.headLength)
      let (end, overflow) = nameLength.addingReportingOverflow(length)
      guard !overflow, end <= UInt64(rest.count) else { throw Problem("it ends within a section") }
      let name = rest.prefix(Int(nameLength))
      let body = rest.dropFirst(Int(nameLength)).prefix(Int(length))
      guard UInt64(Self.checksum(name, body)) == checksum else {
        throw Problem("the checksum of section \(contents.count + 1) is wrong")
      }
      let text = String(decoding: name, as: UTF8.self)
      guard contents.updateValue(body, forKey: text) == nil else {
        throw Problem("two sections \(text)")
      }
      rest = rest.dropFirst(Int(end))
    }
  }

  /// The names of the sections that were not taken, in order.
  var names: [String] { contents.keys.sorted() }

  func contains(_ name: String) -> Bool { contents[name] != nil }

  /// Takes a section out.
  mutating func take(_ name: String) throws(Problem) -> Data {
    guard let body = contents.removeValue(forKey: name) else {
      throw Problem("there is no section \(name)")
    }
    return body
  }

  /// Adds a section to a file.
  package static func append(_ name: String, _ contents: Data, to file: inout Data) {
    let name = Data(name.utf8)
    withUnsafeBytes(of: UInt32(name.count).littleEndian) { file.append(contentsOf: $0) }
    withUnsafeBytes(of: checksum(name, contents).littleEndian) { file.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt64(contents.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(name)
    file.append(contents)
  }

  private static func checksum(_ name: Data, _ contents: Data) -> UInt32 {
    [name, contents].reduce(0) { sum, part in
      part.withUnsafeBytes { libdeflate_crc32(sum, $0.baseAddress, $0.count) }
    }
  }

  private static func number(_ bytes: Data) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
