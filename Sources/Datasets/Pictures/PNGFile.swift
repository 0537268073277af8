import CPNG

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The bytes of a PNG file (ISO/IEC 15948), whole and of a bounded size, to be decoded by libpng.
///
/// The file is a signature and a row of chunks: the length of its data as a 32-bit number, four
/// letters for its type, the data, a checksum. `IHDR` is the first and holds width, height, and in
/// a byte each bit depth, colour type, compression, filter and interlacing; `IEND` is the last. All
/// numbers have their most significant byte first.
struct PNGFile {
  /// As many as 4000×4000 pixels of the widest type can take, and twice that.
  static let mostBytes = 1 << 28
  /// 64 Mi pixels, 8192×8192: libpng's samples of them take 256 MiB at most.
  private static let mostPixels = 1 << 26
  /// libpng's own limit, unless it was built with another.
  private static let mostPixelsOfASide = 1_000_000
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The bytes of a chunk beside its data.
  private static let frame = 12

  let width, height: Int
  private let depth, colourType: UInt8
  private let isInterlaced: Bool
  private let bytes: [UInt8]
  private let path: String

  /// Checks the signature, the size and that all chunks are there, before anything is decoded.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    guard bytes.starts(with: Self.signature) else {
      let found = bytes.prefix(4).map(hex).joined(separator: " ")
      throw .malformed(
        path, expected: "a PNG file, which begins with 89 50 4E 47, or a JPEG file",
        found: bytes.isEmpty ? "an empty file" : found)
    }
    let header = Self.signature.count
    guard try Self.endOfChunk(at: header, in: bytes, path: path) == header + Self.frame + 13,
      Self.type(at: header, in: bytes) == "IHDR"
    else {
      throw .malformed(path, expected: "a PNG file, its header first", found: "another chunk")
    }
    (width, height) = (
      Self.number(at: header + 8, in: bytes), Self.number(at: header + 12, in: bytes)
    )
    guard [width, height].allSatisfy({ 1...Self.mostPixelsOfASide ~= $0 }),
      width * height <= Self.mostPixels
    else {
      throw .malformed(
        path,
        expected: "an image of 1 to \(Self.mostPixels) pixels, "
          + "at most \(Self.mostPixelsOfASide) a side",
        found: "\(width)×\(height)")
    }
    (depth, isInterlaced) = (bytes[header + 16], bytes[header + 20] != 0)
    colourType = bytes[header + 17]
    self.bytes = try Self.neededChunks(of: bytes, path: path)
    self.path = path
    try expectData(of: width * height)
  }

  /// Throws where the header tells of far more pixels than the data's own size, and the data hold
  /// fewer, so that a header alone gets no memory.
  private func expectData(of pixels: Int) throws(DatasetError) {
    // libpng's rows have up to 8 bytes per pixel.
    guard 8 * pixels > Deflated.modestCount(for: bytes.count) else { return }
    var data: [UInt8] = []
    var start = Self.signature.count
    while start < bytes.count {
      let end = try Self.endOfChunk(at: start, in: bytes, path: path)
      if Self.type(at: start, in: bytes) == "IDAT" { data += bytes[start + 8..<end - 4] }
      start = end
    }
    // A pixel has one sample or more. What they hold beside is libpng's matter.
    let needed = pixels * Int(max(depth, 1)) / 8
    switch Deflated.size(of: data[...], in: .zlib, limit: needed, told: { _ in needed }) {
    case .more, .whole: return
    default:
      throw .malformed(
        path, expected: "a whole PNG file",
        found: "\(width)×\(height) pixels in \(bytes.count) bytes, which hold fewer")
    }
  }

  /// The file without the chunks on which no pixel depends. A text among them may be packed so that
  /// a small file unfolds to gigabytes.
  private static func neededChunks(
    of bytes: [UInt8], path: String
  ) throws(DatasetError) -> [UInt8] {
    var needed = signature
    needed.reserveCapacity(bytes.count)
    var (start, type) = (signature.count, "")
    while type != "IEND" {
      let end = try endOfChunk(at: start, in: bytes, path: path)
      type = Self.type(at: start, in: bytes)
      let isCritical = bytes[start + 4] & 0x20 == 0
      if isCritical || ["tRNS", "gAMA", "cHRM", "sRGB"].contains(type) {
        needed += bytes[start..<end]
      }
      start = end
    }
    return needed
  }

  private static func endOfChunk(
    at start: Int, in bytes: [UInt8], path: String
  ) throws(DatasetError) -> Int {
    let rest = bytes.count - start - frame
    guard rest >= 0, number(at: start, in: bytes) <= rest else {
      throw .malformed(
        path, expected: "a whole PNG file",
        found: "the chunk at byte \(start) cut off at byte \(bytes.count)")
    }
    return start + frame + number(at: start, in: bytes)
  }

  private static func type(at start: Int, in bytes: [UInt8]) -> String {
    String(decoding: bytes[start + 4..<start + 8], as: UTF8.self)
  }

  private static func number(at start: Int, in bytes: [UInt8]) -> Int {
    bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  /// Whether it holds shades of grey alone, by the colour type in its header.
  var isGrey: Bool { colourType & 2 == 0 }

  /// The pixels, row by row, one byte for each of so many channels: on white, or on black where all
  /// would be white.
  /// - Throws: ``DatasetError`` of kind `malformed` where libpng finds damage.
  func pixels(channels: Int) throws(DatasetError) -> [UInt8] {
    let onWhite = try channels == 1 ? greyPixels(ground: 255) : colours(ground: 255)
    if onWhite.contains(where: { $0 != 255 }) { return onWhite }
    return try channels == 1 ? greyPixels(ground: 0) : colours(ground: 0)
  }

  private func colours(ground: UInt8) throws(DatasetError) -> [UInt8] {
    guard isInterlaced && depth == 16 else {
      return try samples(Int32(PNG_FORMAT_RGB), channels: 3, ground: ground)
    }
    let samples: [UInt16] = try samples(
      Int32(PNG_FORMAT_LINEAR_Y_ALPHA) | Int32(PNG_FORMAT_FLAG_COLOR), channels: 4, ground: 0)
    return (0..<width * height * 3).map { index in
      let pixel = index / 3
      return Self.onGround(samples[4 * pixel + index % 3], samples[4 * pixel + 3], ground)
    }
  }

  private func greyPixels(ground: UInt8) throws(DatasetError) -> [UInt8] {
    // libpng's way from interlaced files of 16 bits to 8 gives wrong pixels, and before 1.6.51 wrote
    // past their rows (CVE-2025-65018); linear light has 16 bits.
    guard isInterlaced && depth == 16 else {
      return try samples(PNG_FORMAT_GRAY, channels: 1, ground: ground)
    }
    let samples: [UInt16] = try samples(Int32(PNG_FORMAT_LINEAR_Y_ALPHA), channels: 2, ground: 0)
    return (0..<width * height).map { pixel in
      Self.onGround(samples[2 * pixel], samples[2 * pixel + 1], ground)
    }
  }

  /// An amount of light, which is multiplied by its opacity already, on white or black.
  private static func onGround(_ light: UInt16, _ opacity: UInt16, _ ground: UInt8) -> UInt8 {
    greys[min(65535, Int(light) + (ground == 0 ? 0 : 65535 - Int(opacity)))]
  }

  /// The grey of each amount of light, by the curve of sRGB (IEC 61966-2-1).
  private static let greys = (0...65535).map { amount in
    let light = Double(amount) / 65535
    let grey = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
    return UInt8((255 * grey).rounded())
  }

  /// What libpng makes of the file in one of its formats.
  private func samples<Sample: FixedWidthInteger>(
    _ format: Int32, channels: Int, ground: UInt8
  ) throws(DatasetError) -> [Sample] {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    var isDecoded = false
    let count = width * height * channels
    let samples = [Sample](unsafeUninitializedCapacity: count) { samples, initialized in
      isDecoded = bytes.withUnsafeBytes { bytes in
        // libpng keeps the place of the image from one call to the next.
        withUnsafeMutablePointer(to: &image) { image in
          defer { png_image_free(image) }
          guard png_image_begin_read_from_memory(image, bytes.baseAddress, bytes.count) != 0 else {
            return false
          }
          image.pointee.format = UInt32(format)
          // Else libpng takes 16 bits for linear light, which hardly a program writes.
          image.pointee.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
          var colour = png_color(red: ground, green: ground, blue: ground)
          return png_image_finish_read(image, &colour, samples.baseAddress, 0, nil) != 0
        }
      }
      initialized = isDecoded ? count : 0
    }
    guard isDecoded else {
      let message = withUnsafeBytes(of: image.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw .malformed(path, expected: "a whole PNG file", found: "damage: \(message)")
    }
    return samples
  }
}
