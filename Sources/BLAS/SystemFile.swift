#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The small files in which Linux tells about the machine and the process.
package enum SystemFile {
  /// The lines of a file; none where it cannot be read.
  package static func lines(of path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    return Array(sequence(state: ()) { _ in line(from: file) })
  }

  private static func line(from file: UnsafeMutablePointer<FILE>) -> String? {
    var line = [CChar](repeating: 0, count: 4096)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let bytes = line.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }
    return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
