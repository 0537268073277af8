import CLibdeflate

/// The files in a zip archive (PKWARE's APPNOTE), as far as NumPy writes them: stored or deflated,
/// not encrypted, not split, and not so large that they need ZIP64.
///
/// The directory at the archive's end is believed, and checked against the size of the archive;
/// nothing is inflated before it is asked for.
struct ZipArchive {
  /// One file, as the directory gives it.
  private struct Entry {
    let isEncrypted: Bool
    let method: Int
    let checksum: UInt32
    let compressedCount: Int
    let byteCount: Int
    let offset: Int
  }

  private let bytes: [UInt8]
  private let path: String
  private var entries: [String: Entry] = [:]
  /// Where the directory begins, behind the last file.
  private let directory: Int

  /// The names of the files, sorted.
  var names: [String] { entries.keys.sorted() }

  /// Reads the directory of an archive.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    (self.bytes, self.path) = (bytes, path)
    guard let end = Self.end(of: bytes) else {
      throw .malformed(
        path, expected: "a zip archive, whose directory lies at its end", found: "none")
    }
    let count = bytes.number(2, at: end + 10)
    let size = bytes.number(4, at: end + 12)
    directory = bytes.number(4, at: end + 16)
    let numbers = (bytes.number(4, at: end + 4), bytes.number(2, at: end + 8))
    guard numbers == (0, count), directory + size == end else {
      throw .malformed(
        path, expected: "a zip archive in one part and without ZIP64, up to 4 GiB",
        found: "a directory of \(size) bytes at byte \(directory), its end at byte \(end)")
    }
    var position = directory
    for _ in 0..<count { try add(entryAt: &position, end: end) }
    guard position == end else { throw damaged("the directory ends at byte \(position)") }
    // Else a small archive could give the same bytes out as many files, each of them huge.
    let byteCount = entries.values.reduce(0) { $0 + $1.compressedCount }
    guard byteCount <= directory else {
      throw damaged("\(byteCount) bytes of files in \(directory)")
    }
  }

  private func damaged(_ found: String) -> DatasetError {
    .malformed(path, expected: "a whole zip archive", found: found)
  }

  /// Where the record lies that ends the archive: 22 bytes, and a comment that reaches to the end.
  private static func end(of bytes: [UInt8]) -> Int? {
    let last = bytes.count - 22
    guard last >= 0 else { return nil }
    return (max(0, last - 0xFFFF)...last).reversed().first {
      bytes[$0] == 0x50 && bytes.number(4, at: $0) == 0x0605_4B50
        && bytes.number(2, at: $0 + 20) == last - $0
    }
  }

  private mutating func add(entryAt position: inout Int, end: Int) throws(DatasetError) {
    guard position + 46 <= end, bytes.number(4, at: position) == 0x0201_4B50 else {
      throw damaged("no file's record at byte \(position) of the directory")
    }
    let start = position
    let nameCount = bytes.number(2, at: start + 28)
    position += 46 + nameCount + bytes.number(2, at: start + 30) + bytes.number(2, at: start + 32)
    guard position <= end,
      let name = String(
        validating: bytes[start + 46..<start + 46 + nameCount], as: UTF8.self)
    else { throw damaged("a record cut off or misnamed at byte \(start) of the directory") }
    let entry = Entry(
      isEncrypted: bytes.number(2, at: start + 8) & 1 == 1,
      method: bytes.number(2, at: start + 10),
      checksum: UInt32(bytes.number(4, at: start + 16)),
      compressedCount: bytes.number(4, at: start + 20), byteCount: bytes.number(4, at: start + 24),
      offset: bytes.number(4, at: start + 42))
    guard entries.updateValue(entry, forKey: name) == nil else {
      throw damaged("two files named \(name)")
    }
  }

  /// The contents of a file, at most `limit` bytes; nil where there is no such file.
  ///
  /// Where the directory tells of more than ``Deflated/modestCount(for:)``, it is believed once the
  /// data hold as much, and their own first bytes tell of as much.
  /// - Parameter told: how many bytes the contents have as their first ones tell
  /// - Throws: ``DatasetError`` where the file is encrypted or compressed in another way than deflate,
  ///   where it is damaged, and what `told` throws.
  func contents(
    of name: String, limit: Int, told: (_ start: ArraySlice<UInt8>) throws(DatasetError) -> Int
  ) throws(DatasetError) -> ArraySlice<UInt8>? {
    guard let entry = entries[name] else { return nil }
    guard !entry.isEncrypted, entry.method == 0 || entry.method == 8 else {
      throw .malformed(
        path, expected: "\(name) stored or deflated",
        found: entry.isEncrypted ? "it encrypted" : "method \(entry.method)")
    }
    guard entry.byteCount <= limit else {
      throw .malformed(
        path, expected: "\(name) of at most \(limit) bytes", found: "\(entry.byteCount)")
    }
    let header = entry.offset
    guard header + 30 <= directory, bytes.number(4, at: header) == 0x0403_4B50 else {
      throw damaged("no file at byte \(header), where \(name) should be")
    }
    let start = header + 30 + bytes.number(2, at: header + 26) + bytes.number(2, at: header + 28)
    guard start + entry.compressedCount <= directory else {
      throw damaged("\(name) cut off")
    }
    let data = bytes[start..<start + entry.compressedCount]
    if entry.method == 8 && entry.byteCount > Deflated.modestCount(for: data.count) {
      let size = try Deflated.size(of: data, in: .bare, limit: entry.byteCount, told: told)
      guard case .whole(entry.byteCount, let checksum) = size else {
        throw damaged("\(name) of another size than \(entry.byteCount) bytes")
      }
      guard checksum == entry.checksum else { throw damaged("\(name) damaged") }
    }
    guard let contents = entry.method == 0 ? data : Self.inflate(data, to: entry.byteCount),
      contents.count == entry.byteCount, Self.checksum(of: contents) == entry.checksum
    else { throw damaged("\(name) damaged") }
    return contents
  }

  private static func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
  }

  /// The inflated bytes, or nil where the data are damaged or of another size.
  private static func inflate(_ data: ArraySlice<UInt8>, to count: Int) -> ArraySlice<UInt8>? {
    guard let decompressor = libdeflate_alloc_decompressor() else {
      fatalError("ZipArchive: out of memory for a decompressor")
    }
    defer { libdeflate_free_decompressor(decompressor) }
    var consumed = 0
    var result = LIBDEFLATE_BAD_DATA
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, written in
      data.withUnsafeBytes { input in
        // Without a place for the size, it must be exactly that of the output.
        result = libdeflate_deflate_decompress_ex(
          decompressor, input.baseAddress, input.count, output.baseAddress, count, &consumed, nil)
      }
      written = result == LIBDEFLATE_SUCCESS ? count : 0
    }
    return result == LIBDEFLATE_SUCCESS && consumed == data.count ? bytes[...] : nil
  }
}

extension [UInt8] {
  /// The number of `count` bytes at a position, least significant first.
  fileprivate func number(_ count: Int, at position: Int) -> Int {
    self[position..<position + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
