import Tensors

/// Reads a data set from a NumPy archive: samples under `x_train` and `x_test`, the class of each under
/// `y_train` and `y_test`, as Keras's `mnist.npz`; or all under `X` and `y`, of which some are held out.
///
/// Pixels, whole numbers from 0 to 255 of any type, become 0…1; other samples are taken as they stand.
/// Labels are whole numbers of any type, from 0 or from 1, [n] or [n, 1], or rows of one 1 and zeros.
struct NumPyDatasetReader {
  let path: String
  let settings: TableSettings

  /// As many classes as labels may tell apart: a label alone is no reason to name billions.
  private static let mostClasses = 65_536
  /// Fewer numbers from 0 to 255 may be counts.
  private static let fewestPixels = 64
  private static let pairs = [("X", "y"), ("x", "y"), ("data", "target"), ("images", "labels")]

  func read() throws(DatasetError) -> Dataset {
    let archive = try NumPyArchive(contentsOf: path)
    let names = ["x_train", "y_train", "x_test", "y_test"]
    if names.allSatisfy(archive.names.contains) {
      let train = try part("x_train", "y_train", archive)
      let test = try part("x_test", "y_test", archive)
      guard train.images.shape == test.images.shape else {
        throw .malformed(
          path, expected: "x_test of samples of \(train.images.shape), as in x_train",
          found: "\(test.images.shape)")
      }
      guard train.isOfPixels == test.isOfPixels else {
        throw .malformed(
          path,
          expected: "x_train and x_test both of pixels, whole numbers from 0 to 255, or neither",
          found: "pixels in \(train.isOfPixels ? "x_train" : "x_test") alone")
      }
      return dataset(train, test, notes: [])
    }
    guard
      let pair = Self.pairs.first(where: {
        archive.names.contains($0.0) && archive.names.contains($0.1)
      })
    else {
      throw .malformed(
        path, expected: "the arrays \(names.joined(separator: ", ")), or X and y",
        found: "\(archive.names)")
    }
    let all = try part(pair.0, pair.1, archive)
    let split = TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed)
    let rows = split.rows(all.labels.count, labels: all.labels)
    return dataset(
      all.picked(rows.training), all.picked(rows.heldOut),
      notes: [
        "\(pair.0), \(pair.1): \(rows.heldOut.count) of \(all.labels.count) samples are held out to "
          + "test with"
      ])
  }

  /// Samples with their labels as they are in the file.
  private struct Part {
    let images: Images
    let labels: [Int]
    /// Whether they became 0…1, and the type of the array.
    let isOfPixels: Bool
    let type: NumPyArray.ElementType

    func picked(_ places: [Int]) -> Part {
      let whole = LabelledImages(images: images, labels: labels).picked(places)
      return Part(
        images: whole.images, labels: whole.labels, isOfPixels: isOfPixels, type: type)
    }
  }

  private func dataset(_ train: Part, _ test: Part, notes: [String]) -> Dataset {
    let labels = train.labels + test.labels
    let first = labels.min() == 1 ? 1 : 0
    let names = (first..<max(first, (labels.max() ?? -1) + 1)).map(String.init)
    var notes = notes
    if first == 1 { notes.append("labels are counted from 1, so 1 is the first class") }
    if train.isOfPixels && train.type != .uint8 {
      notes.append("samples of \(train.type) are pixels, 0 to 255, and become 0 to 1")
    }
    let known = Set(labels)
    let empty = names.indices.filter { !known.contains($0 + first) }.map { names[$0] }
    if !empty.isEmpty {
      notes.append("warning: classes without a sample: \(TableFindings.list(empty))")
    }
    func counted(_ part: Part) -> LabelledImages {
      LabelledImages(images: part.images, labels: part.labels.map { $0 - first })
    }
    return Dataset(
      name: path, classNames: names, train: counted(train), test: counted(test), preparation: nil,
      notes: notes)
  }

  private func part(
    _ samples: String, _ labels: String, _ archive: NumPyArchive
  ) throws(DatasetError) -> Part {
    let (images, isOfPixels, type) = try images(samples, archive)
    let classes = try classes(labels, archive)
    guard images.count == classes.count else {
      throw .malformed(
        path, expected: "\(images.count) labels in \(labels), one per sample",
        found: "\(classes.count)")
    }
    return Part(images: images, labels: classes, isOfPixels: isOfPixels, type: type)
  }

  private func images(
    _ name: String, _ archive: NumPyArchive
  ) throws(DatasetError) -> (images: Images, isOfPixels: Bool, type: NumPyArray.ElementType) {
    guard let array = try archive.array(name), array.shape.rank >= 2, array.shape.count > 0,
      array.shape[0] <= Int(Int32.max)
    else {
      throw .malformed(
        path, expected: "samples in \(name): two axes or more", found: "none or fewer")
    }
    let (shape, type) = (array.shape.withoutFirst, array.elementType)
    if type == .uint8 { return (Images(pixels: array.bytes, shape: shape), true, type) }
    let values = array.tensor
    if let index = values.withUnsafeBufferPointer({ $0.firstIndex { !$0.isFinite } }) {
      throw .malformed(
        path, expected: "finite numbers in \(name)",
        found: "NaN or infinity in sample \(index / shape.count)")
    }
    if settings.scale != Preparation.Scale.none, let pixels = pixels(of: values, shape) {
      return (Images(pixels: pixels, shape: shape), true, type)
    }
    return (Images(values: values), false, type)
  }

  /// The values as bytes, where all are whole numbers from 0 to 255, some are above 1, and there are
  /// enough of them for pixels.
  private func pixels(of values: Tensor, _ shape: Shape) -> [UInt8]? {
    guard shape.count >= Self.fewestPixels else { return nil }
    return values.withUnsafeBufferPointer { values in
      var hasMore = false
      for value in values {
        guard value == value.rounded(), 0...255 ~= value else { return nil }
        hasMore = hasMore || value > 1
      }
      return hasMore ? values.map { UInt8($0) } : nil
    }
  }

  private func classes(_ name: String, _ archive: NumPyArchive) throws(DatasetError) -> [Int] {
    guard let array = try archive.array(name) else {
      throw .malformed(path, expected: "labels in \(name)", found: "no such array")
    }
    guard let labels = Self.classes(array) else {
      throw .malformed(
        path,
        expected: "labels in \(name): whole numbers [n], or rows of one 1 and zeros [n, classes]",
        found: "\(array.elementType) \(array.shape); numbers are predicted from a table (.csv)")
    }
    if let index = labels.firstIndex(where: { !(0..<Self.mostClasses).contains($0) }) {
      throw .malformed(
        path, expected: "labels in 0..<\(Self.mostClasses) in \(name)",
        found: "\(labels[index]) at index \(index)")
    }
    return labels
  }

  /// The classes that an array stands for; nil where it is of other numbers.
  private static func classes(_ array: NumPyArray) -> [Int]? {
    let isColumn = array.shape.rank == 1 || array.shape.rank == 2 && array.shape[1] == 1
    if isColumn, let integers = array.integers { return integers }
    guard array.shape.rank == 1 || array.shape.rank == 2 else { return nil }
    let (columns, values) = (array.shape.rank == 1 ? 1 : array.shape[1], array.tensor)
    return values.withUnsafeBufferPointer { values in
      if columns == 1 {
        // Whole numbers of a float that are beyond an Int are beyond all classes.
        return values.allSatisfy { $0 == $0.rounded() && abs($0) < 1e9 }
          ? values.map { Int($0) } : nil
      }
      guard columns > 1 else { return nil }
      var classes: [Int] = []
      for start in stride(from: 0, to: values.count, by: columns) {
        let row = values[start..<start + columns]
        guard let one = row.firstIndex(of: 1), row.allSatisfy({ $0 == 0 || $0 == 1 }),
          row.lastIndex(of: 1) == one
        else { return nil }
        classes.append(one - start)
      }
      return classes
    }
  }
}
