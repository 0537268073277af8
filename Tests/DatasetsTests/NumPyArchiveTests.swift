import CLibdeflate
import Datasets
import FileTestSupport
import Tensors
import Testing

struct NumPyArchiveTests {
  private static let array = npy("|u1", "(3,)", [1, 2, 3])
  private static let entry = ZipFile.Entry(name: "a.npy", contents: array)
  private static let whole = ZipFile([entry]).bytes

  /// Another name for the bytes of the first file.
  private static func again(_ name: String) -> ZipFile.Entry {
    let (count, checksum) = (UInt32(array.count), libdeflate_crc32(0, array, array.count))
    return ZipFile.Entry(
      name: name, contents: [], checksum: checksum, byteCount: count, compressedCount: count,
      offset: 0)
  }

  private static func changed(_ change: (inout ZipFile.Entry) -> Void) -> [UInt8] {
    var entry = entry
    change(&entry)
    return ZipFile([entry]).bytes
  }

  @Test(
    "stored and deflated, with fields that Python adds, and a comment",
    arguments: [0, 8] as [UInt16])
  func sound(method: UInt16) throws {
    let folder = try TemporaryFolder()
    var entry = Self.entry
    entry.method = method
    entry.localExtra = [1, 0, 16, 0] + [UInt8](repeating: 7, count: 16)
    var zip = ZipFile([entry, ZipFile.Entry(name: "notes.txt", contents: [])])
    zip.comment = Array("PK\u{5}\u{6} is how it ends".utf8)
    let archive = try NumPyArchive(contentsOf: folder.write(zip.bytes, to: "a.npz"))
    #expect(archive.names == ["a"])
    #expect(try archive.array("a")?.integers == [1, 2, 3])
    #expect(try archive.array("b") == nil)
    #expect(try archive.array("notes") == nil)
  }

  private static let damaged: [(String, [UInt8], String)] = [
    ("empty", [], "a zip archive, whose directory lies at its end, found none"),
    (
      "foreign", Array("PK\u{3}\u{4} and then nothing of the kind".utf8),
      "a zip archive, whose directory lies at its end, found none"
    ),
    ("cut off", whole.dropLast(), "a zip archive, whose directory lies at its end, found none"),
    (
      "cut off before", Array(whole.dropFirst()),
      "a zip archive in one part and without ZIP64, up to 4 GiB, "
        + "found a directory of 51 bytes at byte 107, its end at byte 157"
    ),
    ("encrypted", changed { $0.flags = 1 }, "a.npy stored or deflated, found it encrypted"),
    (
      "compressed otherwise", changed { $0.method = 12 },
      "a.npy stored or deflated, found method 12"
    ),
    ("another checksum", changed { $0.checksum = 1 }, "a whole zip archive, found a.npy damaged"),
    (
      "smaller than stored", changed { $0.byteCount = 3 },
      "a whole zip archive, found a.npy damaged"
    ),
    (
      "a size of ZIP64", changed { $0.byteCount = .max },
      "a.npy of at most 1073741824 bytes, found 4294967295"
    ),
    (
      "deflated to less than it says",
      changed {
        $0.method = 8
        $0.byteCount = 100
      }, "a whole zip archive, found a.npy damaged"
    ),
    (
      "a bomb by its own word",
      changed {
        $0.method = 8
        $0.byteCount = 1_000_000_000
      }, "a whole zip archive, found a.npy of another size than 1000000000 bytes"
    ),
    (
      "reaching into the directory",
      changed { $0.compressedCount = UInt32(array.count + 1) },
      "a whole zip archive, found a.npy cut off"
    ),
    (
      "larger than the archive", changed { $0.compressedCount = 1000 },
      "a whole zip archive, found 1000 bytes of files in 107"
    ),
    (
      "the same bytes as three files", ZipFile([entry] + ["b.npy", "c.npy"].map(again)).bytes,
      "a whole zip archive, found 216 bytes of files in 177"
    ),
    (
      "elsewhere", changed { $0.offset = 4 },
      "a whole zip archive, found no file at byte 4, where a.npy should be"
    ),
    (
      "beyond the end", changed { $0.offset = 4_000_000_000 },
      "a whole zip archive, found no file at byte 4000000000, where a.npy should be"
    ),
    ("twice", ZipFile([entry, entry]).bytes, "a whole zip archive, found two files named a.npy"),
  ]

  @Test(arguments: damaged.indices)
  func damagedArchiveIsRefused(index: Int) throws {
    let (name, bytes, problem) = Self.damaged[index]
    try expectProblem(BrokenFile(name, bytes, "expected \(problem)"))
  }

  private func expectProblem(_ file: BrokenFile) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(file.bytes, to: "a.npz")
    let error = expectRefusal(
      of: path, inflated: file.inflated, by: DatasetError.self, "\(file.name)"
    ) {
      try NumPyArchive(contentsOf: path).array("a")
    }
    #expect(error?.kind == .malformed)
    #expect(
      error?.description.replacing(": a:", with: ":") == "\(path): \(file.problem)", "\(file.name)")
  }

  private static let bombCount: Int = 1 << 25

  /// An archive of 32 kB with 32 MiB of zeros behind a header.
  private static func bomb(
    _ header: [UInt8], byteCount: UInt32? = nil, checksum: UInt32? = nil
  ) -> [UInt8] {
    let contents = header + [UInt8](repeating: 0, count: bombCount)
    return ZipFile([
      ZipFile.Entry(
        name: "a.npy", contents: contents, method: 8, checksum: checksum, byteCount: byteCount)
    ]).bytes
  }

  private static func otherSize(_ header: [UInt8]) -> String {
    "expected a whole zip archive, found a.npy of another size than "
      + "\(bombCount + header.count) bytes"
  }

  private static let sound: [UInt8] = npy("|u1", "(\(bombCount),)", [])

  /// What tells of far more than there is, or holds far more than it tells.
  private static let bombs: [BrokenFile] = [
    BrokenFile(
      "a bomb whose array tells little", bomb(npy("|u1", "(3,)", [])),
      otherSize(npy("|u1", "(3,)", []))),
    BrokenFile(
      "a bomb whose array tells a byte less", bomb(npy("|u1", "(\(bombCount - 1),)", [])),
      otherSize(sound)),
    BrokenFile(
      "a bomb whose array tells more", bomb(npy("|u1", "(9000000000000000000,)", [])),
      otherSize(npy("|u1", "(9000000000000000000,)", []))),
    BrokenFile(
      "a bomb whose array and header tell more than an Int counts",
      bomb(npy("<f8", "(1152921504606846975,)", [])),
      otherSize(npy("<f8", "(1152921504606846975,)", []))),
    BrokenFile(
      "a bomb of no array", bomb([]),
      "expected a NumPy array, which begins with 93 and NUMPY, found 131072 bytes of something else"
    ),
    BrokenFile(
      "a bomb of a header",
      bomb([0x93] + Array("NUMPY".utf8) + [2, 0, 0, 0, 0, 1]),
      "expected a header of at most 65535 bytes, found 16777216"),
    BrokenFile(
      "a bomb that the directory tells little of", bomb(sound, byteCount: 100),
      "expected a whole zip archive, found a.npy damaged"),
    BrokenFile(
      "a bomb that the directory tells more of", bomb(sound, byteCount: 1 << 30),
      "expected a whole zip archive, found a.npy of another size than 1073741824 bytes"),
    BrokenFile(
      "a bomb with a wrong checksum", bomb(sound, checksum: 1),
      "expected a whole zip archive, found a.npy damaged"),
    BrokenFile(
      "twice after 20,000 others",
      ZipFile(
        (0..<20_000).map { ZipFile.Entry(name: "\($0).npy", contents: []) } + [entry, entry]
      ).bytes, "expected a whole zip archive, found two files named a.npy"),
    BrokenFile(
      "a megabyte of nothing", [UInt8](repeating: 0x50, count: 1 << 20),
      "expected a zip archive, whose directory lies at its end, found none"),
  ]

  @Test(arguments: bombs)
  func bombIsRefused(_ file: BrokenFile) throws { try expectProblem(file) }

  @Test("no flipped bit and no cut makes it crash, or gives other numbers without a word")
  func everyBitAndLength() throws {
    let folder = try TemporaryFolder()
    var entry = Self.entry
    entry.method = 8
    let whole = ZipFile([entry]).bytes
    var bad = 0
    for index in whole.indices {
      for variant in [Array(whole.prefix(index)), flipped(whole, index)] {
        let path = try folder.write(variant, to: "a.npz")
        do {
          let array = try NumPyArchive(contentsOf: path).array("a")
          #expect(array == nil || array?.integers == [1, 2, 3])
        } catch {
          #expect(error.kind == .malformed)
          bad += 1
        }
      }
    }
    #expect(bad > whole.count)
  }

  private func flipped(_ bytes: [UInt8], _ index: Int) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= 1 << (index % 8)
    return bytes
  }
}

struct NumPyDatasetTests {
  private static let parts: [String: [UInt8]] = [
    "x_train": npy("|u1", "(3, 2, 2)", (0..<12).map { UInt8($0) }),
    "y_train": npy("<i8", "(3,)", [2, 0, 0].flatMap { [$0] + [UInt8](repeating: 0, count: 7) }),
    "x_test": npy("|u1", "(2, 2, 2)", (12..<20).map { UInt8($0) }),
    "y_test": npy("|u1", "(2, 1)", [1, 0]),
  ]

  private func load(
    changing changes: [String: [UInt8]] = [:], _ settings: TableSettings = TableSettings()
  ) throws -> (path: String, set: Result<Dataset, any Error>) {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.archive(changing: changes), to: "set.npz")
    return (path, Result { try Dataset.load(DatasetSource(parsing: path), table: settings) })
  }

  private static func archive(changing changes: [String: [UInt8]]) -> [UInt8] {
    let files = parts.merging(changes) { $1 }.filter { !$0.value.isEmpty }
    return ZipFile(
      files.sorted { $0.key < $1.key }.map {
        ZipFile.Entry(name: "\($0.key).npy", contents: $0.value, method: 8)
      }
    ).bytes
  }

  @Test func bytesAreImages() throws {
    let (path, result) = try load()
    let set = try result.get()
    #expect(set.name == path)
    #expect(set.classNames == ["0", "1", "2"])
    #expect(set.train.images.shape == [2, 2] && set.test.images.shape == [2, 2])
    #expect(Array(set.train.images.pixels) == (0..<12).map { UInt8($0) })
    #expect(set.train.labels == [2, 0, 0] && set.test.labels == [1, 0])
    #expect(set.train.images.values == nil)
  }

  /// Floats and wide integers that are pixels become what bytes become.
  @Test(arguments: ["<f4", "<i8"]) func pixelsOfAnyTypeAreScaledAlike(type: String) throws {
    let bytes = (0..<64 * 3).map { UInt8($0) }
    let wide = bytes.flatMap { byte -> [UInt8] in
      type == "<i8"
        ? [byte] + [UInt8](repeating: 0, count: 7)
        : withUnsafeBytes(of: Float(byte).bitPattern.littleEndian) { Array($0) }
    }
    let train = npy(type, "(3, 8, 8)", wide)
    let test = npy("|u1", "(2, 8, 8)", Array(bytes[..<128]))
    let set = try load(changing: ["x_train": train, "x_test": test]).set.get()
    #expect(Array(set.train.images.pixels) == bytes)
    #expect(set.notes.contains { $0.hasSuffix("are pixels, 0 to 255, and become 0 to 1") })
    let raw = try load(
      changing: ["x_train": train, "x_test": train, "y_test": npy("|u1", "(3,)", [0, 1, 0])],
      TableSettings(scale: Preparation.Scale.none)
    ).set.get()
    #expect(raw.train.images.values?.elements == bytes.map { Float($0) })
  }

  @Test(
    arguments: [
      (
        "floats", npy("<f4", "(3,)", [0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40]), [1, 0, 2],
        ["0", "1", "2"]
      ),
      (
        "rows of one", npy("|u1", "(3, 3)", [0, 1, 0, 1, 0, 0, 0, 0, 1]), [1, 0, 2],
        ["0", "1", "2"]
      ),
      ("a column", npy("|u1", "(3, 1)", [1, 0, 2]), [1, 0, 2], ["0", "1", "2"]),
    ] as [(String, [UInt8], [Int], [String])])
  func labelsOfEachFormAreTaken(
    name: String, labels: [UInt8], expected: [Int], names: [String]
  ) throws {
    let set = try load(changing: ["y_train": labels]).set.get()
    #expect(set.train.labels == expected && set.classNames == names)
  }

  @Test func labelsFromOneAndEmptyClassesAreToldOf() throws {
    let set = try load(
      changing: [
        "y_train": npy("|u1", "(3,)", [1, 4, 2]), "y_test": npy("|u1", "(2,)", [1, 2]),
      ]
    ).set.get()
    #expect(set.classNames == ["1", "2", "3", "4"] && set.train.labels == [0, 3, 1])
    #expect(
      set.notes == [
        "labels are counted from 1, so 1 is the first class",
        "warning: classes without a sample: 3",
      ])
  }

  @Test func floatsStandAsTheyAre() throws {
    let train = npy("<f2", "(3, 2)", [0, 0x3C, 0, 0xC0, 0, 0, 0, 0x42, 0, 0, 0, 0])
    let test = npy("<i4", "(2, 2)", [7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 255, 255, 255, 255])
    let set = try load(changing: ["x_train": train, "x_test": test]).set.get()
    #expect(set.train.images.values?.elements == [1, -2, 0, 3, 0, 0])
    #expect(set.test.images.values?.elements == [7, 8, 9, -1])
  }

  @Test(
    arguments: [
      (
        ["y_test": []],
        "the arrays x_train, y_train, x_test, y_test, or X and y, "
          + #"found ["x_test", "x_train", "y_train"]"#
      ),
      (["y_test": npy("|u1", "(3,)", [1, 0, 0])], "2 labels in y_test, one per sample, found 3"),
      (
        ["y_test": npy("<f4", "(2,)", [0, 0, 0, 0x3F, 0, 0, 0, 0])],
        "labels in y_test: whole numbers [n], or rows of one 1 and zeros [n, classes], found float32 [2]"
      ),
      (
        ["y_test": npy("|i1", "(2,)", [0, 255])],
        "labels in 0..<65536 in y_test, found -1 at index 1"
      ),
      (
        ["y_test": npy("<u4", "(2,)", [0, 0, 0, 0, 0, 0, 1, 0])],
        "labels in 0..<65536 in y_test, found 65536 at index 1"
      ),
      (
        ["x_test": npy("|u1", "(2, 3)", [0, 0, 0, 0, 0, 0])],
        "x_test of samples of [2, 2], as in x_train, found [3]"
      ),
      (
        ["x_train": npy("|u1", "(3,)", [0, 0, 0])],
        "samples in x_train: two axes or more, found none or fewer"
      ),
      (
        ["x_train": npy("|u1", "(0, 2)", []), "y_train": npy("|u1", "(0,)", [])],
        "samples in x_train: two axes or more, found none or fewer"
      ),
      (
        ["x_train": npy("<f4", "(3, 1)", [0, 0, 0, 0, 0, 0, 0xC0, 0x7F, 0, 0, 0, 0])],
        "finite numbers in x_train, found NaN or infinity in sample 1"
      ),
    ] as [([String: [UInt8]], String)])
  func otherArraysAreRefused(changes: [String: [UInt8]], problem: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.archive(changing: changes), to: "set.npz")
    let error = expectRefusal(of: path, by: DatasetError.self) {
      try Dataset.load(DatasetSource(parsing: path))
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): expected \(problem)")
  }
}

struct FloatImagesTests {
  private let samples = Images(values: Tensor([0, 1, 0.5, -3, 7, 0.25], shape: [3, 2]))

  @Test func batchesAreTheValuesThemselves() {
    #expect(samples.count == 3 && samples.shape == [2] && samples.pixels.isEmpty)
    let batch = AlignedBuffer(zeros: 2)
    [Int32(2), 0].withUnsafeBufferPointer {
      samples.gather($0, columns: 1..<2, into: batch.matrix(rows: 2, columns: 1))
    }
    #expect(batch.floats[0] == 0.25 && batch.floats[1] == 1)
  }

  @Test func partsAndVectorsAreThoseOfTheTensor() {
    #expect(samples[1..<3].values?.elements == [0.5, -3, 7, 0.25])
    let images = Images(values: Tensor((0..<8).map { Float($0) }, shape: [2, 2, 2]))
    #expect(images.flattened().shape == [4] && images.flattened().values?.shape == [2, 4])
  }

  @Test func picturesAreCutToTheirRange() {
    #expect(Array(samples[1]) == [128, 0])
    #expect(Array(samples[2]) == [255, 64])
  }
}
