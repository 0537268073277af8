import Tensors

/// Named arrays: those of a NumPy archive (`.npz`), a zip archive with a `.npy` file for each, as
/// `numpy.savez` and `numpy.savez_compressed` write them, or those of a folder of `.npy` files.
///
/// Each array of an archive is checked against its CRC-32, and inflated only when it is asked for.
public struct NumPyArchive: Sendable {
  private enum Place {
    case archive(ZipArchive)
    case folder
  }
  private let place: Place
  private let path: String
  private let limit: Int
  /// The names of the arrays, sorted.
  public let names: [String]

  private static let suffix = ".npy"

  /// Reads the archive's directory, or the names in a folder.
  /// - Parameters:
  ///   - path: the file, of up to 4 GiB, or the folder
  ///   - limit: the most bytes that it, and each array, may have; 1 GiB by default. It bounds the
  ///     memory that a malicious archive can claim.
  /// - Throws: ``DatasetError`` where the file is missing, cannot be read, or is no zip archive.
  public init(
    contentsOf path: String, limit: Int = IDXArray.defaultLimit
  ) throws(DatasetError) {
    (self.path, self.limit) = (path, limit)
    let files: [String]
    if FileAccess.kind(of: path) == .folder {
      (place, files) = (.folder, PictureFolder.entries(of: path))
    } else {
      let archive = try ZipArchive(FileAccess.read(path, limit: limit), path: path)
      (place, files) = (.archive(archive), archive.names)
    }
    names = files.filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(4)) }.sorted()
  }

  /// Whether a path is that of a folder with arrays of some of these names in files.
  static func isFolder(_ path: String, of names: [String]) -> Bool {
    guard FileAccess.kind(of: path) == .folder else { return false }
    let entries = PictureFolder.entries(of: path)
    return names.contains { entries.contains($0 + suffix) }
  }

  /// Reads an array; nil where there is none of this name.
  /// - Throws: ``DatasetError`` of kind `malformed` where it is encrypted, damaged, larger than the
  ///   limit, or not one whole array of numbers.
  public func array(_ name: String) throws(DatasetError) -> NumPyArray? {
    switch place {
    case .folder:
      if !names.contains(name) { return nil }
      return try NumPyArray(contentsOf: file(name), limit: limit)
    case .archive(let archive):
      let path = "\(path): \(name)"
      let bytes = try archive.contents(of: name + Self.suffix, limit: limit) {
        start throws(DatasetError) in
        try NumPyArray.fileCount(toldBy: start, path: path)
      }
      guard let bytes else { return nil }
      return try NumPyArray(bytes, path: path)
    }
  }

  private func file(_ name: String) -> String { DatasetFolder.join(path, name + Self.suffix) }

  /// The samples of an array as they stand, a sample along its first axis: of a large file in a folder
  /// where they lie. Nil where the array has fewer than two axes, or none of this name is there.
  func samples(_ name: String, _ memory: MemoryBudget) throws(DatasetError) -> NumPySamples? {
    if case .folder = place, names.contains(name), memory.isReadInPlace(file(name)) {
      let file = try MappedFile(file(name))
      guard let array = try NumPyArray.place(in: file) else {
        throw .malformed(
          file.path, expected: "rows that lie one after the other in a file of this size",
          found: "columns that do (Fortran's order); numpy.ascontiguousarray makes rows")
      }
      guard array.shape.areSamples else { return nil }
      let samples = FileSamples(
        file, offset: array.offset, array.elementType.format, isBigEndian: array.isBigEndian,
        shape: array.shape)
      return NumPySamples(
        images: Images(
          samples, shape: array.shape.withoutFirst, blockShuffle: memory.shuffle(of: samples)),
        elementType: array.elementType)
    }
    guard let array = try array(name), array.shape.areSamples else { return nil }
    return NumPySamples(array)
  }
}

extension Shape {
  /// Whether it can be that of samples along the first axis.
  fileprivate var areSamples: Bool { rank >= 2 && count > 0 && self[0] <= Int(Int32.max) }
}

/// The samples of an array as they stand: bytes as pixels, all others as floats.
struct NumPySamples {
  let images: Images
  let elementType: NumPyArray.ElementType
}

extension NumPySamples {
  init(_ array: NumPyArray) {
    images =
      array.elementType == .uint8
      ? Images(pixels: array.bytes, shape: array.shape.withoutFirst)
      : Images(values: array.tensor)
    elementType = array.elementType
  }
}
