import CTurboJPEG

/// A JPEG file (ISO/IEC 10918), decoded by libjpeg-turbo.
struct JPEGFile {
  static let start: [UInt8] = [0xFF, 0xD8, 0xFF]
  /// 64 Mi pixels, 8192×8192.
  private static let mostPixels = 1 << 26
  /// So many pixels get memory on the header's word alone.
  private static let modestPixels = 1 << 20

  let width, height: Int
  /// Whether it holds shades of grey alone.
  let isGrey: Bool
  /// How it is to be turned, from 1 for not at all to 8 (Exif 2.3, 4.6.4, tag 274).
  let orientation: Int
  private let bytes: [UInt8]
  private let path: String

  /// Reads the header.
  init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    self.bytes = bytes
    self.path = path
    var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    let problem = Self.withDecoder { decoder in
      bytes.withUnsafeBufferPointer {
        tjDecompressHeader3(
          decoder, $0.baseAddress, UInt(bytes.count), &width, &height, &subsampling, &colours)
      }
    }
    if let problem { throw Self.damage(problem, path) }
    (self.width, self.height) = (Int(width), Int(height))
    isGrey = colours == TJCS_GRAY.rawValue
    // Of a file that ends before its picture begins the library reads what is there.
    guard self.width > 0, self.height > 0 else { throw Self.damage("no picture in it", path) }
    guard self.width * self.height <= Self.mostPixels else {
      throw .malformed(
        path, expected: "an image of 1 to \(Self.mostPixels) pixels", found: "\(width)×\(height)")
    }
    guard colours != TJCS_CMYK.rawValue && colours != TJCS_YCCK.rawValue else {
      throw .malformed(
        path, expected: "a JPEG file in grey or RGB",
        found: "one in CMYK, for print; convert it with `magick in.jpg -colorspace sRGB out.jpg`")
    }
    // A block of 8×8 pixels takes a bit or more, so that a header alone gets neither memory nor time.
    guard
      self.width * self.height <= Self.modestPixels
        || self.width * self.height / 64 <= 8 * bytes.count
    else {
      throw .malformed(
        path, expected: "a whole JPEG file",
        found: "\(width)×\(height) pixels in \(bytes.count) bytes, which hold fewer")
    }
    orientation = Self.orientation(bytes)
  }

  /// The pixels as they lie in the file, row by row, one byte for each of so many channels.
  func pixels(channels: Int) throws(DatasetError) -> [UInt8] {
    let count = width * height * channels
    var problem: String?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
      problem = Self.withDecoder { decoder in
        bytes.withUnsafeBufferPointer {
          tjDecompress2(
            decoder, $0.baseAddress, UInt(bytes.count), pixels.baseAddress, Int32(width), 0,
            Int32(height), (channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue, TJFLAG_LIMITSCANS)
        }
      }
      initialized = problem == nil ? count : 0
    }
    if let problem { throw Self.damage(problem, path) }
    return pixels
  }

  private static func damage(_ problem: String, _ path: String) -> DatasetError {
    .malformed(path, expected: "a whole JPEG file", found: "damage: \(problem)")
  }

  /// What went wrong in `body`, or nil.
  ///
  /// Cameras write files that the library warns of and that are whole all the same, as with bytes beside
  /// the data; where data themselves are damaged or end too early, the library makes pixels up.
  private static func withDecoder(_ body: (tjhandle) -> Int32) -> String? {
    guard let decoder = tjInitDecompress() else { return "no memory for a decoder" }
    defer { tjDestroy(decoder) }
    if body(decoder) == 0 { return nil }
    let problem = String(cString: tjGetErrorStr2(decoder))
    let isWarning = tjGetErrorCode(decoder) == TJERR_WARNING.rawValue
    let isOfData =
      problem.contains("Premature end")
      || problem.contains("Corrupt JPEG data") && !problem.contains("extraneous bytes")
    return isWarning && !isOfData ? nil : problem
  }

  // MARK: Exif

  /// The orientation that the Exif segment tells; 1 where there is none or it is not what its form
  /// demands.
  private static func orientation(_ bytes: [UInt8]) -> Int {
    var place = 2
    // Segments: FF, a type, and their length with these two bytes; the picture begins with DA.
    while place + 4 <= bytes.count, bytes[place] == 0xFF, bytes[place + 1] != 0xDA {
      let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
      let end = place + 2 + length
      guard length >= 2, end <= bytes.count else { return 1 }
      let contents = bytes[place + 4..<end]
      if bytes[place + 1] == 0xE1, contents.starts(with: Array("Exif\0\0".utf8)) {
        return Exif(contents.dropFirst(6)).orientation ?? 1
      }
      place = end
    }
    return 1
  }
}

/// The first directory of tags in an Exif segment, which is laid out as a TIFF file.
private struct Exif {
  private let bytes: [UInt8]

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

  private var isBigEndian: Bool { bytes.starts(with: Array("MM".utf8)) }

  var orientation: Int? {
    guard isBigEndian || bytes.starts(with: Array("II".utf8)),
      let directory = number(at: 4, bytes: 4), let count = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<min(count, 1000) {
      let place = directory + 2 + 12 * entry
      guard number(at: place, bytes: 2) == 274 else { continue }
      return number(at: place + 8, bytes: 2).flatMap { 1...8 ~= $0 ? $0 : nil }
    }
    return nil
  }

  private func number(at place: Int, bytes count: Int) -> Int? {
    guard 0 <= place, place + count <= bytes.count else { return nil }
    let part = bytes[place..<place + count]
    return (isBigEndian ? Array(part) : part.reversed()).reduce(0) { $0 << 8 | Int($1) }
  }
}
