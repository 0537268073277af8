/// Named arrays in one NumPy archive (`.npz`): a zip archive with a `.npy` file for each, as
/// `numpy.savez` and `numpy.savez_compressed` write them.
///
/// Each array is checked against its CRC-32, and inflated only when it is asked for.
public struct NumPyArchive: Sendable {
  private let archive: ZipArchive
  private let path: String
  private let limit: Int

  /// Reads the archive's directory.
  /// - Parameters:
  ///   - path: the file, of up to 4 GiB
  ///   - limit: the most bytes that it, and each array, may have; 1 GiB by default. It bounds the
  ///     memory that a malicious archive can claim.
  /// - Throws: ``DatasetError`` where the file is missing, cannot be read, or is no zip archive.
  public init(
    contentsOf path: String, limit: Int = IDXArray.defaultLimit
  ) throws(DatasetError) {
    archive = try ZipArchive(FileAccess.read(path, limit: limit), path: path)
    (self.path, self.limit) = (path, limit)
  }

  /// The names of the arrays, sorted.
  public var names: [String] {
    archive.names.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
  }

  /// Reads an array; nil where there is none of this name.
  /// - Throws: ``DatasetError`` of kind `malformed` where it is encrypted, damaged, larger than the
  ///   limit, or not one whole array of numbers.
  public func array(_ name: String) throws(DatasetError) -> NumPyArray? {
    let path = "\(path): \(name)"
    let bytes = try archive.contents(of: name + ".npy", limit: limit) {
      start throws(DatasetError) in
      try NumPyArray.fileCount(toldBy: start, path: path)
    }
    guard let bytes else { return nil }
    return try NumPyArray(bytes, path: path)
  }
}
