/// What the labels of IDX files that nobody knows by name stand for.
struct IDXClasses {
  /// As many classes as labels may tell apart: a label alone is no reason to name billions.
  static let highest = 65_535

  /// The names of the classes.
  let names: [String]
  /// What is taken off a label, so that classes are counted from 0.
  private let first: Int

  /// Of labels of which the least is 1, as EMNIST's letters, 1 is the first class.
  init(_ labels: [Int], of folder: DatasetFolder) {
    let (least, greatest) = (labels.min() ?? 0, labels.max() ?? 0)
    first = least == 1 ? 1 : 0
    let numbers = Array(first...max(first, greatest))
    // https://www.nist.gov/itl/products-and-services/emnist-dataset: the letters of either case.
    names =
      folder.isTransposed && folder.prefix.contains("letters") && numbers == Array(1...26)
      ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map { String($0) } : numbers.map(String.init)
  }

  /// Samples with their classes counted from 0.
  func counted(_ part: LabelledImages) -> LabelledImages {
    first == 0 ? part : LabelledImages(images: part.images, labels: part.labels.map { $0 - first })
  }

  /// What has to be said of it.
  static func notes(_ folder: DatasetFolder, _ labels: [Int]) -> [String] {
    (folder.isTransposed ? ["EMNIST's images, which lie on their side, are turned"] : [])
      + (labels.min() == 1 ? ["labels are counted from 1, so 1 is the first class"] : [])
  }
}

extension DatasetFolder {
  /// Whether the columns of images lie one after the other, as in EMNIST's files.
  var isTransposed: Bool { prefix.lowercased().hasPrefix("emnist") }
}
