import Foundation
import Tensors

/// Named tensors and texts in one file, in the safetensors format.
///
/// The file is the length of a header as eight bytes, little-endian; the header, a JSON object that
/// gives for each name `dtype`, `shape` and `data_offsets`, and under `__metadata__` texts by name;
/// then the data, row-major and little-endian. See the format's description at
/// https://github.com/huggingface/safetensors.
package struct Safetensors {
  package let tensors: [(name: String, tensor: Tensor)]
  package let metadata: [String: String]
  /// The names of tensors whose type holds values that a Float rounds.
  package let rounded: [String]

  private static let longestHeader = 100_000_000

  package init(tensors: [(name: String, tensor: Tensor)], metadata: [String: String]) {
    self.tensors = tensors
    self.metadata = metadata
    rounded = []
  }

  /// The contents of a file, without blanks and in the order of keys that the Python library writes.
  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = { (value: any Encodable) in
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    var fields = ["\"__metadata__\":\(try text(metadata))"]
    var offset = 0
    for (name, tensor) in tensors {
      let end = offset + tensor.count * MemoryLayout<Float>.stride
      let (shape, offsets) = (try text(tensor.shape.sizes), try text([offset, end]))
      fields.append(
        "\(try text(name)):{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":\(offsets)}")
      offset = end
    }
    var header = Data("{\(fields.joined(separator: ","))}".utf8)
    // Spaces after the object let the data start at a multiple of eight.
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    file.append(header)
    for (_, tensor) in tensors { tensor.withUnsafeBufferPointer { file.append(Data(buffer: $0)) } }
    return file
  }
}

extension Safetensors {
  /// One tensor as the header gives it, checked.
  private struct Entry {
    let name: String
    let format: NumberFormat
    let shape: Shape
    let bytes: Range<Int>
  }

  /// Reads a file; its tensors become Floats, and come in the order of their data.
  ///
  /// F64 and integers of 32 and 64 bits are rounded. Throws where the file is not what the format
  /// demands, where a tensor is complex or of four or six bits, whose order in a byte the format does
  /// not tell, and where a shape without its zeros has more elements than an Int counts.
  package init(contentsOf path: String) throws(ModelFileError) {
    let file = try WholeFile.read(path, expected: "a model file")
    func malformed(_ reason: String) -> ModelFileError {
      ModelFileError(.malformed, path: path, "not a valid safetensors file: \(reason)")
    }
    // Of a safetensors file the object of the header comes next.
    if file.dropFirst(8).first != UInt8(ascii: "{"),
      let foreign = ForeignFormat.description(of: file.prefix(8))
    {
      throw ModelFileError(.malformed, path: path, "this is \(foreign)")
    }
    guard file.count >= 8 else { throw malformed("\(file.count) bytes, expected at least 8") }
    let length = file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(Self.longestHeader, file.count - 8)) else {
      throw malformed("a header of \(length) bytes in a file of \(file.count)")
    }
    let bytes = file.dropFirst(8).prefix(Int(length))
    // Not by the Data, whose bytes are fetched one by one.
    guard let text = bytes.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw malformed("the header is not UTF-8")
    }
    let header: SafetensorsHeader
    do throws(SafetensorsHeader.Problem) {
      header = try SafetensorsHeader(text)
    } catch {
      throw malformed(error.reason)
    }
    metadata = header.metadata
    let data = file.dropFirst(8 + Int(length))
    // Nothing is allocated for a tensor before all of them are known to fill the file.
    let entries = try Self.entries(header, byteCount: data.count, malformed)
    rounded = entries.filter(\.format.isRounded).map(\.name)
    tensors = entries.map { entry in
      let part = data.dropFirst(entry.bytes.lowerBound).prefix(entry.bytes.count)
      let tensor = Tensor(shape: entry.shape) { floats in
        part.withUnsafeBytes { entry.format.read($0, into: floats) }
      }
      return (entry.name, tensor)
    }
  }

  /// The tensors in the order of their data, which leave no gap and share nothing.
  private static func entries(
    _ header: SafetensorsHeader, byteCount: Int, _ malformed: (String) -> ModelFileError
  ) throws(ModelFileError) -> [Entry] {
    var entries: [Entry] = []
    for entry in header.entries { entries.append(try checked(entry, byteCount, malformed)) }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name)
        < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
    }
    var end = 0
    for entry in entries {
      guard entry.bytes.lowerBound == end else {
        throw malformed("\(entry.name) starts at byte \(entry.bytes.lowerBound), expected \(end)")
      }
      end = entry.bytes.upperBound
    }
    guard end == byteCount else { throw malformed("\(byteCount) bytes of data, expected \(end)") }
    return entries
  }

  private static func checked(
    _ entry: SafetensorsHeader.Entry, _ byteCount: Int, _ malformed: (String) -> ModelFileError
  ) throws(ModelFileError) -> Entry {
    guard let format = formats[entry.type] else {
      let reason =
        entry.type == "C64"
        ? "is complex"
        : packedTypes.contains(entry.type)
          ? "shares bytes between numbers, in an order that the format leaves open"
          : "is no known type"
      throw malformed("\(entry.name) is \(entry.type), which \(reason)")
    }
    let (start, end) = (entry.start, entry.end)
    guard let count = entry.shape.elementCount(of: MemoryLayout<Float>.stride), start <= end,
      end <= byteCount, end - start == count * format.byteCount
    else {
      throw malformed(
        "\(entry.name) of shape \(entry.shape) lies at \(start)..<\(end) of \(byteCount) bytes")
    }
    return Entry(
      name: entry.name, format: format, shape: Shape(entry.shape), bytes: start..<end)
  }

  private static let formats: [String: NumberFormat] = [
    "BOOL": .bool, "U8": .uint8, "I8": .int8, "U16": .uint16, "I16": .int16, "F16": .float16,
    "BF16": .bfloat16, "F8_E4M3": .float8E4M3, "F8_E5M2": .float8E5M2, "F32": .float32,
    "F8_E4M3FNUZ": .float8E4M3FNUZ, "F8_E5M2FNUZ": .float8E5M2FNUZ, "F8_E8M0": .float8E8M0,
    "I32": .int32, "U32": .uint32, "I64": .int64, "U64": .uint64, "F64": .float64,
  ]

  private static let packedTypes: Set = ["F4", "F6_E2M3", "F6_E3M2"]
}
