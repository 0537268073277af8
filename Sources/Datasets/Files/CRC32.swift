import CLibdeflate
import CZlib

/// The checksum of gzip (RFC 1952), computed on all threads.
enum CRC32 {
  /// In bytes: what a thread takes at once.
  private static let stretch = 1 << 22

  static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let sums = inParallel((bytes.count + stretch - 1) / stretch) { index in
      let range = index * stretch..<min(bytes.count, (index + 1) * stretch)
      let part = UnsafeRawBufferPointer(rebasing: bytes[range])
      return (sum: libdeflate_crc32(0, part.baseAddress, part.count), count: part.count)
    }
    return sums.reduce(0) { UInt32(crc32_combine(UInt($0), UInt($1.sum), $1.count)) }
  }
}
