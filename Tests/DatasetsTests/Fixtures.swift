import CLibdeflate
import Datasets
import Foundation

/// A folder that is deleted with its last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "maru-datasets-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, and the folders above it, and gives its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  /// The paths of all files and folders inside, sorted.
  var contents: [String] {
    (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
  }
}

/// The bytes of an IDX file.
func idx(_ type: UInt8, _ sizes: [Int], _ elements: [UInt8]) -> [UInt8] {
  let header = [0, 0, type, UInt8(sizes.count)]
  return header + sizes.flatMap { bigEndian(UInt32($0)) } + elements
}

/// The bytes of an IDX file of unsigned bytes.
func idx(_ sizes: [Int], _ elements: [UInt8]) -> [UInt8] { idx(0x08, sizes, elements) }

func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

/// A gzip archive of one member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  let compressor = libdeflate_alloc_compressor(6)
  defer { libdeflate_free_compressor(compressor) }
  let bound = libdeflate_gzip_compress_bound(compressor, bytes.count)
  return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
    count = libdeflate_gzip_compress(compressor, bytes, bytes.count, output.baseAddress, bound)
  }
}

/// A small data set of 2×3 images in three classes.
enum Pebbles {
  typealias Part = PublishedDataset.Part

  static let files: [Part: [UInt8]] = [
    .trainImages: idx([4, 2, 3], (0..<24).map { UInt8($0 * 10) }),
    .trainLabels: idx([4], [0, 2, 1, 2]),
    .testImages: idx([2, 2, 3], (0..<12).map { UInt8(200 + $0) }),
    .testLabels: idx([2], [1, 0]),
  ]

  static let dataset = PublishedDataset(
    name: "pebbles", summary: "a few pebbles", classNames: ["round", "flat", "broken"],
    imageShape: [2, 3], mirrors: [], debianPackage: nil,
    files: files.mapValues {
      PublishedDataset.File(byteCount: $0.count, sha256: sha256($0[...]))
    })

  /// Writes the four files, some of them with other bytes or (empty) not at all.
  static func write(
    to folder: TemporaryFolder, under name: String = "", suffix: String = "",
    changing changes: [Part: [UInt8]] = [:]
  ) throws {
    for part in Part.allCases {
      let bytes = changes[part] ?? files[part] ?? []
      if bytes.isEmpty { continue }
      try folder.write(
        suffix == ".gz" ? gzip(bytes) : bytes, to: "\(name)/\(part.fileName)\(suffix)")
    }
  }
}
