import CLibdeflate

/// A zip archive as it is put together for a test, each field open to be falsified.
struct ZipFile {
  struct Entry {
    var name: String
    var contents: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var checksum: UInt32?
    var byteCount: UInt32?
    var compressedCount: UInt32?
    var offset: UInt32?
    /// The bytes after the local header's name, as Python's force_zip64 adds them.
    var localExtra: [UInt8] = []
  }

  var entries: [Entry]
  var comment: [UInt8] = []

  init(_ entries: [Entry]) { self.entries = entries }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let data = entry.method == 8 ? deflated(entry.contents) : entry.contents
      let checksum =
        entry.checksum ?? UInt32(libdeflate_crc32(0, entry.contents, entry.contents.count))
      let name = Array(entry.name.utf8)
      let common =
        little(entry.flags) + little(entry.method) + little(UInt32(0)) + little(checksum)
        + little(entry.compressedCount ?? UInt32(data.count))
        + little(entry.byteCount ?? UInt32(entry.contents.count)) + little(UInt16(name.count))
      directory += [0x50, 0x4B, 1, 2] + little(UInt16(20)) + little(UInt16(20)) + common
      directory += [UInt8](repeating: 0, count: 12)
      directory += little(entry.offset ?? UInt32(file.count)) + name
      file += [0x50, 0x4B, 3, 4] + little(UInt16(20)) + common
      file += little(UInt16(entry.localExtra.count)) + name + entry.localExtra + data
    }
    let count = little(UInt16(entries.count))
    let end =
      [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + little(UInt32(directory.count))
      + little(UInt32(file.count)) + little(UInt16(comment.count)) + comment
    return file + directory + end
  }
}

private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

private func deflated(_ bytes: [UInt8]) -> [UInt8] {
  let compressor = libdeflate_alloc_compressor(6)
  defer { libdeflate_free_compressor(compressor) }
  let bound = libdeflate_deflate_compress_bound(compressor, bytes.count)
  return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
    count = libdeflate_deflate_compress(compressor, bytes, bytes.count, output.baseAddress, bound)
  }
}
