import Foundation

/// Which data set is meant: one known by name, the generated digits, or the user's own files.
public enum DatasetSource: Sendable, Hashable, CustomStringConvertible {
  /// A data set known by name.
  case published(PublishedDataset)
  /// The digits drawn by a program (``GeneratedDigits``).
  case digits
  /// A folder of pictures, in a folder for each class, or one that holds four IDX files under their
  /// usual names, plain or compressed; of several sets, the path ends in what their names begin with.
  case directory(String)
  /// A NumPy archive (`.npz`), or a folder of `.npy` files, with the arrays `x_train`, `y_train`, `x_test`
  /// and `y_test`, as Keras's `mnist.npz`, or `X` and `y`. Samples of uint8 become 0…1; those of another
  /// type are taken as they stand, float64 and wide integers rounded to Float. Labels are integers from 0.
  case numPyArchive(String)
  /// A table in a text file (``Table``), prepared as ``TableSettings`` say.
  case csv(String)

  /// MNIST.
  public static let mnist = DatasetSource.published(.mnist)
  /// Fashion-MNIST.
  public static let fashionMNIST = DatasetSource.published(.fashionMNIST)

  /// Understands `mnist`, `fashion-mnist`, `digits`, or the path of a folder (of pictures, IDX or `.npy`
  /// files), of a file that ends in `.npz`, or of a table: a text file, or one that ends in `.csv`, `.tsv`,
  /// `.txt` or `.data`, also compressed (`.csv.gz`).
  ///
  /// A name goes before a folder called the same, which is meant by `./mnist`.
  /// - Throws: ``DatasetError`` where the text is neither a name nor such a path.
  public init(parsing text: String) throws(DatasetError) {
    if let known = PublishedDataset.all.first(where: { $0.name == text }) {
      self = .published(known)
    } else if text == Self.digits.description {
      self = .digits
    } else {
      switch FileAccess.kind(of: text) {
      case .folder where NumPyArchive.isFolder(text, of: NumPyDatasetReader.sampleNames):
        self = .numPyArchive(text)
      case .folder: self = .directory(text)
      case .nothing where (try? DatasetFolder.idx(text)) != nil: self = .directory(text)
      case .nothing:
        throw DatasetError(
          .missingFile, path: text, "expected \(Self.choices), found no such file or folder")
      case .file where text.lowercased().hasSuffix(".npz"): self = .numPyArchive(text)
      case .file where Self.isTable(text) || Self.isText(text): self = .csv(text)
      case .file, .other:
        throw .malformed(text, expected: Self.choices, found: "a file")
      }
    }
  }

  /// Whether a name ends as those of tables do.
  private static func isTable(_ path: String) -> Bool {
    let name = path.lowercased()
    let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    return [".csv", ".tsv", ".txt", ".data"].contains { plain.hasSuffix($0) }
  }

  /// Whether a file begins as texts do: without control characters, or with a mark of UTF-16.
  private static func isText(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path),
      let bytes = try? file.read(upToCount: 4096), !bytes.isEmpty
    else { return false }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
    return bytes.allSatisfy { $0 >= 0x20 || 0x09...0x0D ~= $0 }
  }

  private static let choices =
    PublishedDataset.all.map(\.name).joined(separator: ", ")
    + ", digits, a folder with the four IDX files, with .npy files or with pictures in a folder for each "
    + "class, a .npz file or a table in a text file"

  /// Whether it is a folder of pictures, in a folder for each class.
  package var isOfPictures: Bool {
    if case .directory(let path) = self { PictureFolder.isOne(path) } else { false }
  }

  /// The text that ``init(parsing:)`` understands.
  public var description: String {
    switch self {
    case .published(let dataset): dataset.name
    case .digits: "digits"
    case .directory(let path), .numPyArchive(let path), .csv(let path): path
    }
  }
}
