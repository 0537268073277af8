import Tensors

/// A picture in shades of grey, such as a user's own drawing or photo.
///
/// ```swift
/// let digit = try GreyImage(contentsOf: "digit.png").fitted(rows: 28, columns: 28, as: .handwriting)
/// let probabilities = try model.predict(digit.images)
/// ```
public struct GreyImage: Sendable, Equatable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// The pixels, row by row, from 0 for black to 255 for white.
  public let pixels: [UInt8]

  /// Creates a picture from its pixels, row by row; none, or another number than fills the rows,
  /// traps.
  public init(pixels: [UInt8], width: Int, height: Int) {
    require(
      width > 0 && height > 0 && pixels.count == width * height,
      "GreyImage: expected the pixels of \(width)×\(height), got \(pixels.count)")
    self.pixels = pixels
    self.width = width
    self.height = height
  }

  /// Reads a PNG file of any colour type and depth, interlaced or not, or a JPEG file.
  ///
  /// Colours of a PNG file become their luminance, Y = 0.2126 R + 0.7152 G + 0.0722 B in linear light
  /// (Rec. 709, unless the file has primaries of its own), those of a JPEG file its own Y (Rec. 601).
  /// See ``Picture/init(contentsOf:isGrey:)``.
  /// - Throws: ``DatasetError`` where the file is missing, cannot be read, is neither a whole PNG nor
  ///   a whole JPEG file, or has more than 67,108,864 pixels (8192×8192), 1,000,000 a side or 256 MiB,
  ///   so that no file claims more memory.
  public init(contentsOf path: String) throws(DatasetError) {
    let picture = try Picture(contentsOf: path, isGrey: true)
    self.init(pixels: picture.pixels, width: picture.width, height: picture.height)
  }
}
