import CLibdeflate
import Tensors

/// Reads gzip archives (RFC 1952) in one piece.
enum Gzip {
  /// The most bytes that an archive of `count` bytes takes: what can't be compressed is stored, in
  /// blocks of up to 65,535 bytes with 5 more each, and a header may hold a file's name.
  static func largestArchive(of count: Int) -> Int {
    require(0 <= count && count <= 1 << 48, "Gzip: expected a limit up to 2⁴⁸, got \(count)")
    return count + count / 1000 + 4096
  }

  /// Whether the bytes begin as an archive does.
  static func isArchive(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// The contents of an archive, of all its members in turn, at most `limit` bytes.
  ///
  /// The archive's last four bytes tell the size of its last member, and mostly the archive has
  /// only one. They are believed as far as ``Deflated/modestCount(for:)`` goes; where there is more,
  /// the archive is measured first, and refused where it holds more or less than its contents tell.
  /// - Parameter told: how many bytes the contents have as their first ones tell; nil where they do not
  /// - Throws: ``DatasetError`` where the archive is damaged, cut off or followed by something else,
  ///   where it holds more than `limit` or another number than was told, and what `told` throws.
  static func inflate(
    _ archive: [UInt8], limit: Int, path: String,
    told: ((_ start: ArraySlice<UInt8>) throws(DatasetError) -> Int)?
  ) throws(DatasetError) -> [UInt8] {
    let trailer = archive.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let capacity = min(max(trailer, 1), limit, Deflated.modestCount(for: archive.count))
    switch inflate(archive, capacity: capacity) {
    case .whole(let bytes): return bytes
    case .damaged(let offset): throw damaged(at: offset, path: path)
    case .tooLarge: break
    }
    let size = try Deflated.size(of: archive[...], in: .gzip, limit: limit) {
      start throws(DatasetError) in try told?(start) ?? limit
    }
    switch size {
    case .damaged(let offset): throw damaged(at: offset, path: path)
    case .more(let limit):
      throw .malformed(
        path, expected: "an archive of at most \(limit) bytes once inflated", found: "more")
    case .fewer(let count, let expected) where told != nil:
      throw .malformed(
        path, expected: "an archive of \(expected) bytes once inflated", found: "\(count)")
    case .fewer(let count, _), .whole(let count, _):
      // What zlib read, libdeflate reads too.
      guard case .whole(let bytes) = inflate(archive, capacity: count) else {
        throw damaged(at: 0, path: path)
      }
      return bytes
    }
  }

  private static func damaged(at offset: Int, path: String) -> DatasetError {
    .malformed(
      path, expected: "a whole gzip archive",
      found: "damaged, cut off or foreign data in the member at byte \(offset)")
  }

  private enum Outcome {
    case whole([UInt8])
    case damaged(offset: Int)
    case tooLarge
  }

  private static func inflate(_ archive: [UInt8], capacity: Int) -> Outcome {
    guard let decompressor = libdeflate_alloc_decompressor() else {
      fatalError("Gzip: out of memory for a decompressor")
    }
    defer { libdeflate_free_decompressor(decompressor) }
    var failure: Outcome?
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { output, written in
      archive.withUnsafeBytes { input in
        var position = 0
        while position < input.count && failure == nil {
          let rest = UnsafeRawBufferPointer(rebasing: input[position...])
          var (consumed, produced) = (0, 0)
          let result = libdeflate_gzip_decompress_ex(
            decompressor, rest.baseAddress, rest.count, output.baseAddress! + written,
            capacity - written, &consumed, &produced)
          switch result {
          case LIBDEFLATE_SUCCESS:
            position += consumed
            written += produced
          case LIBDEFLATE_INSUFFICIENT_SPACE: failure = .tooLarge
          default: failure = .damaged(offset: position)
          }
        }
      }
    }
    return failure ?? .whole(bytes)
  }
}
