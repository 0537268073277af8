import Datasets
import Foundation
import Tensors
import Testing
import Training

/// Samples of a large file are gathered from where they lie, to what they are in memory.
struct FileSamplesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// So little that every file is read where it lies.
  private static let none = 4

  private static let (rows, width) = (40, 70)

  /// Numbers as files have them, and as text the type that NumPy gives them.
  struct Kind: Sendable, CustomTestStringConvertible {
    let type: String
    let bytes: @Sendable (Int) -> [UInt8]
    var isOfPixels = false
    var testDescription: String { type + (isOfPixels ? " of pixels" : "") }
  }

  private static func bits<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  static let kinds = [
    Kind(type: "|u1", bytes: { [UInt8($0 * 31 % 256)] }, isOfPixels: true),
    Kind(type: "<f4", bytes: { bits((Float($0 % 37) / 7 - 2).bitPattern) }),
    Kind(type: ">f4", bytes: { bits((Float($0 % 37) / 7 - 2).bitPattern.byteSwapped) }),
    Kind(type: "<f8", bytes: { bits((Double($0 % 37) / 7 - 2).bitPattern) }),
    Kind(type: "<i2", bytes: { bits(Int16($0 % 600 - 300)) }),
    Kind(type: "<f4", bytes: { bits(Float($0 * 31 % 256).bitPattern) }, isOfPixels: true),
    Kind(type: ">i4", bytes: { bits(Int32($0 * 31 % 256).byteSwapped) }, isOfPixels: true),
  ]

  /// Writes `X` and `y` of a kind; behind a header of an odd length where that is asked for.
  private func write(_ kind: Kind, isOdd: Bool = false) throws -> String {
    let elements = (0..<Self.rows * Self.width).flatMap(kind.bytes)
    let header =
      "{'descr': '\(kind.type)', 'fortran_order': False, 'shape': (\(Self.rows), \(Self.width)), }"
    let isEven = (10 + header.utf8.count).isMultiple(of: 2)
    try folder.write(
      npy(header + (isEven == isOdd ? " " : ""), elements), to: "arrays/X.npy")
    try folder.write(
      npy("|u1", "(\(Self.rows),)", (0..<Self.rows).map { UInt8($0 % 4) }), to: "arrays/y.npy")
    return folder.path + "/arrays"
  }

  private func expectSame(_ part: LabelledImages, _ kept: LabelledImages) {
    #expect(part.count == kept.count && part.labels == kept.labels)
    #expect(part.images.shape == kept.images.shape)
    #expect(part.images.arePixels == kept.images.arePixels)
    #expect(part.checksum == kept.checksum)
    for columns in [0..<Self.width, 3..<50] {
      let order = (0..<part.count).map { Int32($0 * 7 % part.count) }
      #expect(gathered(part.images, order, columns) == gathered(kept.images, order, columns))
    }
    for index in 0..<part.count { #expect(part.images[index] == kept.images[index]) }
    let (some, keptSome) = (part[2..<5], kept[2..<5])
    #expect(some.checksum == keptSome.checksum)
    #expect(some.images.flattened()[1] == keptSome.images.flattened()[1])
  }

  private func gathered(
    _ images: Images, _ order: [Int32], _ columns: Range<Int>
  ) -> [Float] {
    var batch = Tensor(zeros: [order.count, columns.count + 1])
    batch.withUnsafeMutableBufferPointer { floats in
      let matrix = MatrixView(floats.baseAddress!, rows: order.count, columns: columns.count + 1)
      order.withUnsafeBufferPointer {
        images.gather($0, columns: columns, into: matrix[columns: 0..<columns.count])
      }
    }
    return batch.elements
  }

  @Test(arguments: kinds, [false, true]) func arraysAreTheSame(_ kind: Kind, isOdd: Bool) throws {
    let source = DatasetSource.numPyArchive(try write(kind, isOdd: isOdd))
    let kept = try Dataset.load(source)
    let placed = try Dataset.load(source, memory: Self.none)
    #expect(kept.train.images.file == nil && placed.train.images.file != nil)
    #expect(kept.train.images.blockShuffle == nil && placed.train.images.blockShuffle != nil)
    #expect(placed.arrays == kept.arrays && placed.arrays?.isOfPixels == kind.isOfPixels)
    #expect(placed.notes == kept.notes && placed.classNames == kept.classNames)
    #expect(placed.train.count == 32 && placed.test.count == 8)
    expectSame(placed.train, kept.train)
    expectSame(placed.test, kept.test)
  }

  @Test func aFolderOfArraysIsASource() throws {
    let path = try write(Self.kinds[0])
    #expect(try DatasetSource(parsing: path) == .numPyArchive(path))
    #expect(try NumPyArchive(contentsOf: path).names == ["X", "y"])
    #expect(try NumPyArchive(contentsOf: path).array("X")?.shape == [Self.rows, Self.width])
    #expect(try NumPyArchive(contentsOf: path).array("Z") == nil)
  }

  @Test func imagesAreTheSame() throws {
    try Pebbles.write(to: folder, under: "own")
    let source = DatasetSource.directory(folder.path + "/own")
    let (kept, placed) = (try Dataset.load(source), try Dataset.load(source, memory: Self.none))
    #expect(kept.train.images.file == nil && placed.train.images.file != nil)
    #expect(placed.train.checksum == kept.train.checksum)
    for index in 0..<4 { #expect(placed.train.images[index] == kept.train.images[index]) }
  }

  /// What has to be inflated is read into memory, however little there is.
  @Test func compressedFilesAreRead() throws {
    try Pebbles.write(to: folder, under: "own", suffix: ".gz")
    let placed = try Dataset.load(.directory(folder.path + "/own"), memory: Self.none)
    #expect(placed.train.images.file == nil && placed.train.count == 4)
  }

  @Test(arguments: [
    ("(40, 70)", true, 0, "expected rows that lie one after the other in a file of this size"),
    ("(40, 70)", false, 1, "expected [40, 70] elements of 1 bytes, found 2801 bytes"),
    ("(41, 70)", false, 0, "expected [41, 70] elements of 1 bytes, found 2800 bytes"),
  ])
  func othersAreRefused(_ shape: String, fortran: Bool, more: Int, problem: String) throws {
    let path = try write(Self.kinds[0])
    try folder.write(
      npy("|u1", shape, [UInt8](repeating: 3, count: 2800 + more), fortran: fortran),
      to: "arrays/X.npy")
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.numPyArchive(path), memory: Self.none)
    }
    #expect(error?.description.hasPrefix("\(path)/X.npy: \(problem)") == true, "\(error as Any)")
  }

  @Test func imagesOfAnotherSizeAreRefused() throws {
    let cut = Array(try #require(Pebbles.files[.trainImages]).dropLast())
    try Pebbles.write(to: folder, under: "own", changing: [.trainImages: cut])
    let errors = [nil, Self.none].map { memory in
      #expect(throws: DatasetError.self) {
        try Dataset.load(.directory(folder.path + "/own"), memory: memory)
      }
    }
    #expect(errors[0] == errors[1] && errors[0] != nil)
  }

  @Test func theSampleOfANumberThatIsNotFiniteIsNamed() throws {
    let bits: @Sendable (Int) -> [UInt8] = {
      Self.bits(($0 == 5 * 70 + 3 ? Float.nan : 1.5).bitPattern)
    }
    let path = try write(Kind(type: "<f4", bytes: bits))
    let errors = [nil, Self.none].map { memory in
      #expect(throws: DatasetError.self) {
        try Dataset.load(.numPyArchive(path), memory: memory)
      }
    }
    #expect(errors[0]?.problem == "expected finite numbers in X, found NaN or infinity in sample 5")
    #expect(errors[0] == errors[1])
  }

  // MARK: Training

  private func weights(
    _ dataset: Dataset, callbacks: [any Callback] = []
  ) throws -> [[Float]] {
    let model = try Sequential(inputShape: [Self.width], [Dense(4)], seed: 3)
    model.threads = 2
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    try model.fit(
      dataset.train.images, dataset.train.labels, epochs: 3, batchSize: 5,
      validation: .shuffled(0.2), callbacks: callbacks)
    let scores = try model.predict(dataset.test.images)
    return [model.weights.flatMap(\.elements), scores.elements]
  }

  @Test(arguments: [kinds[0], kinds[1]]) func trainsToTheSameBits(_ kind: Kind) throws {
    let source = DatasetSource.numPyArchive(try write(kind))
    for shuffle in [nil, BlockShuffle(samples: 3, mixed: 2)] {
      var sets: [Dataset] = []
      for memory in [nil, Self.none] {
        let dataset = try Dataset.load(source, memory: memory)
        var images = dataset.train.images
        images.blockShuffle = shuffle
        sets.append(
          Dataset(
            name: "", classNames: dataset.classNames,
            train: LabelledImages(images: images, labels: dataset.train.labels),
            test: dataset.test))
      }
      #expect(try weights(sets[0]) == weights(sets[1]))
    }
  }

  /// A file that somebody writes to would be learned from wrongly, or end the process.
  @Test func aFileThatChangesEndsTraining() throws {
    let path = try write(Self.kinds[0])
    let dataset = try Dataset.load(.numPyArchive(path), memory: Self.none)
    let change = Change { [folder] in
      _ = try? FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/arrays/X.npy"))
        .write(contentsOf: [0x93])
    }
    let error = #expect(throws: DatasetError.self) {
      try weights(dataset, callbacks: [change])
    }
    #expect(error?.kind == .inputOutput)
    #expect(error?.description.hasPrefix("\(path)/X.npy: was changed while it was in use") == true)
    #expect(change.epochs == 1)
  }

  /// Does something at the end of the first epoch.
  private final class Change: Callback {
    private let body: () -> Void
    private(set) var epochs = 0

    init(_ body: @escaping () -> Void) { self.body = body }

    func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
      epochs += 1
      if epochs == 1 { body() }
      return .proceed
    }
  }
}
