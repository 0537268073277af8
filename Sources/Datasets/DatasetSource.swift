/// Which data set is meant: one known by name, the generated digits, or a folder of files.
public enum DatasetSource: Sendable, Hashable, CustomStringConvertible {
  /// A data set known by name.
  case published(PublishedDataset)
  /// The digits drawn by a program (``GeneratedDigits``).
  case digits
  /// A folder that holds the four IDX files under their usual names, plain or compressed.
  case directory(String)

  /// MNIST.
  public static let mnist = DatasetSource.published(.mnist)
  /// Fashion-MNIST.
  public static let fashionMNIST = DatasetSource.published(.fashionMNIST)

  /// Understands `mnist`, `fashion-mnist`, `digits`, or the path of a folder.
  ///
  /// A name goes before a folder called the same, which is meant by `./mnist`.
  /// - Throws: ``DatasetError`` where the text is neither a name nor the path of a folder.
  public init(parsing text: String) throws(DatasetError) {
    if let known = PublishedDataset.all.first(where: { $0.name == text }) {
      self = .published(known)
    } else if text == Self.digits.description {
      self = .digits
    } else {
      switch FileAccess.kind(of: text) {
      case .folder: self = .directory(text)
      case .nothing:
        throw DatasetError(
          .missingFile, path: text, "expected \(Self.choices), found no such folder")
      case .file, .other:
        throw .malformed(text, expected: Self.choices, found: "a file")
      }
    }
  }

  private static let choices =
    PublishedDataset.all.map(\.name).joined(separator: ", ")
    + ", digits or a folder with the four IDX files"

  /// The text that ``init(parsing:)`` understands.
  public var description: String {
    switch self {
    case .published(let dataset): dataset.name
    case .digits: "digits"
    case .directory(let path): path
    }
  }
}
