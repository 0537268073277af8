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

  private static let longestHeader = 100_000_000

  package init(tensors: [(name: String, tensor: Tensor)], metadata: [String: String]) {
    self.tensors = tensors
    self.metadata = metadata
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
  /// One tensor as the header gives it.
  private struct Entry {
    let name: String
    let shape: [Int]
    let bytes: Range<Int>
  }

  /// Reads a file of F32 tensors.
  package init(contentsOf path: String) throws(ModelFileError) {
    let file = try WholeFile.read(path, expected: "a model file")
    func malformed(_ reason: String) -> ModelFileError {
      ModelFileError(.malformed, path: path, "not a valid safetensors file: \(reason)")
    }
    guard file.count >= 8 else { throw malformed("\(file.count) bytes, expected at least 8") }
    let length = file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(Self.longestHeader, file.count - 8)) else {
      throw malformed("a header of \(length) bytes in a file of \(file.count)")
    }
    let header = file.dropFirst(8).prefix(Int(length))
    guard let object = try? JSONSerialization.jsonObject(with: header) as? [String: Any] else {
      throw malformed("the header is not a JSON object")
    }
    metadata = object["__metadata__"] as? [String: String] ?? [:]
    let data = file.dropFirst(8 + Int(length))
    var entries: [Entry] = []
    for (name, value) in object where name != "__metadata__" {
      entries.append(try Self.entry(name, value, byteCount: data.count, malformed))
    }
    // The order of the data is the order in which they were written; they leave no gap and share
    // nothing.
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
    guard end == data.count else {
      throw malformed("\(data.count) bytes of data, expected \(end)")
    }
    tensors = entries.map { entry in
      let part = data.dropFirst(entry.bytes.lowerBound).prefix(entry.bytes.count)
      return (entry.name, Self.tensor(part, shape: Shape(entry.shape)))
    }
  }

  private static func entry(
    _ name: String, _ value: Any, byteCount: Int, _ malformed: (String) -> ModelFileError
  ) throws(ModelFileError) -> Entry {
    guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
      let sizes = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
      offsets.count == 2
    else { throw malformed("\(name) lacks dtype, shape or data_offsets") }
    guard type == "F32" else { throw malformed("\(name) is \(type), expected F32") }
    let (start, end) = (offsets[0], offsets[1])
    guard let bytes = Self.byteCount(of: sizes), 0 <= start, start <= end, end <= byteCount,
      end - start == bytes
    else {
      throw malformed(
        "\(name) of shape \(sizes) lies at \(start)..<\(end) of \(byteCount) bytes")
    }
    return Entry(name: name, shape: sizes, bytes: start..<end)
  }

  /// The size of F32 data of a shape, or nil where there is no such size.
  private static func byteCount(of sizes: [Int]) -> Int? {
    var count = MemoryLayout<Float>.stride
    for size in sizes {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow || size < 0 { return nil }
      count = product
    }
    return count
  }

  private static func tensor(_ bytes: Data, shape: Shape) -> Tensor {
    Tensor(shape: shape) { target in
      bytes.withUnsafeBytes { source in
        UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
      }
    }
  }
}
