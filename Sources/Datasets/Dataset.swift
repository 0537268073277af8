import Foundation
import Tensors

/// Labelled samples to train with and to test with.
public struct Dataset: Sendable {
  /// What the set is called.
  public let name: String
  /// The name of each class; a label is an index into it. Empty for a regression.
  public let classNames: [String]
  /// The images to train with.
  public let train: LabelledImages
  /// The images to test with.
  public let test: LabelledImages
  /// How the rows of a table became samples; nil for what is no table.
  public let preparation: Preparation?
  /// How picture files became samples; nil for what is no folder of pictures.
  public let pictures: PicturePreparation?
  /// How arrays or images became samples; nil where ``preparation`` or ``pictures`` tells.
  public let arrays: ArrayPreparation?
  /// What was guessed or left out in reading the files, in a line each.
  public let notes: [String]
  /// What was found out about the table.
  public let findings: TableFindings?
  /// Whether the samples to test with are those rows of a table that a model was not trained on.
  public let isHeldOut: Bool

  /// Creates a data set; a label outside the classes traps.
  public init(name: String, classNames: [String], train: LabelledImages, test: LabelledImages) {
    self.init(name: name, classNames: classNames, train: train, test: test, preparation: nil)
  }

  init(
    name: String, classNames: [String], train: LabelledImages, test: LabelledImages,
    preparation: Preparation?, findings: TableFindings? = nil, isHeldOut: Bool = false,
    pictures: PicturePreparation? = nil, arrays: ArrayPreparation? = nil, notes: [String] = []
  ) {
    for labels in [train.labels, test.labels] {
      let wrong = labels.first { !classNames.indices.contains($0) }
      require(
        wrong == nil, "Dataset: expected labels in 0..<\(classNames.count), got \(wrong ?? 0)")
    }
    self.name = name
    self.classNames = classNames
    self.train = train
    self.test = test
    (self.preparation, self.findings, self.isHeldOut) = (preparation, findings, isHeldOut)
    (self.pictures, self.notes) = (pictures, notes)
    let isOther = preparation == nil && pictures == nil && train.images.arePixels
    self.arrays = arrays ?? (isOther ? .pixels : nil)
  }

  /// The same with one more note.
  func noting(_ note: String) -> Dataset {
    Dataset(
      name: name, classNames: classNames, train: train, test: test, preparation: preparation,
      findings: findings, isHeldOut: isHeldOut, pictures: pictures, arrays: arrays,
      notes: notes + [note])
  }

  /// The numbers that are predicted, or the column of a table that has the classes; nil where the classes
  /// come from elsewhere.
  public var label: Preparation.Label? { preparation?.label ?? arrays?.label }

  /// Loads a data set.
  ///
  /// One known by name is looked for in `dataDirectory` if given, then in the folders
  /// `$MARU_DATA`, the user's cache (`$XDG_CACHE_HOME/maru` or `~/.cache/maru`) and
  /// /usr/share/datasets, each of which may hold a folder of the set's name. It blocks the thread that
  /// calls it until the files are read.
  /// - Parameters:
  ///   - source: which data set
  ///   - dataDirectory: the first place to look in, which may also hold the files itself
  ///   - environment: where $MARU_DATA, $XDG_CACHE_HOME and $HOME come from
  ///   - settings: how a table or a folder of pictures becomes samples
  ///   - memory: the bytes of memory that there are; those that the process may use unless given. Plain IDX
  ///     files and `.npy` files above a quarter of it, or above 1 GiB, are not read, but gathered from where
  ///     they lie, and tables above a quarter of it from a file of the cache. An epoch goes in blocks through
  ///     samples that are more than half of it (``Images/blockShuffle``).
  /// - Throws: ``DatasetError`` where the set is not found or its files are not what they should be.
  public static func load(
    _ source: DatasetSource, dataDirectory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    table settings: TableSettings = TableSettings(), memory: Int? = nil
  ) throws(DatasetError) -> Dataset {
    try load(
      source, dataDirectory: dataDirectory, environment: environment, table: settings,
      keeping: LearnedInputs(), memory: memory)
  }

  /// Loads a data set for a model that is to be trained further, and goes by what it has learned of
  /// others.
  package static func load(
    _ source: DatasetSource, dataDirectory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    table settings: TableSettings, keeping kept: LearnedInputs, memory: Int? = nil
  ) throws(DatasetError) -> Dataset {
    let budget = MemoryBudget(memory)
    switch source {
    case .digits:
      return GeneratedDigits.dataset()
    case .published(let dataset):
      let folder = try DatasetFolder.find(
        dataset, dataDirectory: dataDirectory, environment: environment)
      return try DatasetReader(folder: folder, published: dataset, memory: budget).read()
    case .directory(let path) where PictureFolder.isOne(path):
      return try PictureDatasetReader(
        folder: PictureFolder(path), size: settings.imageSize, known: kept.pictures
      ).dataset(TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed))
    case .directory(let path):
      return try DatasetReader(folder: .idx(path), published: nil, memory: budget).read()
    case .numPyArchive(let path):
      return try NumPyDatasetReader(
        path: path, settings: settings, known: kept.arrays, memory: budget
      ).read()
    case .csv(let path):
      let text = try TableText(contentsOf: path, memory: budget, environment: environment)
      if let known = kept.table {
        return try Dataset(
          of: Table(text, for: known, settings.options), settings, keeping: known)
      }
      if let scratch = text.scratch { return try TableCache(text, settings, in: scratch).dataset() }
      return try Dataset(of: Table(text, settings.options), settings)
    }
  }
}

extension Dataset {
  /// The same with the classes in another order, which are the same.
  package func ordered(by classNames: [String]) -> Dataset {
    let places = Dictionary(zip(classNames, classNames.indices)) { first, _ in first }
    let ordered = { (part: LabelledImages) in
      LabelledImages(
        images: part.images, labels: part.labels.map { places[self.classNames[$0]] ?? 0 })
    }
    return Dataset(
      name: name, classNames: classNames, train: ordered(train), test: ordered(test),
      preparation: preparation, findings: findings, isHeldOut: isHeldOut, pictures: pictures,
      arrays: arrays, notes: notes)
  }
}

/// What a model has learned of its data beside weights; nil for what it has not.
package struct LearnedInputs {
  package var table: Preparation?
  package var pictures: PicturePreparation?
  package var arrays: ArrayPreparation?

  package init(
    table: Preparation? = nil, pictures: PicturePreparation? = nil,
    arrays: ArrayPreparation? = nil
  ) {
    (self.table, self.pictures, self.arrays) = (table, pictures, arrays)
  }
}
