import CTurboJPEG
import Datasets
import FileTestSupport
import Tensors
import Testing

/// JPEG files of test pictures.
enum JPEG {
  /// A picture without a flat part.
  static let noise: Picture = {
    let pixels = (0..<1152).map { (index: Int) -> UInt8 in UInt8(index * index * 37 % 251) }
    return Picture(pixels: pixels, width: 24, height: 16, channels: 3)
  }()

  /// A file of a picture; `exif` comes behind its first bytes.
  /// - Parameter flags: TurboJPEG's, as for a progressive file
  static func file(_ picture: Picture, exif: [UInt8] = [], flags: Int32 = 0) -> [UInt8] {
    let encoder = tjInitCompress()
    defer { tjDestroy(encoder) }
    var (file, size): (UnsafeMutablePointer<UInt8>?, UInt) = (nil, 0)
    let isGrey = picture.channels == 1
    tjCompress2(
      encoder, picture.pixels, Int32(picture.width), 0, Int32(picture.height),
      (isGrey ? TJPF_GRAY : TJPF_RGB).rawValue, &file, &size,
      Int32((isGrey ? TJSAMP_GRAY : TJSAMP_444).rawValue), 100, flags)
    defer { tjFree(file) }
    let bytes = Array(UnsafeBufferPointer(start: file, count: Int(size)))
    return Array(bytes[..<2]) + exif + Array(bytes[2...])
  }

  /// The file with another size in its header.
  static func ofSize(_ width: UInt16, _ height: UInt16, _ file: [UInt8]) -> [UInt8] {
    var bytes = file
    let start = bytes.indices.first {
      bytes[$0] == 0xFF && [0xC0, 0xC2].contains(bytes[$0 + 1])
    }!
    for (place, side) in [(5, height), (7, width)] {
      bytes[start + place] = UInt8(side >> 8)
      bytes[start + place + 1] = UInt8(side & 0xFF)
    }
    return bytes
  }

  /// An Exif segment with an orientation.
  static func exif(_ orientation: UInt8, isBigEndian: Bool) -> [UInt8] {
    let entry: [UInt8] =
      isBigEndian
      ? [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
      : [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
    let start: [UInt8] =
      isBigEndian
      ? Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0, 1] : Array("II".utf8) + [42, 0, 8, 0, 0, 0, 1, 0]
    let contents = Array("Exif\0\0".utf8) + start + entry + [0, 0, 0, 0]
    return [0xFF, 0xE1, 0, UInt8(contents.count + 2)] + contents
  }
}

struct PictureFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Eight by four pixels: black but for the upper left quarter, which is red, or white in grey.
  private func corner(channels: Int) -> Picture {
    let pixels = (0..<32).flatMap { index -> [UInt8] in
      let isIn = index / 8 < 2 && index % 8 < 4
      return channels == 1 ? [isIn ? 255 : 0] : [isIn ? 255 : 0, 0, 0]
    }
    return Picture(pixels: pixels, width: 8, height: 4, channels: channels)
  }

  private func isClose(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Int($0) - Int($1)) <= 12 }
  }

  @Test(arguments: [1, 3])
  func coloursStayAndMayBecomeGrey(channels: Int) throws {
    let picture = corner(channels: channels)
    let path = try folder.write(JPEG.file(picture), to: "a.jpg")
    let read = try Picture(contentsOf: path)
    #expect(read.channels == channels && (read.width, read.height) == (8, 4))
    #expect(isClose(read.pixels, picture.pixels))
    let grey = try GreyImage(contentsOf: path)
    // Y of red is 0.299 of white's.
    let light: UInt8 = channels == 1 ? 255 : 76
    #expect(isClose(grey.pixels, corner(channels: 1).pixels.map { $0 == 255 ? light : 0 }))
  }

  /// Where the light corner of the upright picture lies, by Exif's number for what the file holds.
  @Test(arguments: 1...8, [false, true])
  func picturesAreTurnedUpright(orientation: Int, isBigEndian: Bool) throws {
    let exif = JPEG.exif(UInt8(orientation), isBigEndian: isBigEndian)
    let path = try folder.write(JPEG.file(corner(channels: 1), exif: exif), to: "a.jpg")
    let read = try Picture(contentsOf: path)
    #expect((read.width, read.height) == (orientation >= 5 ? (4, 8) : (8, 4)))
    let light = { (x: Int, y: Int) in read.pixels[y * read.width + x] > 128 }
    let (right, bottom) = (read.width - 1, read.height - 1)
    let corners = [light(0, 0), light(right, 0), light(right, bottom), light(0, bottom)]
    // The first row of the file is the top, top, bottom, bottom, left, right, right, left side, and its
    // first column the left, right, right, left, top, top, bottom, bottom.
    let places = [0, 1, 2, 3, 0, 1, 2, 3]
    #expect(corners.indices.filter { corners[$0] } == [places[orientation - 1]])
  }

  @Test(
    arguments: [
      [0xFF, 0xE1, 0, 16] + Array("Exif\0\0MM".utf8) + [0, 42, 0, 0, 0xFF, 0],
      JPEG.exif(9, isBigEndian: true),
    ] as [[UInt8]])
  func brokenExifTurnsNothing(exif: [UInt8]) throws {
    let path = try folder.write(JPEG.file(corner(channels: 1), exif: exif), to: "a.jpg")
    #expect(try Picture(contentsOf: path).width == 8)
  }

  @Test func aCutFileIsRefused() throws {
    let whole = JPEG.file(
      Picture(
        pixels: (0..<64 * 64).map { UInt8($0 * 37 % 256) }, width: 64, height: 64, channels: 1))
    let path = try folder.write(Array(whole[..<(whole.count / 2)]), to: "a.jpg")
    let error = #expect(throws: DatasetError.self) { try Picture(contentsOf: path) }
    #expect(error?.kind == .malformed)
    #expect(
      error?.description.hasPrefix("\(path): expected a whole JPEG file, found damage: Premature")
        == true)
  }

  /// The library fills up what is not there with grey, and calls that a warning.
  @Test(arguments: [0, TJFLAG_PROGRESSIVE])
  func sizesThatTheDataDoNotHoldAreRefused(flags: Int32) throws {
    let file = JPEG.file(JPEG.noise, flags: flags)
    let sizes: [(UInt16, UInt16, String)] = [
      (24, 600, "damage: "), (900, 16, "damage: "), (8192, 8192, "8192×8192 pixels in "),
      (65500, 65500, "65500×65500"), (24, 0, "damage: "), (0, 16, "damage: "),
    ]
    for (width, height, problem) in sizes {
      let path = try folder.write(JPEG.ofSize(width, height, file), to: "a.jpg")
      let error = #expect(throws: DatasetError.self, "\(width)×\(height)") {
        try Picture(contentsOf: path)
      }
      #expect(
        error?.kind == .malformed && error?.description.contains(problem) == true, "\(error as Any)"
      )
    }
    #expect(try Picture(contentsOf: folder.write(file, to: "a.jpg")).height == 16)
  }

  /// No camera writes more scans than some dozens; each goes over the whole picture.
  @Test func scansWithoutEndAreRefused() throws {
    let file = JPEG.file(JPEG.noise, flags: TJFLAG_PROGRESSIVE)
    let scan = file[file.lastIndex(of: 0xDA)! - 1..<file.count - 2]
    let many = file.dropLast(2) + (0..<600).flatMap { _ in scan } + file.suffix(2)
    let path = try folder.write(Array(many), to: "a.jpg")
    let error = #expect(throws: DatasetError.self) { try Picture(contentsOf: path) }
    #expect(error?.description.contains("damage: ") == true)
  }

  @Test func damagedDataAreRefusedAndBytesBesideThemAreNot() throws {
    let file = JPEG.file(JPEG.noise)
    let path = try folder.write(
      file[..<2] + [0xFF, 0xFE, 0, 3, 0, 1, 2, 3] + file[2...], to: "a.jpg")
    #expect(
      try Picture(contentsOf: path).pixels
        == Picture(contentsOf: folder.write(file, to: "b.jpg")).pixels)
    let start = try folder.write(Array(file[..<40]), to: "start.jpg")
    let error = #expect(throws: DatasetError.self) { try Picture(contentsOf: start) }
    #expect(error?.description.contains("found damage: no picture in it") == true)
    let cut = try folder.write(file[..<(file.count * 3 / 4)] + file.suffix(2), to: "cut.jpg")
    #expect(throws: DatasetError.self) { try Picture(contentsOf: cut) }
  }

  @Test func printersColoursAreRefusedWithWhatHelps() throws {
    let encoder = tjInitCompress()
    defer { tjDestroy(encoder) }
    var (file, size): (UnsafeMutablePointer<UInt8>?, UInt) = (nil, 0)
    let inks = [UInt8](repeating: 100, count: 8 * 8 * 4)
    tjCompress2(
      encoder, inks, 8, 0, 8, TJPF_CMYK.rawValue, &file, &size, Int32(TJSAMP_444.rawValue), 90, 0)
    defer { tjFree(file) }
    let path = try folder.write(
      Array(UnsafeBufferPointer(start: file, count: Int(size))), to: "a.jpg")
    let error = #expect(throws: DatasetError.self) { try Picture(contentsOf: path) }
    #expect(error?.description.contains("-colorspace sRGB") == true)
  }

  /// White strokes on nothing would be white on white.
  @Test(arguments: [PNG.Color.greyAlpha, .rgba])
  func aWhiteDrawingOnATransparentGroundIsSeen(color: PNG.Color) throws {
    let samples = (0..<12).flatMap { index -> [UInt16] in
      let opacity: UInt16 = index == 5 ? 255 : 0
      return color == .rgba ? [255, 255, 255, opacity] : [255, opacity]
    }
    let path = try folder.write(PNG(samples, width: 4, color).bytes, to: "a.png")
    let expected = (0..<12).map { $0 == 5 ? UInt8(255) : 0 }
    #expect(try GreyImage(contentsOf: path).pixels == expected)
    let colours = try Picture(contentsOf: path)
    #expect(colours.pixels == expected.flatMap { [UInt8](repeating: $0, count: colours.channels) })
  }

  @Test func resizingTakesMeansOfAreas() {
    let picture = Picture(
      pixels: [0, 100, 50, 10, 40, 200, 60, 30, 20, 20, 0, 80], width: 2, height: 2, channels: 3)
    #expect(picture.resized(width: 1, height: 1).pixels == [23, 43, 88])
    #expect(
      picture.resized(width: 4, height: 2).pixels
        == [0, 100, 50, 0, 100, 50, 10, 40, 200, 10, 40, 200]
        + [60, 30, 20, 60, 30, 20, 20, 0, 80, 20, 0, 80])
  }
}

struct PictureFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ grey: UInt8, to name: String, size: Int = 3) throws {
    let pixels = [UInt8](repeating: grey, count: size * size)
    try folder.write(
      name.hasSuffix(".png")
        ? PNG(pixels.map(UInt16.init), width: size, .grey).bytes
        : JPEG.file(Picture(pixels: pixels, width: size, height: size, channels: 1)), to: name)
  }

  @Test func partsAndClassesAreFolders() throws {
    for (name, grey) in [
      ("train/cat/1.png", 10), ("train/cat/2.jpg", 20), ("train/dog/1.JPEG", 30),
      ("train/dog/notes.txt.png~", 0), ("test/dog/9.png", 40),
    ] as [(String, UInt8)] { try write(grey, to: name) }
    let dataset = try Dataset.load(DatasetSource(parsing: folder.path))
    #expect(dataset.classNames == ["cat", "dog"])
    #expect(dataset.train.labels == [0, 0, 1] && dataset.test.labels == [1])
    #expect(dataset.train.images.shape == [3, 3])
    #expect(dataset.test.images[0] == [UInt8](repeating: 40, count: 9)[...])
    #expect(
      dataset.pictures == PicturePreparation(size: PictureSize(width: 3, height: 3), channels: 1))
  }

  @Test func otherSizesNeedAWord() throws {
    try write(10, to: "cat/1.png")
    try write(20, to: "dog/1.png", size: 4)
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(DatasetSource(parsing: folder.path))
    }
    #expect(
      error?.description == "\(folder.path): expected pictures of one size, found 2 sizes, "
        + "from 3×3 to 4×4; --image-size 64x64 brings them to one")
  }

  @Test func onePartIsSplitByClass() throws {
    for index in 0..<10 {
      try write(UInt8(index), to: "cat/\(index).png")
      try write(UInt8(100 + index), to: "dog/\(index).png")
    }
    let dataset = try Dataset.load(DatasetSource(parsing: folder.path))
    #expect(
      dataset.train.labels.count { $0 == 0 } == 8 && dataset.test.labels.count { $0 == 0 } == 2)
    #expect(dataset.train.count == 16 && dataset.test.count == 4)
    let all = (dataset.train.images.pixels + dataset.test.images.pixels)
    #expect(Set(all) == Set((0..<10).map { UInt8($0) } + (100..<110).map { UInt8($0) }))
  }

  @Test func whatCannotBeReadIsLeftOutAndSaid() throws {
    try write(10, to: "cat/1.png")
    try write(10, to: "cat/3.png")
    try folder.write([1, 2, 3], to: "cat/2.png")
    try write(20, to: "dog/1.png")
    try write(20, to: "dog/2.png")
    let dataset = try Dataset.load(DatasetSource(parsing: folder.path))
    #expect(dataset.train.count + dataset.test.count == 4)
    #expect(dataset.notes.contains { $0.hasPrefix("left out 1 of 5 pictures in \(folder.path): ") })
  }

  @Test func classesOfTheTestAloneAreRefused() throws {
    try write(10, to: "train/cat/1.png")
    try write(20, to: "train/dog/1.png")
    try write(20, to: "test/dog/1.png")
    try write(20, to: "test/owl/1.png")
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(DatasetSource(parsing: folder.path))
    }
    #expect(
      error?.description == "\(folder.path)/test: expected the classes of \(folder.path)/train, "
        + "found owl, of which nothing can be learned")
  }
}

struct IDXNameTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(
    _ prefix: String, test: String = "t10k", labels: String = "labels-idx1-ubyte",
    _ classes: [Int] = [0, 1], as wide: Int? = nil
  ) throws {
    for part in ["train", test] {
      try folder.write(idx([2, 2, 3], Array(1...12)), to: "\(prefix)\(part)-images-idx3-ubyte")
      let bytes =
        wide.map { columns in
          idx(
            0x0C, columns == 1 ? [2] : [2, columns],
            classes.flatMap { label in
              (0..<columns).flatMap { bigEndian(Int32($0 == 0 ? label : 77)) }
            })
        } ?? idx([2], classes.map { UInt8($0) })
      try folder.write(bytes, to: "\(prefix)\(part)-\(labels)")
    }
  }

  @Test func aPrefixChoosesAmongSets() throws {
    try write("emnist-letters-", test: "test", [1, 26])
    try write("emnist-mnist-", test: "test")
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(DatasetSource(parsing: folder.path))
    }
    #expect(
      error?.description == "\(folder.path): expected one set of four IDX files, found 2; choose "
        + "one: \(folder.path)/emnist-letters, \(folder.path)/emnist-mnist")
    let letters = try Dataset.load(DatasetSource(parsing: folder.path + "/emnist-letters"))
    #expect(letters.name == folder.path + "/emnist-letters")
    #expect(letters.classNames.count == 26 && letters.classNames[25] == "Z")
    #expect(letters.train.labels == [0, 25])
    // Two rows of three, which the file has as three columns of two.
    #expect(letters.train.images.shape == [3, 2])
    #expect(letters.train.images[0] == [1, 4, 2, 5, 3, 6][...])
    #expect(letters.notes.count == 2)
  }

  @Test func labelsOf32BitsAndTheFirstColumnOfQMNIST() throws {
    try write("qmnist-", test: "test", labels: "labels-idx2-int", [3, 1], as: 8)
    #expect(
      try Dataset.load(DatasetSource(parsing: folder.path)).train.labels == [3, 1].map { $0 - 1 })
    let other = try TemporaryFolder()
    try other.write(idx([1, 1, 1], [9]), to: "train-images-idx3-ubyte")
    try other.write(idx(0x0C, [1], bigEndian(Int32(2))), to: "train-labels-idx1-ubyte")
    try other.write(idx([1, 1, 1], [9]), to: "t10k-images-idx3-ubyte")
    try other.write(idx(0x0C, [1], bigEndian(Int32(0))), to: "t10k-labels-idx1-ubyte")
    #expect(try Dataset.load(DatasetSource(parsing: other.path)).train.labels == [2])
  }

  @Test func torchvisionKeepsThemTwoFoldersBelow() throws {
    try write("MNIST/raw/")
    for path in ["", "/MNIST", "/MNIST/raw"] {
      #expect(try Dataset.load(DatasetSource(parsing: folder.path + path)).train.count == 2)
    }
  }
}
