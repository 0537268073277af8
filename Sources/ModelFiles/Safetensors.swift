import Foundation
import Tensors

/// Named tensors and texts in one file, in the safetensors format.
///
/// The file is the length of a header as eight bytes, little-endian; the header, a JSON object that
/// gives for each name `dtype`, `shape` and `data_offsets`, and under `__metadata__` texts by name;
/// then the data, row-major and little-endian. See the format's description at
/// https://github.com/huggingface/safetensors.
struct Safetensors {
  var tensors: [(name: String, tensor: Tensor)]
  var metadata: [String: String]

  private static let longestHeader = 100_000_000

  private struct Entry: Codable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  /// The contents of a file.
  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var fields = [
      "\"__metadata__\":" + String(decoding: try encoder.encode(metadata), as: UTF8.self)
    ]
    var offset = 0
    for (name, tensor) in tensors {
      let end = offset + tensor.count * MemoryLayout<Float>.stride
      let entry = Entry(dtype: "F32", shape: tensor.shape.sizes, data_offsets: [offset, end])
      fields.append(
        String(decoding: try encoder.encode(name), as: UTF8.self) + ":"
          + String(decoding: try encoder.encode(entry), as: UTF8.self))
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

  /// Reads a file of F32 tensors.
  init(contentsOf path: String) throws(ModelFileError) {
    let file = try Self.contents(of: path)
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
    var tensors: [(name: String, tensor: Tensor, start: Int)] = []
    for (name, value) in object where name != "__metadata__" {
      guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
        let sizes = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
        offsets.count == 2
      else { throw malformed("\(name) lacks dtype, shape or data_offsets") }
      guard type == "F32" else { throw malformed("\(name) is \(type), expected F32") }
      guard let bytes = Self.byteCount(of: sizes), 0 <= offsets[0], offsets[0] <= offsets[1],
        offsets[1] <= data.count, offsets[1] - offsets[0] == bytes
      else {
        throw malformed(
          "\(name) of shape \(sizes) lies at \(offsets[0])..<\(offsets[1]) of \(data.count) bytes")
      }
      let part = data.dropFirst(offsets[0]).prefix(bytes)
      tensors.append((name, Self.tensor(part, shape: Shape(sizes)), offsets[0]))
    }
    // The order of the data is the order in which they were written.
    tensors.sort { ($0.start, $0.name) < ($1.start, $1.name) }
    self.tensors = tensors.map { ($0.name, $0.tensor) }
    let total = tensors.reduce(0) { $0 + $1.tensor.count * MemoryLayout<Float>.stride }
    guard total == data.count else {
      throw malformed("\(data.count) bytes of data, expected \(total)")
    }
  }

  init(tensors: [(name: String, tensor: Tensor)], metadata: [String: String]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  private static func contents(of path: String) throws(ModelFileError) -> Data {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw ModelFileError(.missing, path: path, "expected a model file, found a folder")
    }
    errno = 0
    guard access(path, R_OK) == 0 else { throw .system("read", path: path) }
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw ModelFileError(.inputOutput, path: path, "cannot read: \(error.localizedDescription)")
    }
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
