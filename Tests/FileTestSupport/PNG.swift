import CLibdeflate

/// A PNG file made by hand, so that tests can have any type of it, and damaged ones.
public struct PNG: Sendable {
  /// What the samples of a pixel are, by the number that stands for it.
  public enum Color: UInt8, Sendable {
    /// Grey alone.
    case grey = 0
    /// Red, green, blue.
    case rgb = 2
    /// An index into ``palette``.
    case palette = 3
    /// Grey, alpha.
    case greyAlpha = 4
    /// Red, green, blue, alpha.
    case rgba = 6

    /// The samples of a pixel.
    public var channels: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  /// The number of columns.
  public var width: Int
  /// The number of rows.
  public var height: Int
  /// What the samples are.
  public var color: Color
  /// The bits of a sample.
  public var depth: Int
  /// The samples, pixel by pixel, row by row.
  public var samples: [UInt16]
  /// Whether the pixels come in seven passes (Adam7).
  public var isInterlaced = false
  /// Chunks between the header and the pixels, such as a palette.
  public var chunks: [UInt8] = []

  /// Creates a picture from its samples, in rows of a width.
  public init(_ samples: [UInt16], width: Int, _ color: Color = .grey, depth: Int = 8) {
    self.width = width
    height = samples.count / width / color.channels
    self.color = color
    self.depth = depth
    self.samples = samples
  }

  /// Creates a grey picture of 8 bits.
  public init(_ pixels: some Sequence<UInt8>, width: Int) {
    self.init(pixels.map { UInt16($0) }, width: width)
  }

  /// The bytes that every file begins with.
  public static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The file.
  public var bytes: [UInt8] {
    Self.signature + Self.header(self, width: width, height: height) + chunks
      + Self.chunk("IDAT", Self.deflated(rows)) + Self.chunk("IEND", [])
  }

  /// A header like that of a picture, with a size of its own.
  public static func header(_ picture: PNG, width: Int, height: Int) -> [UInt8] {
    let kind = [UInt8(picture.depth), picture.color.rawValue, 0, 0, picture.isInterlaced ? 1 : 0]
    return chunk("IHDR", bigEndian(width) + bigEndian(height) + kind)
  }

  /// A chunk with its length and its checksum.
  public static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let content = Array(type.utf8) + data
    return bigEndian(data.count) + content
      + bigEndian(Int(libdeflate_crc32(0, content, content.count)))
  }

  /// Bytes in the zlib format.
  public static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    let compressor = libdeflate_alloc_compressor(9)
    defer { libdeflate_free_compressor(compressor) }
    let bound = libdeflate_zlib_compress_bound(compressor, bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      count = libdeflate_zlib_compress(compressor, bytes, bytes.count, output.baseAddress, bound)
    }
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// The rows of all passes, each behind a 0 for no filter.
  private var rows: [UInt8] {
    let passes =
      isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    return passes.flatMap { startX, startY, stepX, stepY in
      startX >= width
        ? []
        : stride(from: startY, to: height, by: stepY).flatMap { y in
          [0] + packed(stride(from: startX, to: width, by: stepX).flatMap { pixel($0, y) })
        }
    }
  }

  private func pixel(_ x: Int, _ y: Int) -> ArraySlice<UInt16> {
    samples[(y * width + x) * color.channels..<(y * width + x + 1) * color.channels]
  }

  /// The samples of a row in as many bits as they have.
  private func packed(_ row: [UInt16]) -> [UInt8] {
    if depth == 16 { return row.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }
    let perByte = 8 / depth
    return stride(from: 0, to: row.count, by: perByte).map { start in
      (0..<perByte).reduce(0) { byte, index in
        let sample = start + index < row.count ? row[start + index] : 0
        return byte << UInt8(depth) | UInt8(sample)
      }
    }
  }
}
