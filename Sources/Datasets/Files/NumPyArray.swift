import Tensors

/// An array read from a NumPy file (`.npy`).
///
/// Layout: the bytes 93 and `NUMPY`; the version, 1.0, 2.0 or 3.0; the length of the header, of two
/// bytes in version 1.0 and four in the others, least significant first; the header, a Python
/// dictionary as text; the elements. Both byte orders, and both orders of the axes, are read. The
/// format is described at
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public struct NumPyArray: Sendable {
  /// The types an element can have. Python objects, texts, records, dates and complex numbers are
  /// not among them.
  public enum ElementType: String, Sendable, CaseIterable {
    /// A byte; any but 0 is true.
    case bool = "b1"
    /// Unsigned integers.
    case uint8 = "u1"
    /// Unsigned integers of 16 bits.
    case uint16 = "u2"
    /// Unsigned integers of 32 bits.
    case uint32 = "u4"
    /// Unsigned integers of 64 bits.
    case uint64 = "u8"
    /// Signed integers.
    case int8 = "i1"
    /// Signed integers of 16 bits.
    case int16 = "i2"
    /// Signed integers of 32 bits.
    case int32 = "i4"
    /// Signed integers of 64 bits.
    case int64 = "i8"
    /// Floating-point numbers of 16 bits.
    case float16 = "f2"
    /// Floating-point numbers of 32 bits.
    case float32 = "f4"
    /// Floating-point numbers of 64 bits.
    case float64 = "f8"

    /// The size of an element in bytes.
    public var byteCount: Int { Int(rawValue.dropFirst()) ?? 1 }

    /// Whether single precision does not hold every value.
    package var isRounded: Bool { format.isRounded }

    /// How a Float is made of one.
    var format: NumberFormat {
      switch self {
      case .bool: .bool
      case .uint8: .uint8
      case .uint16: .uint16
      case .int8: .int8
      case .int16: .int16
      case .float16: .float16
      case .float32: .float32
      case .uint32: .uint32
      case .uint64: .uint64
      case .int32: .int32
      case .int64: .int64
      case .float64: .float64
      }
    }
  }

  /// The size of each axis, outermost first.
  public let shape: Shape
  /// The type of the elements.
  public let elementType: ElementType
  /// The bytes of the elements in row-major order, each in the byte order of the file.
  let bytes: ArraySlice<UInt8>
  let isBigEndian: Bool

  /// Reads a file.
  /// - Parameters:
  ///   - path: the file
  ///   - limit: the most bytes it may have; 1 GiB by default
  /// - Throws: ``DatasetError`` where the file is missing, cannot be read, or is not one whole array
  ///   of numbers.
  public init(
    contentsOf path: String, limit: Int = IDXArray.defaultLimit
  ) throws(DatasetError) {
    try self.init(FileAccess.read(path, limit: limit)[...], path: path)
  }

  /// Reads an array from the bytes of a whole file.
  /// - Parameters:
  ///   - file: the bytes
  ///   - path: what errors call them
  /// - Throws: ``DatasetError`` of kind `malformed` where the bytes are not one whole array.
  public init(_ file: ArraySlice<UInt8>, path: String) throws(DatasetError) {
    let (header, data) = try Self.split(file, path: path)
    let type = try Self.elementType(header, path: path)
    guard let count = Self.count(header, type), count * type.byteCount == data.count else {
      throw .malformed(
        path, expected: "\(header.sizes) elements of \(type.byteCount) bytes",
        found: "\(data.count) bytes")
    }
    elementType = type
    shape = Shape(header.sizes)
    isBigEndian = header.type.hasPrefix(">")
    bytes =
      header.isFortranOrder && header.sizes.count > 1 && count > 0
      ? Self.rowMajor(data, header.sizes, byteCount: type.byteCount) : data
  }

  /// The bytes of a whole file as its first ones, up to the header's end at least, tell; the largest
  /// Int where they are more.
  static func fileCount(
    toldBy start: ArraySlice<UInt8>, path: String
  ) throws(DatasetError) -> Int {
    let (header, rest) = try split(start, path: path)
    let type = try elementType(header, path: path)
    guard let count = count(header, type) else { return Int.max }
    let (sum, overflow) = (count * type.byteCount).addingReportingOverflow(
      rest.startIndex - start.startIndex)
    return overflow ? Int.max : sum
  }

  /// An array in a file that is read where it lies.
  struct Place {
    let shape: Shape
    let elementType: ElementType
    let isBigEndian: Bool
    /// Where the elements begin.
    let offset: Int
  }

  /// Where the elements of a file are, which has them all; nil where its columns lie one after the other.
  static func place(in file: MappedFile) throws(DatasetError) -> Place? {
    let start = Array(file.bytes.prefix(longestHeader + 12))
    let (header, rest) = try split(start[...], path: file.path)
    let type = try elementType(header, path: file.path)
    let (offset, size) = (rest.startIndex, file.bytes.count)
    guard let count = count(header, type), count * type.byteCount == size - offset else {
      throw .malformed(
        file.path, expected: "\(header.sizes) elements of \(type.byteCount) bytes",
        found: "\(size - offset) bytes")
    }
    if header.isFortranOrder && header.sizes.count > 1 { return nil }
    return Place(
      shape: Shape(header.sizes), elementType: type, isBigEndian: header.type.hasPrefix(">"),
      offset: offset)
  }

  private static func elementType(
    _ header: NumPyHeader, path: String
  ) throws(DatasetError) -> ElementType {
    guard let order = header.type.first, "<>|=".contains(order),
      let type = ElementType(rawValue: String(header.type.dropFirst())),
      order != "|" || type.byteCount == 1
    else {
      throw .malformed(
        path, expected: "numbers (\(ElementType.allCases.map(\.rawValue).joined(separator: ", ")))",
        found: "elements of type '\(header.type)'")
    }
    return type
  }

  /// The number of elements; nil where it, or that of their bytes, is more than an Int counts.
  private static func count(_ header: NumPyHeader, _ type: ElementType) -> Int? {
    // As large as they become: no size of an array of floats may overflow either.
    header.sizes.elementCount(of: max(type.byteCount, MemoryLayout<Float>.stride))
  }

  /// Python writes longer ones for records alone, which have a field for each column.
  private static let longestHeader = 65_535

  /// The header of a file and the bytes behind it.
  private static func split(
    _ file: ArraySlice<UInt8>, path: String
  ) throws(DatasetError) -> (NumPyHeader, ArraySlice<UInt8>) {
    guard file.starts(with: [0x93] + Array("NUMPY".utf8)), file.count >= 10 else {
      throw .malformed(
        path, expected: "a NumPy array, which begins with 93 and NUMPY",
        found: "\(file.count) bytes of something else")
    }
    let version = Array(file.dropFirst(6).prefix(2))
    guard 1...3 ~= version[0], version[1] == 0 else {
      throw .malformed(
        path, expected: "version 1.0, 2.0 or 3.0 of the NumPy format",
        found: "\(version[0]).\(version[1])")
    }
    let width = version[0] == 1 ? 2 : 4
    let rest = file.dropFirst(8 + width)
    let length = file.dropFirst(8).prefix(width).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= longestHeader else {
      throw .malformed(
        path, expected: "a header of at most \(longestHeader) bytes", found: "\(length)")
    }
    guard file.count >= 8 + width, length <= rest.count else {
      throw .malformed(
        path, expected: "a header of \(length) bytes", found: "\(rest.count) bytes")
    }
    do throws(NumPyHeader.Problem) {
      return (try NumPyHeader(rest.prefix(length)), rest.dropFirst(length))
    } catch {
      throw .malformed(path, expected: error.expected, found: error.found)
    }
  }

  /// The elements of an array whose first axis runs fastest, with the last running fastest.
  private static func rowMajor(
    _ data: ArraySlice<UInt8>, _ sizes: [Int], byteCount: Int
  ) -> ArraySlice<UInt8> {
    var strides: [Int] = []
    for size in [byteCount] + sizes.dropLast() { strides.append((strides.last ?? 1) * size) }
    let last = sizes.count - 1
    return [UInt8](unsafeUninitializedCapacity: data.count) { target, written in
      data.withUnsafeBytes { source in
        var index = [Int](repeating: 0, count: sizes.count)
        var (row, position) = (0, 0)
        while position < data.count {
          for column in 0..<sizes[last] {
            let start = row + column * strides[last]
            for byte in 0..<byteCount { target[position + byte] = source[start + byte] }
            position += byteCount
          }
          // The next row: axes count up from the last but one.
          var axis = last - 1
          while axis >= 0 {
            index[axis] += 1
            row += strides[axis]
            if index[axis] < sizes[axis] { break }
            row -= sizes[axis] * strides[axis]
            index[axis] = 0
            axis -= 1
          }
        }
      }
      written = data.count
    }[...]
  }
}

extension NumPyArray {
  /// The array as floats.
  ///
  /// Types of up to 16 bits and float32 keep their values; float64 and integers of 32 and 64 bits
  /// are rounded to the nearest Float, beyond its range to ±∞, as by NumPy's `astype(float32)`.
  public var tensor: Tensor {
    Tensor(shape: shape) { floats in
      bytes.withUnsafeBytes {
        elementType.format.read($0, bigEndian: isBigEndian, into: floats)
      }
    }
  }

  /// The elements as integers; nil where they are floating-point numbers, or where one is 2⁶³ or
  /// more. A truth is 1 or 0.
  public var integers: [Int]? {
    var (integers, fits) = ([Int](), true)
    integers.reserveCapacity(shape.count)
    bytes.withUnsafeBytes { source in
      switch elementType {
      case .bool: each(of: source) { (_, bits: UInt8) in integers.append(bits == 0 ? 0 : 1) }
      case .uint8: each(of: source) { (_, bits: UInt8) in integers.append(Int(bits)) }
      case .int8: each(of: source) { integers.append(Int(Int8(bitPattern: $1))) }
      case .uint16: each(of: source) { (_, bits: UInt16) in integers.append(Int(bits)) }
      case .int16: each(of: source) { integers.append(Int(Int16(bitPattern: $1))) }
      case .uint32: each(of: source) { (_, bits: UInt32) in integers.append(Int(bits)) }
      case .int32: each(of: source) { integers.append(Int(Int32(bitPattern: $1))) }
      case .int64: each(of: source) { integers.append(Int(Int64(bitPattern: $1))) }
      case .uint64:
        each(of: source) { (_, bits: UInt64) in
          fits = fits && bits <= UInt64(Int.max)
          integers.append(Int(truncatingIfNeeded: bits))
        }
      case .float16, .float32, .float64: fits = false
      }
    }
    return fits ? integers : nil
  }

  private func each<Bits: FixedWidthInteger>(
    of source: UnsafeRawBufferPointer, _ take: (_ index: Int, _ bits: Bits) -> Void
  ) {
    for index in 0..<shape.count {
      let bits = source.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
      take(index, isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits))
    }
  }
}
