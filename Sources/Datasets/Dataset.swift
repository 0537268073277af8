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
    pictures: PicturePreparation? = nil, notes: [String] = []
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
  }

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
  /// - Throws: ``DatasetError`` where the set is not found or its files are not what they should be.
  public static func load(
    _ source: DatasetSource, dataDirectory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    table settings: TableSettings = TableSettings()
  ) throws(DatasetError) -> Dataset {
    switch source {
    case .digits:
      return GeneratedDigits.dataset()
    case .published(let dataset):
      let folder = try DatasetFolder.find(
        dataset, dataDirectory: dataDirectory, environment: environment)
      return try DatasetReader(folder: folder, published: dataset).read()
    case .directory(let path) where PictureFolder.isOne(path):
      return try PictureDatasetReader(
        folder: PictureFolder(path), size: settings.imageSize
      ).dataset(TableSplit(settings.split, fraction: settings.testSplit, seed: settings.seed))
    case .directory(let path):
      return try DatasetReader(folder: .idx(path), published: nil).read()
    case .numPyArchive(let path):
      return try NumPyDatasetReader(path: path, settings: settings).read()
    case .csv(let path): return try Dataset(of: Table(contentsOf: path, settings.options), settings)
    }
  }
}
