import Datasets
import Foundation
import Tensors
import Testing

struct DatasetLoadingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(
    _ directory: String? = nil, environment: [String: String] = [:]
  ) throws(DatasetError) -> Dataset {
    try Dataset.load(
      .published(Pebbles.dataset), dataDirectory: directory, environment: environment)
  }

  @Test(arguments: ["", ".gz"])
  func loadsImagesAndLabels(_ suffix: String) throws {
    try Pebbles.write(to: folder, under: "pebbles", suffix: suffix)
    let dataset = try load(folder.path)
    #expect(dataset.name == "pebbles")
    #expect(dataset.classNames == ["round", "flat", "broken"])
    #expect(dataset.train.images.shape == [2, 3])
    #expect(dataset.train.labels == [0, 2, 1, 2])
    #expect(Array(dataset.train.images[1]) == [60, 70, 80, 90, 100, 110])
    #expect(dataset.test.labels == [1, 0])
    #expect(Array(dataset.test.images[0]) == [200, 201, 202, 203, 204, 205])
  }

  @Test func looksInEachPlaceInOrder() throws {
    let names = ["data", "cache/maru", "home/.cache/maru"]
    var environment = [
      "MARU_DATA": folder.path + "/data", "XDG_CACHE_HOME": folder.path + "/cache",
      "HOME": folder.path + "/home",
    ]
    for (index, name) in names.enumerated() {
      let labels = idx([2], [UInt8(index), 0])
      try Pebbles.write(to: folder, under: name + "/pebbles", changing: [.testLabels: labels])
    }
    #expect(try load(environment: environment).test.labels[0] == 0)
    environment["MARU_DATA"] = ""
    #expect(try load(environment: environment).test.labels[0] == 1)
    // A relative path there is to be ignored.
    environment["XDG_CACHE_HOME"] = "cache"
    #expect(try load(environment: environment).test.labels[0] == 2)
  }

  @Test func goesOnWhereAFileIsMissing() throws {
    try Pebbles.write(to: folder, under: "data/pebbles", changing: [.trainLabels: []])
    try Pebbles.write(to: folder, under: "home/.cache/maru/pebbles")
    let environment = ["MARU_DATA": folder.path + "/data", "HOME": folder.path + "/home"]
    #expect(try load(environment: environment).train.count == 4)
  }

  @Test func dataDirectoryMayHoldTheFilesItself() throws {
    try Pebbles.write(to: folder, suffix: ".gz")
    #expect(try load(folder.path).train.count == 4)
  }

  @Test func dataDirectoryIsTheFirstPlace() throws {
    try Pebbles.write(to: folder, under: "data/pebbles")
    try Pebbles.write(to: folder, under: "other", changing: [.trainLabels: [], .testImages: []])
    let other = folder.path + "/other"
    #expect(try load(other, environment: ["MARU_DATA": folder.path + "/data"]).train.count == 4)

    let error = #expect(throws: DatasetError.self) {
      try load(other, environment: ["MARU_DATA": other])
    }
    #expect(error?.kind == .missingFile)
    #expect(
      error?.description
        == "pebbles: found in none of \(other)/pebbles (no such folder), \(other) (lacks "
        + "train-labels-idx1-ubyte, t10k-images-idx3-ubyte), \(other)/pebbles (no such folder), "
        + "/usr/share/datasets/pebbles (no such folder); get it by `maru data fetch pebbles`")
  }

  @Test func namesAllPlacesWhereNothingIsFound() {
    let error = #expect(throws: DatasetError.self) {
      try load(environment: ["MARU_DATA": "/nowhere/data", "HOME": "/nowhere/home"])
    }
    #expect(
      error?.description
        == "pebbles: found in none of /nowhere/data/pebbles (no such folder), "
        + "/nowhere/home/.cache/maru/pebbles (no such folder), "
        + "/usr/share/datasets/pebbles (no such folder); get it by `maru data fetch pebbles`")
  }

  @Test func errorNamesTheDebianPackage() {
    let packaged = PublishedDataset(
      name: "packaged", summary: "", classNames: ["one"], imageShape: [1], mirrors: [],
      debianPackage: "dataset-packaged", files: [:])
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.published(packaged), environment: [:])
    }
    #expect(error?.problem.hasSuffix("or as Debian's package dataset-packaged") == true)
  }

  @Test func dataDirectoryMustExist() {
    let nowhere = folder.path + "/nowhere"
    let error = #expect(throws: DatasetError.self) { try load(nowhere) }
    #expect(error?.kind == .missingFile)
    #expect(
      error?.description == "\(nowhere): expected a folder of data sets, found no such folder")
  }

  @Test func loadsAFolderOfUnknownContents() throws {
    try Pebbles.write(to: folder, changing: [.testLabels: idx([2], [6, 0])])
    let dataset = try Dataset.load(DatasetSource(parsing: folder.path))
    #expect(dataset.name == folder.path)
    #expect(dataset.classNames == ["0", "1", "2", "3", "4", "5", "6"])
    #expect(dataset.test.labels == [6, 0])
  }

  @Test func acceptsTheNamesWithADot() throws {
    for (part, bytes) in Pebbles.files {
      try folder.write(bytes, to: part.fileName.replacing("-idx", with: ".idx"))
    }
    #expect(try Dataset.load(.directory(folder.path)).train.count == 4)
  }

  @Test func incompleteFolderIsRefused() throws {
    try Pebbles.write(to: folder, changing: [.testImages: []])
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.directory(folder.path))
    }
    #expect(error?.kind == .missingFile)
    #expect(
      error?.description == "\(folder.path): expected the four IDX files, found \(folder.path) "
        + "(lacks t10k-images-idx3-ubyte)")
  }
}

struct DatasetMismatchTests {
  typealias Part = PublishedDataset.Part

  /// A file that does not fit the others, and what its error must say after its path.
  private static let mismatches: [(Part, [UInt8], String)] = [
    (.trainLabels, idx([3], [0, 1, 2]), "expected 4 labels, one per image, found 3"),
    (.testLabels, idx([1], [2]), "expected 2 labels, one per image, found 1"),
    (.trainLabels, idx([4], [0, 1, 3, 2]), "expected labels in 0..<3, found 3 at index 2"),
    (
      .trainLabels, idx([], [1]),
      "expected labels: one axis of type uint8, found [] elements of type uint8"
    ),
    (
      .trainLabels, idx(0x09, [4], [0, 1, 2, 0]),
      "expected labels: one axis of type uint8, found [4] elements of type int8"
    ),
    (.testLabels, idx([0], []), "expected labels: one axis of type uint8, found none, [0]"),
    (
      .trainImages, idx([4, 6], [UInt8](repeating: 1, count: 24)),
      "expected images: three axes of type uint8, found [4, 6] elements of type uint8"
    ),
    (
      .trainImages, idx(0x0B, [1, 2, 3], [UInt8](repeating: 1, count: 12)),
      "expected images: three axes of type uint8, found [1, 2, 3] elements of type int16"
    ),
    (
      .trainImages, idx([4, 0, 3], []),
      "expected images: three axes of type uint8, found none, [4, 0, 3]"
    ),
    (
      .trainImages, idx([4, 3, 2], [UInt8](repeating: 1, count: 24)),
      "expected images of [2, 3], found [3, 2]"
    ),
    (
      .testImages, idx([2, 2, 4], [UInt8](repeating: 1, count: 16)),
      "expected at most 28 bytes, found 32"
    ),
  ]

  @Test(arguments: mismatches.indices)
  func filesThatDoNotFitAreRefused(_ index: Int) throws {
    let (part, bytes, problem) = Self.mismatches[index]
    let folder = try TemporaryFolder()
    try Pebbles.write(to: folder, changing: [part: bytes])
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.published(Pebbles.dataset), dataDirectory: folder.path)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(folder.path)/\(part.fileName): \(problem)")
  }

  @Test func imagesToTestWithMustHaveTheShapeOfTheOthers() throws {
    let folder = try TemporaryFolder()
    try Pebbles.write(
      to: folder, changing: [.testImages: idx([2, 3, 2], [UInt8](repeating: 1, count: 12))])
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.directory(folder.path))
    }
    #expect(
      error?.description == "\(folder.path)/t10k-images-idx3-ubyte: expected images of [2, 3], "
        + "as those to train with, found [3, 2]")
  }
}
