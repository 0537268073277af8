import FileTestSupport
import Foundation
import ModelFiles
import Testing

/// A broken model file, and what its error must say after the path.
struct BrokenModel: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let problem: String

  init(_ name: String, _ bytes: [UInt8], _ problem: String) {
    testDescription = name
    self.bytes = bytes
    self.problem = problem
  }

  /// A file whose container is broken.
  static func container(
    _ name: String, _ header: String, data count: Int = 0, _ problem: String
  ) -> BrokenModel {
    BrokenModel(
      name, safetensors(header, data: [UInt8](repeating: 0, count: count)),
      "not a valid safetensors file: \(problem)")
  }

  /// A file with one tensor `t` whose entry is given.
  static func entry(
    _ name: String, type: String = "F32", shape: String, offsets: String, data count: Int = 8,
    _ problem: String
  ) -> BrokenModel {
    container(
      name, #"{"t":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}}"#,
      data: count, problem)
  }

  /// A file of a sound container, with an architecture and the tensors of a layer of 1 unit.
  static func model(
    _ name: String, inputShape: String = "[2]", layers: String,
    tensors: [(name: String, shape: [Int])] = [
      ("layers.0.weight", [1, 2]), ("layers.0.bias", [1]),
    ],
    _ problem: String
  ) -> BrokenModel {
    let architecture = #"{"input_shape":\#(inputShape),"layers":[\#(layers)]}"#
      .replacing("\"", with: "\\\"")
    var header = #"{"__metadata__":{"architecture":"\#(architecture)"}"#
    var end = 0
    for tensor in tensors {
      let start = end
      end += 4 * tensor.shape.reduce(1, *)
      header +=
        #","\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(start),\#(end)]}"#
    }
    return BrokenModel(
      name, safetensors(header + "}", data: [UInt8](repeating: 0, count: end)), problem)
  }
}

struct MalformedModelTests {
  private static let dense = #"{"type":"dense","units":1}"#
  private static let whole = Array((try? goldenBytes("model.safetensors")) ?? Data())

  private static let containers: [BrokenModel] = [
    BrokenModel("empty", [], "not a valid safetensors file: 0 bytes, expected at least 8"),
    BrokenModel(
      "seven bytes", Array(repeating: 0, count: 7),
      "not a valid safetensors file: 7 bytes, expected at least 8"),
    BrokenModel(
      "no header", safetensors(""), "not a valid safetensors file: the header is not a JSON object"),
    BrokenModel(
      "a header past the end", safetensors("{}", length: 3),
      "not a valid safetensors file: a header of 3 bytes in a file of 10"),
    BrokenModel(
      "a header of 2⁶⁴ − 1 bytes", safetensors("{}", length: .max),
      "not a valid safetensors file: a header of 18446744073709551615 bytes in a file of 10"),
    BrokenModel(
      "a web page", Array("<!DOCTYPE html><html></html>".utf8),
      "not a valid safetensors file: a header of 5789751444030890300 bytes in a file of 28"),
    BrokenModel(
      "cut in the header", Array(whole.prefix(200)),
      "not a valid safetensors file: a header of 528 bytes in a file of 200"),
    BrokenModel(
      "cut in the data", Array(whole.dropLast(1)),
      "not a valid safetensors file: layers.2.weight of shape [2, 2] lies at 32..<48 of 47 bytes"),
    BrokenModel(
      "a byte too many", whole + [0], "not a valid safetensors file: 49 bytes of data, expected 48"),
    .container("not JSON", "{\"t\":", "the header is not a JSON object"),
    .container("a JSON list", "[1, 2]", "the header is not a JSON object"),
    .container(
      "JSON nested deeply", String(repeating: "[", count: 200_000),
      "the header is not a JSON object"),
    .container("an entry that is a number", #"{"t":1}"#, "t lacks dtype, shape or data_offsets"),
    .container(
      "no offsets", #"{"t":{"dtype":"F32","shape":[1]}}"#, "t lacks dtype, shape or data_offsets"),
    .entry(
      "half precision", type: "F16", shape: "[2]", offsets: "[0,4]", "t is F16, expected F32"),
    .entry(
      "three offsets", shape: "[2]", offsets: "[0,4,8]", "t lacks dtype, shape or data_offsets"),
    .entry(
      "a broken size", shape: "[1.5]", offsets: "[0,8]", "t lacks dtype, shape or data_offsets"),
    .entry(
      "a size of 1e30", shape: "[1e30]", offsets: "[0,8]", "t lacks dtype, shape or data_offsets"),
    .entry(
      "a negative size", shape: "[-2,-1]", offsets: "[0,8]",
      "t of shape [-2, -1] lies at 0..<8 of 8 bytes"),
    .entry(
      "sizes that overflow", shape: "[4611686018427387904,4]", offsets: "[0,0]", data: 0,
      "t of shape [4611686018427387904, 4] lies at 0..<0 of 0 bytes"),
    .entry(
      "a shape of other bytes", shape: "[3]", offsets: "[0,8]",
      "t of shape [3] lies at 0..<8 of 8 bytes"),
    .entry(
      "offsets past the end", shape: "[2]", offsets: "[4,12]",
      "t of shape [2] lies at 4..<12 of 8 bytes"),
    .entry(
      "negative offsets", shape: "[2]", offsets: "[-8,0]",
      "t of shape [2] lies at -8..<0 of 8 bytes"),
    .entry(
      "offsets in the wrong order", shape: "[2]", offsets: "[8,0]",
      "t of shape [2] lies at 8..<0 of 8 bytes"),
    .entry("a hole before", shape: "[1]", offsets: "[4,8]", "t starts at byte 4, expected 0"),
    .entry("data left over", shape: "[1]", offsets: "[0,4]", "8 bytes of data, expected 4"),
    .container(
      "two tensors in one place, and a hole",
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      data: 16, "b starts at byte 0, expected 8"),
  ]

  private static let models: [BrokenModel] = [
    BrokenModel(
      "no metadata", safetensors("{}"),
      "no architecture in __metadata__: not a model written by Maru"),
    BrokenModel(
      "metadata of another program", safetensors(#"{"__metadata__":{"format":"pt"}}"#),
      "no architecture in __metadata__: not a model written by Maru"),
    BrokenModel(
      "an architecture that is no JSON", safetensors(#"{"__metadata__":{"architecture":"x"}}"#),
      "no architecture in __metadata__: not a model written by Maru"),
    .model(
      "a layer of unknown type", layers: dense + #",{"type":"conv"}"#,
      "layer 1, conv, is of no known type or lacks a setting"),
    .model(
      "a layer without its setting", layers: #"{"type":"dense"}"#,
      "layer 0, dense, is of no known type or lacks a setting"),
    .model(
      "no units", layers: #"{"type":"dense","units":0}"#,
      "layer 0, dense, is of no known type or lacks a setting"),
    .model(
      "a dropout of all", layers: dense + #",{"type":"dropout","rate":1}"#,
      "layer 1, dropout, is of no known type or lacks a setting"),
    .model(
      "a negative penalty", layers: #"{"type":"dense","units":1,"l2":-1}"#,
      "layer 0, dense, is of no known type or lacks a setting"),
    .model("an empty input", inputShape: "[0]", layers: dense, "no input shape: [0]"),
    .model(
      "a negative input", inputShape: "[-1,-2]", layers: dense, "no input shape: [-1, -2]"),
    .model(
      "an input that overflows", inputShape: "[4294967296,4294967296,4294967296]", layers: dense,
      "no input shape: [4294967296, 4294967296, 4294967296]"),
    .model(
      "layers larger than the file",
      layers: #"{"type":"dense","units":2000000000},{"type":"dense","units":2000000000}"#,
      "the layers need at least 4.000000004e+18 weights, found 3"),
    .model(
      "layers that do not fit", inputShape: "[1,2]", layers: dense,
      "the layers do not fit together: layer 0: Dense(1) expects a vector, got shape [1, 2]: "
        + "put Flatten before it"),
    .model(
      "a missing tensor", layers: dense, tensors: [("layers.0.weight", [1, 2])],
      #"expected the tensors ["layers.0.weight", "layers.0.bias"], found ["layers.0.weight"]"#),
    .model(
      "a tensor of another name", layers: dense,
      tensors: [("layers.0.weight", [1, 2]), ("layers.1.bias", [1])],
      #"expected the tensors ["layers.0.weight", "layers.0.bias"], "#
        + #"found ["layers.0.weight", "layers.1.bias"]"#),
    .model(
      "a tensor of another shape", layers: dense,
      tensors: [("layers.0.weight", [2, 1]), ("layers.0.bias", [1])],
      "layers.0.weight has shape [2, 1], expected [1, 2]"),
  ]

  @Test(arguments: containers + models)
  func brokenModelIsRefused(_ model: BrokenModel) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(model.bytes, to: "model")
    let error = #expect(throws: ModelFileError.self) { try ModelFile(contentsOf: path) }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(model.problem)")
  }

  /// A header may have 100 MB, and is not even looked at where it is longer. The file is sparse.
  @Test func headerBeyondTheFormatsLimitIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(safetensors("{}", length: 100_000_001), to: "model")
    #expect(truncate(path, 200_000_000) == 0)
    let error = #expect(throws: ModelFileError.self) { try ModelFile(contentsOf: path) }
    #expect(
      error?.description == "\(path): not a valid safetensors file: "
        + "a header of 100000001 bytes in a file of 200000000")
  }

  @Test func whatIsNoFileIsToldApart() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1], to: "file")
    let cases: [(String, ModelFileError.Kind, String)] = [
      (folder["none"], .missing, "cannot read: No such file or directory"),
      (file + "/none", .missing, "cannot read: Not a directory"),
      (folder.path, .malformed, "expected a model file, found a folder or a device"),
      ("/dev/zero", .malformed, "expected a model file, found a folder or a device"),
    ]
    for (path, kind, reason) in cases {
      let error = #expect(throws: ModelFileError.self) { try ModelFile(contentsOf: path) }
      #expect(error?.kind == kind)
      #expect(error?.description == "\(path): \(reason)")
    }
  }
}
