import Tensors

/// Reads a data set from a NumPy archive in the layout of Keras's `mnist.npz`: samples under
/// `x_train` and `x_test`, the class of each under `y_train` and `y_test`.
///
/// Samples of uint8 are images, whose 0…255 become 0…1; of any other type they are taken as they
/// stand. Labels are integers from 0 of any width, [n] or [n, 1].
struct NumPyDatasetReader {
  let path: String

  private static let names = ["x_train", "y_train", "x_test", "y_test"]
  /// As many classes as labels may tell apart: a label alone is no reason to name billions.
  private static let mostClasses = 65_536

  func read() throws(DatasetError) -> Dataset {
    let archive = try NumPyArchive(contentsOf: path)
    let missing = Self.names.filter { !archive.names.contains($0) }
    guard missing.isEmpty else {
      throw .malformed(
        path, expected: "the arrays \(Self.names.joined(separator: ", "))",
        found: "no \(missing.joined(separator: ", ")) among \(archive.names)")
    }
    let train = try part("train", archive)
    let test = try part("test", archive)
    guard train.images.shape == test.images.shape else {
      throw .malformed(
        path, expected: "x_test of samples of \(train.images.shape), as in x_train",
        found: "\(test.images.shape)")
    }
    let classCount = (train.labels + test.labels).reduce(0) { max($0, $1 + 1) }
    return Dataset(
      name: path, classNames: (0..<classCount).map(String.init), train: train, test: test)
  }

  private func part(
    _ part: String, _ archive: NumPyArchive
  ) throws(DatasetError) -> LabelledImages {
    let images = try images("x_\(part)", archive)
    let labels = try labels("y_\(part)", archive)
    guard images.count == labels.count else {
      throw .malformed(
        path, expected: "\(images.count) labels in y_\(part), one per sample",
        found: "\(labels.count)")
    }
    return LabelledImages(images: images, labels: labels)
  }

  private func images(_ name: String, _ archive: NumPyArchive) throws(DatasetError) -> Images {
    guard let array = try archive.array(name), array.shape.rank >= 2, array.shape.count > 0,
      array.shape[0] <= Int(Int32.max)
    else {
      throw .malformed(
        path, expected: "samples in \(name): two axes or more", found: "none or fewer")
    }
    let shape = array.shape.withoutFirst
    if array.elementType == .uint8 { return Images(pixels: array.bytes, shape: shape) }
    let values = array.tensor
    if let index = values.withUnsafeBufferPointer({ $0.firstIndex { !$0.isFinite } }) {
      throw .malformed(
        path, expected: "finite numbers in \(name)",
        found: "NaN or infinity in sample \(index / shape.count)")
    }
    return Images(values: values)
  }

  private func labels(_ name: String, _ archive: NumPyArchive) throws(DatasetError) -> [Int] {
    guard let array = try archive.array(name),
      array.shape.rank == 1 || array.shape.rank == 2 && array.shape[1] == 1,
      let labels = array.integers
    else {
      throw .malformed(
        path, expected: "labels in \(name): one axis of integers", found: "another array")
    }
    if let index = labels.firstIndex(where: { !(0..<Self.mostClasses).contains($0) }) {
      throw .malformed(
        path, expected: "labels in 0..<\(Self.mostClasses) in \(name)",
        found: "\(labels[index]) at index \(index)")
    }
    return labels
  }
}
