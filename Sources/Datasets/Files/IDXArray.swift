import Tensors

/// An array read from an IDX file, the format that MNIST came in.
///
/// Layout: two zero bytes, one byte for the type of the elements, one for the number of axes r; r
/// sizes as 32-bit numbers; the elements in row-major order. All numbers have their most
/// significant byte first. The format is described by Yann LeCun at
/// http://yann.lecun.com/exdb/mnist/.
public struct IDXArray: Sendable, Equatable {
  /// The types an element can have, by the byte that stands for each.
  public enum ElementType: UInt8, Sendable, CaseIterable {
    /// Unsigned bytes.
    case uint8 = 0x08
    /// Signed bytes.
    case int8 = 0x09
    /// Signed numbers of 16 bits.
    case int16 = 0x0B
    /// Signed numbers of 32 bits.
    case int32 = 0x0C
    /// Floating-point numbers of 32 bits.
    case float32 = 0x0D
    /// Floating-point numbers of 64 bits.
    case float64 = 0x0E

    /// The size of an element in bytes.
    public var byteCount: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// The elements, in row-major order.
  public enum Elements: Sendable, Equatable {
    /// Unsigned bytes; a part of the file as it was read, so that images are not copied.
    case uint8(ArraySlice<UInt8>)
    /// Signed bytes.
    case int8([Int8])
    /// Signed numbers of 16 bits.
    case int16([Int16])
    /// Signed numbers of 32 bits.
    case int32([Int32])
    /// Floating-point numbers of 32 bits.
    case float32([Float])
    /// Floating-point numbers of 64 bits.
    case float64([Double])
  }

  /// The largest array read unless told otherwise: 1 GiB.
  public static let defaultLimit = 1 << 30

  /// The size of each axis, outermost first; without axes, the array is one number.
  public let shape: Shape
  /// The elements, in row-major order.
  public let elements: Elements

  /// The type of the elements.
  public var elementType: ElementType {
    switch elements {
    case .uint8: .uint8
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .float32: .float32
    case .float64: .float64
    }
  }

  /// Reads a file, plain or compressed by gzip: its first bytes tell which, not its name.
  /// - Parameters:
  ///   - path: the file
  ///   - limit: the most bytes it may have, plain; 1 GiB by default. It bounds the memory that a
  ///     malicious archive can claim.
  /// - Throws: ``DatasetError`` where the file is missing, cannot be read, or is not one whole IDX
  ///   array.
  public init(contentsOf path: String, limit: Int = defaultLimit) throws(DatasetError) {
    try self.init(Self.plainBytes(of: path, limit: limit), path: path)
  }

  /// The bytes of a file, inflated where they are an archive.
  static func plainBytes(of path: String, limit: Int) throws(DatasetError) -> [UInt8] {
    let bytes = try FileAccess.read(path, limit: Gzip.largestArchive(of: limit))
    return try plainBytes(in: bytes, limit: limit, path: path)
  }

  /// The bytes themselves, or what they hold where they are an archive; at most `limit`.
  static func plainBytes(
    in bytes: [UInt8], limit: Int, path: String
  ) throws(DatasetError) -> [UInt8] {
    guard !Gzip.isArchive(bytes) else {
      return try Gzip.inflate(bytes, limit: limit, path: path) { start throws(DatasetError) in
        try Header(start, path: path).fileCount
      }
    }
    guard bytes.count <= limit else {
      throw .malformed(path, expected: "at most \(limit) bytes", found: "\(bytes.count)")
    }
    return bytes
  }

  /// Reads an array from the bytes of a plain IDX file.
  /// - Parameters:
  ///   - bytes: the whole file
  ///   - path: what errors call it
  /// - Throws: ``DatasetError`` of kind `malformed` where the bytes are not one whole IDX array.
  public init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    let header = try Header(bytes[...], path: path)
    shape = try header.shape(of: bytes.count, path: path)
    let payload = bytes[header.byteCount...]
    elements =
      switch header.type {
      case .uint8: .uint8(payload)
      case .int8: .int8(payload.map { Int8(bitPattern: $0) })
      case .int16: .int16(Self.integers(payload))
      case .int32: .int32(Self.integers(payload))
      case .float32: .float32(Self.integers(payload).map { Float(bitPattern: $0) })
      case .float64: .float64(Self.integers(payload).map { Double(bitPattern: $0) })
      }
  }

  /// What a plain file holds, and where its elements begin.
  static func place(
    in file: MappedFile
  ) throws(DatasetError) -> (type: ElementType, shape: Shape, offset: Int) {
    let header = try Header(Array(file.bytes.prefix(Header.longest))[...], path: file.path)
    return (
      header.type, try header.shape(of: file.bytes.count, path: file.path), header.byteCount
    )
  }

  private static func integers<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> [Number] {
    bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / MemoryLayout<Number>.size).map {
        Number(
          bigEndian: bytes.loadUnaligned(
            fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self))
      }
    }
  }
}

extension IDXArray {
  /// What an IDX file says of itself.
  private struct Header {
    let type: ElementType
    let sizes: [Int]
    let byteCount: Int

    /// The bytes of a header of as many axes as a byte counts.
    static let longest = 4 + 4 * 255

    /// Reads the header that a file begins with.
    init(_ bytes: ArraySlice<UInt8>, path: String) throws(DatasetError) {
      guard bytes.count >= 4 else {
        throw .malformed(
          path, expected: "an IDX header of at least 4 bytes", found: "\(bytes.count)")
      }
      guard bytes[0] == 0 && bytes[1] == 0 else {
        throw .malformed(
          path, expected: "an IDX file, which begins with 00 00",
          found: "\(hex(bytes[0])) \(hex(bytes[1]))")
      }
      guard let type = ElementType(rawValue: bytes[2]) else {
        throw .malformed(
          path, expected: "an IDX element type (08, 09, 0B, 0C, 0D or 0E)", found: hex(bytes[2]))
      }
      let rank = Int(bytes[3])
      byteCount = 4 + 4 * rank
      guard bytes.count >= byteCount else {
        throw .malformed(
          path, expected: "an IDX header of \(byteCount) bytes for \(rank) axes",
          found: "\(bytes.count)")
      }
      self.type = type
      sizes = (0..<rank).map { axis in
        bytes[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
      }
    }

    /// The bytes of the elements, or nil where they are more than an Int counts.
    private var payloadCount: Int? {
      var count = type.byteCount
      for size in sizes {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow else { return nil }
        count = product
      }
      return count
    }

    /// The bytes of the whole file, the largest Int where they are more.
    var fileCount: Int {
      guard let payloadCount, payloadCount <= Int.max - byteCount else { return Int.max }
      return byteCount + payloadCount
    }

    /// The shape of the sizes, whose elements must fill exactly the rest of a file of `count` bytes.
    func shape(of count: Int, path: String) throws(DatasetError) -> Shape {
      guard let payloadCount else {
        throw .malformed(
          path, expected: "sizes of \(count - byteCount) bytes of elements, as the file has",
          found: "\(sizes)")
      }
      guard payloadCount == count - byteCount else {
        throw .malformed(
          path, expected: "\(payloadCount) bytes for \(sizes) elements of type \(type)",
          found: "\(count - byteCount)")
      }
      return Shape(sizes)
    }
  }
}

/// A byte as two hexadecimal digits.
func hex(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return digits.count < 2 ? "0" + digits : digits
}
