import Datasets
import FileTestSupport
import Tensors
import Testing

/// A type of PNG file, and whether it can hold the greys of a picture exactly.
struct PNGType: Sendable, CustomTestStringConvertible {
  let color: PNG.Color
  let depth: Int
  let isInterlaced: Bool

  static let all: [PNGType] = [
    (.grey, [1, 2, 4, 8, 16]), (.rgb, [8, 16]), (.palette, [1, 2, 4, 8]), (.greyAlpha, [8, 16]),
    (.rgba, [8, 16]),
  ].flatMap { (color: PNG.Color, depths: [Int]) in
    depths.flatMap { depth in
      [false, true].map { PNGType(color: color, depth: depth, isInterlaced: $0) }
    }
  }

  var testDescription: String {
    "\(color), \(depth) bits\(isInterlaced ? ", interlaced" : "")"
  }

  /// A file of 11×9 pixels, so that every pass has rows and none is whole bytes, and its greys.
  var picture: (file: PNG, greys: [UInt8]) {
    let levels = 1 << min(depth, 8)
    let steps = (0..<99).map { ($0 * 7 + $0 / 11) % min(levels, 16) }
    let greys = steps.map { UInt8($0 * 255 / (min(levels, 16) - 1)) }
    let largest = depth == 16 ? 257 : 1
    let samples: [UInt16] = zip(steps, greys).flatMap { step, grey in
      let value = UInt16(Int(grey) * largest)
      let opaque = UInt16(255 * largest)
      return switch color {
      case .grey: [depth < 8 ? UInt16(step * (levels - 1) / (min(levels, 16) - 1)) : value]
      case .palette: [UInt16(step)]
      case .rgb: [value, value, value]
      case .greyAlpha: [value, opaque]
      case .rgba: [value, value, value, opaque]
      }
    }
    var file = PNG(samples, width: 11, color, depth: depth)
    file.isInterlaced = isInterlaced
    if color == .palette {
      let count = min(levels, 16)
      file.chunks = PNG.chunk(
        "PLTE",
        (0..<count).flatMap { step in
          [UInt8](repeating: UInt8(step * 255 / (count - 1)), count: 3)
        })
    }
    return (file, greys)
  }
}

struct GreyImageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ file: PNG) throws -> GreyImage {
    try GreyImage(contentsOf: folder.write(file.bytes, to: "image.png"))
  }

  @Test(arguments: PNGType.all)
  func greysOfEveryTypeAreExact(_ type: PNGType) throws {
    let (file, greys) = type.picture
    let image = try read(file)
    #expect(image.width == 11 && image.height == 9)
    // Interlaced pixels of 16 bits go through linear light, where libpng keeps 11 bits.
    let tolerance = type.isInterlaced && type.depth == 16 ? 10 : 0
    for (grey, expected) in zip(image.pixels, greys) {
      #expect(abs(Int(grey) - Int(expected)) <= tolerance)
    }
    #expect(Set(image.pixels).count == min(1 << type.depth, 16))
  }

  /// In linear light a colour's luminance is its coefficient; the sRGB curve gives its grey.
  @Test(arguments: [8, 16])
  func coloursWeighByTheirLuminance(_ depth: Int) throws {
    let full = UInt16(depth == 16 ? 65535 : 255)
    let samples = [full, 0, 0, 0, full, 0, 0, 0, full, full, full, full]
    let greys = try read(PNG(samples, width: 4, .rgb, depth: depth)).pixels
    for (grey, expected) in zip(greys, [127, 220, 76, 255]) {
      #expect(abs(Int(grey) - expected) <= 1, "\(greys)")
    }
  }

  @Test func transparencyLiesOnWhite() throws {
    let greys = try read(PNG([0, 0, 0, 255, 0, 128, 188, 128, 9, 0], width: 5, .greyAlpha)).pixels
    #expect(greys[0] == 255 && greys[1] == 0 && greys[4] == 255)
    // Half of the light of white is 188 by the sRGB curve; three quarters, half of which come
    // through a grey of 188, are 225.
    #expect(abs(Int(greys[2]) - 188) <= 2 && abs(Int(greys[3]) - 225) <= 2, "\(greys)")
    let clear = try read(PNG([0, 0, 0, 0, 0, 0, 0, 255], width: 2, .rgba)).pixels
    #expect(clear == [255, 0])
  }

  @Test func transparentColourLiesOnWhite() throws {
    var grey = PNG([10, 20, 30], width: 3)
    grey.chunks = PNG.chunk("tRNS", [0, 20])
    #expect(try read(grey).pixels == [10, 255, 30])
    var palette = PNG([0, 1, 2], width: 3, .palette)
    palette.chunks =
      PNG.chunk("PLTE", [10, 10, 10, 20, 20, 20, 30, 30, 30]) + PNG.chunk("tRNS", [255, 0])
    #expect(try read(palette).pixels == [10, 255, 30])
  }

  @Test func gammaOfTheFileCounts() throws {
    var linear = PNG([0, 55, 255], width: 3)
    linear.chunks = PNG.chunk("gAMA", [0, 1, 0x86, 0xA0])
    let greys = try read(linear).pixels
    #expect(greys[0] == 0 && greys[2] == 255)
    #expect(abs(Int(greys[1]) - 128) <= 1)
  }

  @Test func largePhotoIsRead() throws {
    let row = (0..<4000).map { UInt8($0 % 251) }
    let pixels = (0..<4000).flatMap { _ in row }
    let image = try read(PNG(pixels, width: 4000))
    #expect(image.width == 4000 && image.height == 4000)
    #expect(image.pixels == pixels)
  }

  @Test(arguments: [1, 1_000_000])
  func longestSideIsRead(_ width: Int) throws {
    let pixels = (0..<1_000_000).map { UInt8($0 % 251) }
    #expect(try read(PNG(pixels, width: width)).pixels == pixels)
  }

  /// A file's own texts may unfold to far more than the pixels; nothing of them is kept.
  @Test func textsAndUnknownChunksAreSkipped() throws {
    var file = PNG([1, 2, 3], width: 3)
    file.chunks = PNG.chunk("tEXt", Array("Title\0digit".utf8)) + PNG.chunk("abCd", [1, 2])
    #expect(try read(file).pixels == [1, 2, 3])
  }
}

/// Files that are damaged or no PNG at all: each is refused, or read as it was.
struct MalformedPNGTests {
  private static let picture = PNG(
    (0..<12 * 9 * 3).map { UInt16($0 * 37 % 256) }, width: 12, .rgb)
  private static let signature = PNG.signature
  private static let header = PNG.header(picture, width: 12, height: 9)
  private static let pixels = PNG.chunk("IDAT", PNG.deflated([UInt8](repeating: 0, count: 333)))
  private static let end = PNG.chunk("IEND", [])
  private static let size = "expected an image of 1 to 67108864 pixels, at most 1000000 a side"
  private static let noPNG =
    "expected a PNG file, which begins with 89 50 4E 47, or a JPEG file, found"

  private static func sized(_ width: Int, _ height: Int) -> [UInt8] {
    signature + PNG.header(picture, width: width, height: height) + pixels + end
  }

  private static let brokenFiles = [
    BrokenFile("empty", [], "\(noPNG) an empty file"),
    BrokenFile("a photo of another format", Array("GIF89a".utf8), "\(noPNG) 47 49 46 38"),
    BrokenFile("a web page", Array("<!DOCTYPE html>".utf8), "\(noPNG) 3C 21 44 4F"),
    BrokenFile("half a signature", Array(signature[..<5]), "\(noPNG) 89 50 4E 47"),
    BrokenFile(
      "changed line ends", [0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A] + header,
      "\(noPNG) 89 50 4E 47"),
    BrokenFile(
      "a signature alone", signature,
      "expected a whole PNG file, found the chunk at byte 8 cut off at byte 8"),
    BrokenFile(
      "another chunk first", signature + pixels + end,
      "expected a PNG file, its header first, found another chunk"),
    BrokenFile(
      "a short header", signature + PNG.chunk("IHDR", [0, 0, 0, 1]) + pixels + end,
      "expected a PNG file, its header first, found another chunk"),
    BrokenFile(
      "a chunk longer than all files",
      signature + header + [0xFF, 0xFF, 0xFF, 0xFF] + pixels[4...],
      "expected a whole PNG file, found the chunk at byte 33 cut off at byte 57"),
    BrokenFile(
      "no end", signature + header + pixels,
      "expected a whole PNG file, found the chunk at byte 57 cut off at byte 57"),
    BrokenFile("no width", sized(0, 9), "\(size), found 0×9"),
    BrokenFile("no height", sized(9, 0), "\(size), found 9×0"),
    BrokenFile("a long row", sized(67_108_864, 1), "\(size), found 67108864×1"),
    BrokenFile("a long column", sized(1, 1_000_001), "\(size), found 1×1000001"),
    BrokenFile(
      "absurd sizes", sized(100_000, 100_000),
      "\(size), found 100000×100000"),
    BrokenFile(
      "sizes that overflow", sized(0xFFFF_FFFF, 0xFFFF_FFFF),
      "\(size), found 4294967295×4294967295"),
    BrokenFile(
      "more pixels than data", sized(12, 10),
      "expected a whole PNG file, found damage: Not enough image data"),
    BrokenFile(
      "more pixels than its bytes could hold", sized(8000, 8000),
      "expected a whole PNG file, found 8000×8000 pixels in \(sized(8000, 8000).count) bytes, "
        + "which hold fewer"),
    BrokenFile(
      "no pixels", signature + header + end,
      "expected a whole PNG file, found damage: IEND: out of place"),
    BrokenFile(
      "a wrong checksum", flipping(picture.bytes, at: picture.bytes.count - 13),
      "expected a whole PNG file, found damage: IDAT: CRC error"),
    BrokenFile(
      "an unknown chunk that counts", signature + header + PNG.chunk("ABCD", []) + pixels + end,
      "expected a whole PNG file, found damage: ABCD: unhandled critical chunk"),
    BrokenFile(
      "a palette that is missing",
      PNG([0, 1], width: 2, .palette).bytes,
      "expected a whole PNG file, found damage: IDAT: Missing PLTE before IDAT"),
  ]

  /// A file whose header tells of a size and a type, and its data of what they hold.
  private static func bomb(
    _ width: Int, _ height: Int, _ color: PNG.Color = .grey, depth: Int = 8,
    isInterlaced: Bool = false, before chunks: [UInt8] = [], holding data: [UInt8]
  ) -> [UInt8] {
    var type = PNG([], width: 1, color, depth: depth)
    type.isInterlaced = isInterlaced
    return signature + PNG.header(type, width: width, height: height) + chunks
      + PNG.chunk("IDAT", data) + end
  }

  private static let nothing = PNG.deflated([])
  /// The rows of 4096×4096 greys, the last with a filter that there is not.
  private static let wrongFilter = PNG.deflated(
    [UInt8](repeating: 0, count: 4095 * 4097) + [9] + [UInt8](repeating: 0, count: 4096))

  private static func fewer(_ width: Int, _ height: Int, _ bytes: [UInt8]) -> String {
    "expected a whole PNG file, found \(width)×\(height) pixels in \(bytes.count) bytes, "
      + "which hold fewer"
  }

  private static func claim(
    _ name: String, _ width: Int, _ height: Int, _ color: PNG.Color = .grey, depth: Int = 8,
    isInterlaced: Bool = false, holding data: [UInt8] = nothing
  ) -> BrokenFile {
    let bytes = bomb(
      width, height, color, depth: depth, isInterlaced: isInterlaced, holding: data)
    return BrokenFile(name, bytes, fewer(width, height, bytes))
  }

  /// What tells of far more than there is, or holds far more than it tells.
  private static let bombs: [BrokenFile] = [
    claim("the largest picture without pixels", 8192, 8192),
    claim("the longest row without pixels", 1_000_000, 1, .rgba, depth: 16),
    claim("seven passes without pixels", 8192, 8192, .rgba, depth: 16, isInterlaced: true),
    claim("single bits without pixels", 8192, 8192, depth: 1),
    claim(
      "half of its pixels", 4096, 4096,
      holding: PNG.deflated([UInt8](repeating: 0, count: 2048 * 4097))),
    claim("pixels cut off", 4096, 4096, holding: wrongFilter.dropLast(9_000)),
    BrokenFile(
      "a wrong filter in the last row", bomb(4096, 4096, holding: wrongFilter),
      "expected a whole PNG file, found damage: bad adaptive filter value", inflated: 4096 * 4097),
    BrokenFile(
      "a text of 32 MiB, and no pixels",
      bomb(
        1, 1,
        before: PNG.chunk(
          "zTXt", Array("a\0\0".utf8) + PNG.deflated([UInt8](repeating: 97, count: 1 << 25))),
        holding: nothing), "expected a whole PNG file, found damage: Not enough image data"),
    BrokenFile(
      "more data than pixels, and a wrong checksum",
      flipping(
        bomb(4, 4, holding: PNG.deflated([UInt8](repeating: 0, count: 1 << 25))), at: 60),
      "expected a whole PNG file, found damage: IDAT: CRC error"),
    BrokenFile(
      "100,000 chunks, and no pixels",
      signature + header + (0..<100_000).flatMap { _ in PNG.chunk("abCd", []) } + end,
      "expected a whole PNG file, found damage: IEND: out of place"),
    BrokenFile(
      "100,000 empty pieces of pixels",
      signature + header + (0..<100_000).flatMap { _ in PNG.chunk("IDAT", []) } + end,
      "expected a whole PNG file, found damage: Not enough image data"),
  ]

  private static func flipping(_ bytes: [UInt8], at index: Int, bit: UInt8 = 0x10) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= bit
    return bytes
  }

  @Test(arguments: brokenFiles + bombs)
  func brokenFileIsRefused(_ file: BrokenFile) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(file.bytes, to: "image.png")
    let error = expectRefusal(of: path, inflated: file.inflated, by: DatasetError.self) {
      try GreyImage(contentsOf: path)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(file.problem)")
  }

  @Test func fileCutAnywhereIsRefused() throws {
    let folder = try TemporaryFolder()
    let whole = Self.picture.bytes
    for count in whole.indices {
      let path = try folder.write(Array(whole[..<count]), to: "image.png")
      let error = #expect(throws: DatasetError.self) { try GreyImage(contentsOf: path) }
      #expect(error?.kind == .malformed, "\(count) bytes")
    }
  }

  /// Every chunk has a checksum, so that no bit changes unnoticed; libpng need not read the last.
  @Test(arguments: [PNG.Color.rgb, .palette])
  func fileWithAnyBitChangedIsRefusedOrTheSame(_ color: PNG.Color) throws {
    let folder = try TemporaryFolder()
    let type = PNGType(color: color, depth: 8, isInterlaced: true)
    let whole = type.picture.file.bytes
    let expected = try GreyImage(contentsOf: folder.write(whole, to: "image.png"))
    var refused = 0
    for index in whole.indices {
      for bit in 0..<8 {
        let path = try folder.write(
          Self.flipping(whole, at: index, bit: 1 << UInt8(bit)), to: "image.png")
        do throws(DatasetError) {
          #expect(try GreyImage(contentsOf: path) == expected, "byte \(index), bit \(bit)")
        } catch {
          refused += 1
          #expect(error.kind == .malformed, "byte \(index), bit \(bit)")
        }
      }
    }
    #expect(refused >= (whole.count - 4) * 8, "\(refused) of \(whole.count * 8)")
  }

  /// With right checksums, damage reaches the decoder: it refuses or reads something, and never more
  /// than the header tells.
  @Test func damagedPixelsAreReadOrRefusedNeverTrapped() throws {
    let folder = try TemporaryFolder()
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = RandomGenerator(seed: seed)
    let packed = PNG.deflated((0..<9).flatMap { [0] + Array(repeating: UInt8($0), count: 36) })
    for round in 0..<1000 {
      var (header, data) = (Array(Self.header[8..<21]), packed)
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        data[Int.random(in: data.indices, using: &random)] ^=
          1 << UInt8.random(in: 0...7, using: &random)
      }
      // Depth, colour type, compression, filter or interlacing, all else than the size.
      header[Int.random(in: 8..<13, using: &random)] = UInt8.random(in: 0...16, using: &random)
      let bytes =
        Self.signature + PNG.chunk("IHDR", header) + PNG.chunk("IDAT", data) + Self.end
      let path = try folder.write(bytes, to: "image.png")
      do throws(DatasetError) {
        let image = try GreyImage(contentsOf: path)
        #expect(image.width == 12 && image.height == 9, "seed \(seed), round \(round)")
      } catch {
        #expect(error.kind == .malformed, "seed \(seed), round \(round): \(error)")
      }
    }
  }

  @Test func missingFileAndFolderAreToldApart() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: DatasetError.self) {
      try GreyImage(contentsOf: folder.path + "/none.png")
    }
    #expect(missing?.kind == .missingFile)
    let directory = #expect(throws: DatasetError.self) { try GreyImage(contentsOf: folder.path) }
    #expect(
      directory?.description == "\(folder.path): expected a file, found a folder or a device")
  }
}
