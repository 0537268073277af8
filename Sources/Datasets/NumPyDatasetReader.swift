import Tensors

/// Reads a data set from a NumPy archive, or from a folder of arrays: samples under `x_train` and `x_test`,
/// the class of each or the numbers to predict under `y_train` and `y_test`, as Keras's `mnist.npz`; or all
/// under `X` and `y`, of which some are held out.
///
/// Pixels, whole numbers from 0 to 255 of any type, become 0…1; other samples are taken as they stand.
/// Classes are counted from 0 or from 1.
struct NumPyDatasetReader {
  let path: String
  let settings: TableSettings
  /// How the model takes arrays whose samples are read; nil where they are to be learned from.
  var known: ArrayPreparation?
  var memory = MemoryBudget()

  private static let pairs = [("X", "y"), ("x", "y"), ("data", "target"), ("images", "labels")]
  private static let parts = ["x_train", "y_train", "x_test", "y_test"]

  /// The names that samples may have.
  static let sampleNames = [parts[0]] + pairs.map(\.0)

  /// Samples with what is to be predicted of them, as they are in the file.
  fileprivate struct Part {
    let images: Images
    let goal: NumPyGoal
    let isOfPixels: Bool
    let notes: [String]
  }

  func read() throws(DatasetError) -> Dataset {
    let archive = try NumPyArchive(contentsOf: path)
    if Self.parts.allSatisfy(archive.names.contains) {
      let train = try part("x_train", "y_train", archive, settings.task, by: known)
      let task: Preparation.Task = train.goal.labels == nil ? .regression : .classification
      let test = try part(
        "x_test", "y_test", archive, task, by: train.isOfPixels ? .pixels : known)
      guard train.images.shape == test.images.shape else {
        throw .malformed(
          path, expected: "x_test of samples of \(train.images.shape), as in x_train",
          found: "\(test.images.shape)")
      }
      guard train.isOfPixels == test.isOfPixels else {
        throw .malformed(
          path,
          expected: "x_train and x_test both of pixels, whole numbers from 0 to 255, or neither",
          found: "pixels in x_test alone")
      }
      return try dataset(train, test, named: "y", train.notes)
    }
    let pair = try pair(in: archive)
    let all = try part(pair.0, pair.1, archive, settings.task, by: known)
    let checksum = labelled(all).checksum
    let source = known?.source.flatMap { $0.checksum == checksum ? $0 : nil }
    let split =
      source?.split
      ?? TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed)
    let rows = split.rows(all.goal.count, labels: all.goal.labels)
    return try dataset(
      all.picked(rows.training), all.picked(rows.heldOut), named: pair.1,
      all.notes + [
        "\(pair.0), \(pair.1): \(rows.heldOut.count) of \(all.goal.count) samples are held out to "
          + "test with"
      ], source: .init(checksum: checksum, split: split))
  }

  /// What a model is to be scored on: the part to test with; of one part all, but of that which the model
  /// was trained on only what was held out.
  func scored() throws(DatasetError) -> Dataset {
    let archive = try NumPyArchive(contentsOf: path)
    let hasParts = Self.parts.allSatisfy(archive.names.contains)
    let pair = hasParts ? ("x_test", "y_test") : try pair(in: archive)
    let read = try part(
      pair.0, pair.1, archive, known.map { $0.label?.task ?? .classification }, by: known)
    var (part, isHeldOut) = (read, false)
    if !hasParts, let source = known?.source, source.checksum == labelled(read).checksum {
      part = read.picked(source.split.rows(read.goal.count, labels: read.goal.labels).heldOut)
      isHeldOut = true
    }
    let names = Self.names(part.goal.labels ?? [])
    var preparation = known ?? ArrayPreparation(part.images, isOfPixels: part.isOfPixels)
    if known == nil, case .numbers(let values) = part.goal {
      // A model that has learned no scale gives the numbers themselves.
      preparation.label = Preparation.Label(
        task: .regression,
        targets: Self.targets("y", values.shape[1]).map { Preparation.Target($0) })
    }
    let samples = try labelled(part, by: preparation.label, first: names.first)
    return Dataset(
      name: path, classNames: names.all, train: samples, test: samples, preparation: nil,
      isHeldOut: isHeldOut, arrays: preparation, notes: part.notes)
  }

  private func pair(in archive: NumPyArchive) throws(DatasetError) -> (String, String) {
    let pair = Self.pairs.first {
      archive.names.contains($0.0) && archive.names.contains($0.1)
    }
    guard let pair else {
      throw .malformed(
        path, expected: "the arrays \(Self.parts.joined(separator: ", ")), or X and y",
        found: "\(archive.names)")
    }
    return pair
  }

  /// Classes by their numbers, from 1 where there is no 0.
  private static func names(_ labels: [Int]) -> (first: Int, all: [String]) {
    let first = labels.min() == 1 ? 1 : 0
    return (first, (first..<max(first, (labels.max() ?? -1) + 1)).map(String.init))
  }

  private func dataset(
    _ train: Part, _ test: Part, named name: String, _ notes: [String],
    source: PicturePreparation.Source? = nil
  ) throws(DatasetError) -> Dataset {
    var preparation = known ?? ArrayPreparation(train.images, isOfPixels: train.isOfPixels)
    (preparation.label, preparation.source) = (nil, source)
    if case .numbers(let values) = train.goal {
      preparation.label = label(of: values, named: name)
    }
    let labels = (train.goal.labels ?? []) + (test.goal.labels ?? [])
    let names = Self.names(labels)
    var notes = notes
    if names.first == 1 { notes.append("labels are counted from 1, so 1 is the first class") }
    let present = Set(labels)
    let empty = names.all.indices.filter { !present.contains($0 + names.first) }
    if !empty.isEmpty {
      notes.append(
        "warning: classes without a sample: \(TableFindings.list(empty.map { names.all[$0] }))")
    }
    return Dataset(
      name: path, classNames: names.all,
      train: try labelled(train, by: preparation.label, first: names.first),
      test: try labelled(test, by: preparation.label, first: names.first), preparation: nil,
      arrays: preparation, notes: notes)
  }

  /// What numbers are called, and their scale: that of the model, where it predicts as many.
  private func label(of values: Tensor, named name: String) -> Preparation.Label {
    let count = values.shape[1]
    if let known = known?.label, known.targets.count == count { return known }
    let targets = Self.targets(name, count).enumerated().map { column, name in
      Preparation.Target(
        name, learnedFrom: (0..<values.shape[0]).lazy.map { values[$0, column] })
    }
    return Preparation.Label(task: .regression, targets: targets)
  }

  /// What the columns of an array are called.
  private static func targets(_ name: String, _ count: Int) -> [String] {
    count == 1 ? [name] : (1...count).map { "\(name)\($0)" }
  }

  private func labelled(
    _ part: Part, by label: Preparation.Label?, first: Int
  ) throws(DatasetError) -> LabelledImages {
    switch part.goal {
    case .classes(let labels):
      return LabelledImages(images: part.images, labels: labels.map { $0 - first })
    case .numbers(let values):
      guard let label, values.shape[1] == label.targets.count else {
        throw .malformed(
          path, expected: "\(label?.targets.count ?? 0) numbers to predict a sample",
          found: "\(values.shape[1])")
      }
      return LabelledImages(images: part.images, targets: label.outputs(for: values))
    }
  }

  /// Samples as they are in the file, to tell whether they are the same.
  private func labelled(_ part: Part) -> LabelledImages {
    switch part.goal {
    case .classes(let labels): LabelledImages(images: part.images, labels: labels)
    case .numbers(let values): LabelledImages(images: part.images, targets: values)
    }
  }

  private func part(
    _ samples: String, _ labels: String, _ archive: NumPyArchive, _ task: Preparation.Task?,
    by known: ArrayPreparation?
  ) throws(DatasetError) -> Part {
    guard let array = try archive.array(labels) else {
      throw .malformed(path, expected: "labels in \(labels)", found: "no such array")
    }
    let (images, isOfPixels, note) = try images(samples, archive, by: known)
    let goal = try NumPyGoal(array, labels, path: path, task: task)
    guard images.count == goal.count else {
      throw .malformed(
        path, expected: "\(images.count) labels in \(labels), one per sample",
        found: "\(goal.count)")
    }
    let doubt = task == nil ? goal.note(array, labels) : nil
    return Part(
      images: images, goal: goal, isOfPixels: isOfPixels, notes: [note, doubt].compactMap { $0 })
  }

  private func images(
    _ name: String, _ archive: NumPyArchive, by known: ArrayPreparation?
  ) throws(DatasetError) -> (images: Images, isOfPixels: Bool, note: String?) {
    guard let samples = try archive.samples(name, memory) else {
      throw .malformed(
        path, expected: "samples in \(name): two axes or more", found: "none or fewer")
    }
    let (images, width) = (samples.images, samples.images.shape.count)
    if !images.arePixels {
      var wrong: Int?
      images.forEachBlock { first, values in
        wrong = values.firstIndex { !$0.isFinite }.map { first + $0 / width }
        return wrong == nil
      }
      if let wrong {
        throw .malformed(
          path, expected: "finite numbers in \(name)", found: "NaN or infinity in sample \(wrong)")
      }
    }
    if let known {
      let (images, note) = try known.prepared(images, name, path: path)
      return (images, known.isOfPixels, note)
    }
    let found = ArrayPreparation.found(images, scales: settings.scale != Preparation.Scale.none)
    let note = "samples of \(samples.elementType) are pixels, 0 to 255, and become 0 to 1"
    return (
      found.images, found.isOfPixels,
      found.isOfPixels && samples.elementType != .uint8 ? note : nil
    )
  }
}

extension NumPyDatasetReader.Part {
  fileprivate func picked(_ places: [Int]) -> Self {
    let goal: NumPyGoal
    switch self.goal {
    case .classes(let labels): goal = .classes(places.map { labels[$0] })
    case .numbers(let values): goal = .numbers(values.picked(places))
    }
    return Self(
      images: images.picked(places), goal: goal, isOfPixels: isOfPixels, notes: notes)
  }
}

extension Dataset {
  /// The samples of a NumPy archive that a model which was trained on arrays or pictures is scored on:
  /// those of its part to test with, or all; of the archive that it was trained on only those held out.
  ///
  /// Throws where the file is none, and where its samples cannot go in as those went that the model has
  /// learned from.
  /// - Parameters:
  ///   - path: the file
  ///   - preparation: how the model takes arrays; nil where it does not know, and pixels are found out
  public init(
    scoredArrays path: String, by preparation: ArrayPreparation?
  ) throws(DatasetError) {
    self = try NumPyDatasetReader(path: path, settings: TableSettings(), known: preparation)
      .scored()
  }
}
