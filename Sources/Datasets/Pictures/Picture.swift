import Tensors

/// A picture in grey or in colour, as a PNG or a JPEG file has it.
public struct Picture: Sendable, Equatable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// 1 for shades of grey, 3 for red, green and blue.
  public let channels: Int
  /// A byte for each channel of each pixel, row by row, from 0 for none to 255 for all.
  public let pixels: [UInt8]

  /// Creates a picture from its pixels; other than one or three channels, and another number of
  /// pixels than fills the rows, traps.
  public init(pixels: [UInt8], width: Int, height: Int, channels: Int) {
    require(
      width > 0 && height > 0 && (channels == 1 || channels == 3)
        && pixels.count == width * height * channels,
      "Picture: expected \(channels) bytes for each of \(width)×\(height) pixels, got \(pixels.count)"
    )
    self.pixels = pixels
    (self.width, self.height, self.channels) = (width, height, channels)
  }

  /// Reads a PNG file of any type or a JPEG file, whatever its name ends in.
  ///
  /// A JPEG file is turned as its Exif orientation says. What is transparent lies on white, or on
  /// black where the drawing itself is white, so that there would be nothing to see.
  /// - Parameters:
  ///   - path: the file
  ///   - isGrey: whether colours become their luminance; nil, the default, keeps them where the file
  ///     has some
  /// - Throws: ``DatasetError`` where the file is missing, cannot be read, is neither a whole PNG nor
  ///   a whole JPEG file, or has more than 67,108,864 pixels (8192×8192) or 256 MiB.
  public init(contentsOf path: String, isGrey: Bool? = nil) throws(DatasetError) {
    let file = try PictureFile(path)
    let channels = isGrey ?? file.isGrey ? 1 : 3
    let picture = Picture(
      pixels: try file.pixels(channels: channels), width: file.width, height: file.height,
      channels: channels)
    self = picture.turned(file.orientation)
  }

  /// The PNG and JPEG files in a folder and in its folders, by their names, sorted.
  public static func files(in folder: String) -> [String] {
    PictureFolder.entries(of: folder).flatMap { name -> [String] in
      let path = DatasetFolder.join(folder, name)
      if FileAccess.kind(of: path) == .folder { return files(in: path) }
      return PictureFolder.isPicture(name) ? [path] : []
    }
  }

  /// The picture upright, given the Exif orientation that its pixels have.
  func turned(_ orientation: Int) -> Picture {
    if orientation == 1 { return self }
    let isSideways = orientation >= 5
    let (columns, rows) = isSideways ? (height, width) : (width, height)
    var turned: [UInt8] = []
    turned.reserveCapacity(pixels.count)
    for row in 0..<rows {
      for column in 0..<columns {
        // The orientations are named by where the first row and the first column lie.
        let (y, x) =
          switch orientation {
          case 2: (row, width - 1 - column)
          case 3: (height - 1 - row, width - 1 - column)
          case 4: (height - 1 - row, column)
          case 5: (column, row)
          case 6: (height - 1 - column, row)
          case 7: (height - 1 - column, width - 1 - row)
          default: (column, width - 1 - row)
          }
        let start = (y * width + x) * channels
        turned += pixels[start..<start + channels]
      }
    }
    return Picture(pixels: turned, width: columns, height: rows, channels: channels)
  }

  /// The picture in another size, each pixel the mean of the area that it covers.
  public func resized(width newWidth: Int, height newHeight: Int) -> Picture {
    require(
      newWidth > 0 && newHeight > 0,
      "Picture.resized: expected a size, got \(newWidth)×\(newHeight)")
    if (newWidth, newHeight) == (width, height) { return self }
    let planes = (0..<channels).map { channel in
      let plane = GreyImage(
        pixels: stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] },
        width: width, height: height)
      return plane.areaMeans(
        rows: GreyImage.Spans(
          count: newHeight, of: Double(height) / Double(newHeight), from: 0, within: height),
        columns: GreyImage.Spans(
          count: newWidth, of: Double(width) / Double(newWidth), from: 0, within: width))
    }
    let count = newWidth * newHeight
    let means = (0..<count * channels).map { index in
      UInt8(min(255, max(0, planes[index % channels][index / channels].rounded())))
    }
    return Picture(pixels: means, width: newWidth, height: newHeight, channels: channels)
  }
}

/// A file of one of the formats that pictures come in, its header read.
enum PictureFile {
  case png(PNGFile)
  case jpeg(JPEGFile)

  init(_ path: String) throws(DatasetError) {
    let bytes = try FileAccess.read(path, limit: PNGFile.mostBytes)
    self =
      bytes.starts(with: JPEGFile.start)
      ? .jpeg(try JPEGFile(bytes, path: path)) : .png(try PNGFile(bytes, path: path))
  }

  /// The size as the pixels lie in the file.
  var width: Int {
    switch self {
    case .png(let file): file.width
    case .jpeg(let file): file.width
    }
  }
  var height: Int {
    switch self {
    case .png(let file): file.height
    case .jpeg(let file): file.height
    }
  }
  var isGrey: Bool {
    switch self {
    case .png(let file): file.isGrey
    case .jpeg(let file): file.isGrey
    }
  }
  /// By Exif; 1 for upright.
  var orientation: Int {
    switch self {
    case .png: 1
    case .jpeg(let file): file.orientation
    }
  }
  /// The size upright.
  var uprightSize: PictureSize {
    orientation >= 5
      ? PictureSize(width: height, height: width) : PictureSize(width: width, height: height)
  }

  func pixels(channels: Int) throws(DatasetError) -> [UInt8] {
    switch self {
    case .png(let file): try file.pixels(channels: channels)
    case .jpeg(let file): try file.pixels(channels: channels)
    }
  }
}
