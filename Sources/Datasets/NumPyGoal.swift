import Tensors

/// What is to be predicted of the samples of an archive: the class of each, or numbers.
enum NumPyGoal {
  case classes([Int])
  /// [samples, numbers]
  case numbers(Tensor)

  /// As many classes as labels may tell apart: a label alone is no reason to name billions.
  private static let mostClasses = 65_536
  /// More whole numbers than this, of a type that has fractions, may be numbers to predict.
  private static let fewClasses = 20

  /// The number of samples.
  var count: Int {
    switch self {
    case .classes(let labels): labels.count
    case .numbers(let values): values.shape[0]
    }
  }

  /// The class of each sample, if it has one.
  var labels: [Int]? { if case .classes(let labels) = self { labels } else { nil } }

  /// Reads an array as what it looks like, or as the task that was asked for.
  ///
  /// Classes are whole numbers of any type, [n] or [n, 1], or rows of one 1 and zeros; numbers are of a
  /// floating-point type, [n] or [n, numbers].
  init(
    _ array: NumPyArray, _ name: String, path: String, task: Preparation.Task?
  ) throws(DatasetError) {
    let isOfNumbers =
      switch task {
      case .regression: true
      case .classification: false
      case nil: Self.looksLikeNumbers(array)
      }
    if isOfNumbers {
      self = .numbers(try Self.numbers(array, name, path))
      return
    }
    guard let labels = Self.classes(array) else {
      throw .malformed(
        path,
        expected: "labels in \(name): whole numbers [n], or rows of one 1 and zeros [n, classes]",
        found: "\(array.elementType) \(array.shape)"
          + (task == nil ? "; --task regression predicts numbers" : ""))
    }
    if let index = labels.firstIndex(where: { !(0..<Self.mostClasses).contains($0) }) {
      throw .malformed(
        path, expected: "labels in 0..<\(Self.mostClasses) in \(name)",
        found: "\(labels[index]) at index \(index)")
    }
    self = .classes(labels)
  }

  /// Whether an array of a floating-point type has values that stand for no classes.
  private static func looksLikeNumbers(_ array: NumPyArray) -> Bool {
    guard 1...2 ~= array.shape.rank, array.integers == nil, array.elementType.isFloat else {
      return false
    }
    guard let classes = classes(array) else {
      // Rows of ones and zeros are decisions, of which there is more than one.
      return array.tensor.withUnsafeBufferPointer { $0.contains { $0 != 0 && $0 != 1 } }
    }
    return classes.contains { !(0..<mostClasses).contains($0) }
  }

  private static func numbers(
    _ array: NumPyArray, _ name: String, _ path: String
  ) throws(DatasetError) -> Tensor {
    guard 1...2 ~= array.shape.rank, array.shape.count > 0 else {
      throw .malformed(
        path, expected: "numbers to predict in \(name), [n] or [n, numbers]",
        found: "\(array.elementType) \(array.shape)")
    }
    let (values, columns) = (array.tensor, array.shape.rank == 1 ? 1 : array.shape[1])
    if let index = values.withUnsafeBufferPointer({ $0.firstIndex { !$0.isFinite } }) {
      throw .malformed(
        path, expected: "finite numbers in \(name)",
        found: "NaN or infinity in sample \(index / columns)")
    }
    return values.reshaped(to: [array.shape[0], columns])
  }

  /// What has to be said of labels that might be numbers.
  func note(_ array: NumPyArray, _ name: String) -> String? {
    guard array.elementType.isFloat, array.shape.rank == 1, case .classes(let labels) = self else {
      return nil
    }
    let count = Set(labels).count
    return count > Self.fewClasses
      ? "\(name): \(count) whole numbers of \(array.elementType) are taken for classes "
        + "(--task regression)" : nil
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

extension NumPyArray.ElementType {
  /// Whether it has fractions.
  fileprivate var isFloat: Bool { [.float16, .float32, .float64].contains(self) }
}
