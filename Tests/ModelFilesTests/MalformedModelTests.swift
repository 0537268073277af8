import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

/// A broken model file, and what its error must say after the path.
struct BrokenModel: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let problem: String
  /// How many bytes of memory each of its own may take.
  var bytesForOne = RefusalBounds.bytesForOne

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
      "no header", safetensors(""), "not a valid safetensors file: the header does not begin with {"
    ),
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
    .container("not JSON", "{\"t\":", "header byte 5: expected '{', found the end"),
    .container("a JSON list", "[1, 2]", "the header does not begin with {"),
    .container(
      "JSON nested deeply", #"{"t":"# + String(repeating: "[", count: 200_000),
      "header byte 5: expected '{', found '['"),
    .container(
      "an entry that is a number", #"{"t":1}"#, "header byte 5: expected '{', found '1'"),
    .container(
      "no offsets", #"{"t":{"dtype":"F32","shape":[1]}}"#, "t lacks dtype, shape or data_offsets"),
    .entry(
      "a type of another version", type: "F7", shape: "[1]", offsets: "[0,8]",
      "t is F7, which is no known type"),
    .entry(
      "a complex number", type: "C64", shape: "[1]", offsets: "[0,8]",
      "t is C64, which is complex"),
    .entry(
      "numbers of four bits", type: "F4", shape: "[16]", offsets: "[0,8]",
      "t is F4, which shares bytes between numbers, in an order that the format leaves open"),
    .entry(
      "half precision in the place of single", type: "F16", shape: "[2]", offsets: "[0,8]",
      "t of shape [2] lies at 0..<8 of 8 bytes"),
    .entry(
      "three offsets", shape: "[2]", offsets: "[0,4,8]", "t lacks dtype, shape or data_offsets"),
    .entry(
      "a broken size", shape: "[1.5]", offsets: "[0,8]", "header byte 30: expected ']', found '.'"),
    .entry(
      "a size with an exponent", shape: "[1e400]", offsets: "[0,8]",
      "header byte 30: expected ']', found 'e'"),
    .entry(
      "a truth for a size", shape: "[true]", offsets: "[0,8]",
      "header byte 29: expected an integer from 0 below 2⁶³, found 't'"),
    .entry(
      "a size with a leading zero", shape: "[02]", offsets: "[0,8]",
      "header byte 29: expected an integer from 0 below 2⁶³, found '0'"),
    .entry(
      "a size of 2⁶⁴ − 1", shape: "[18446744073709551615]", offsets: "[0,8]",
      "header byte 29: expected an integer from 0 below 2⁶³, found '1'"),
    .entry(
      "a size as text", shape: #"["2"]"#, offsets: "[0,8]",
      #"header byte 29: expected an integer from 0 below 2⁶³, found '\"'"#),
    .entry(
      "a shape that is a number", shape: "2", offsets: "[0,8]",
      "header byte 28: expected '[', found '2'"),
    .entry(
      "no shape", shape: "null", offsets: "[0,8]", "header byte 28: expected '[', found 'n'"),
    .entry(
      "a comma behind the last size", shape: "[2,]", offsets: "[0,8]",
      "header byte 31: expected an integer from 0 below 2⁶³, found ']'"),
    .entry(
      "a negative size", shape: "[-2,-1]", offsets: "[0,8]",
      "header byte 29: expected an integer from 0 below 2⁶³, found '-'"),
    .entry(
      "an overflow that a zero hides", shape: "[4611686018427387904,4,0]", offsets: "[0,0]",
      data: 0, "t of shape [4611686018427387904, 4, 0] lies at 0..<0 of 0 bytes"),
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
      "header byte 48: expected an integer from 0 below 2⁶³, found '-'"),
    .entry(
      "offsets with a fraction", shape: "[2]", offsets: "[0.0,8]",
      "header byte 49: expected ']', found '.'"),
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
    .container(
      "tensors that overlap",
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      data: 12, "b starts at byte 4, expected 8"),
  ]

  private static let f32 = #"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#

  /// What JSON allows, or a lenient reader, and the format does not.
  private static let headers: [BrokenModel] = [
    .container(
      "a name twice", "{\"t\":\(f32),\"t\":\(f32)}", data: 4, "the key t occurs twice"),
    .container(
      "a name twice, once escaped", "{\"t\":\(f32),\"\\u0074\":\(f32)}", data: 4,
      "the key t occurs twice"),
    .container(
      "a field twice",
      #"{"t":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4,
      "the key dtype occurs twice"),
    .container(
      "metadata twice", #"{"__metadata__":{},"__metadata__":{}}"#,
      "the key __metadata__ occurs twice"),
    .container(
      "a text of the metadata twice", #"{"__metadata__":{"a":"1","a":"2"}}"#,
      "the key a occurs twice"),
    .container(
      "a number in the metadata", #"{"__metadata__":{"a":1}}"#,
      "header byte 21: expected '\"', found '1'"),
    .container(
      "metadata that are a list", #"{"__metadata__":["a"]}"#,
      "header byte 16: expected '{', found '['"),
    .container(
      "an unknown field",
      #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"scale":[1]}}"#, data: 4,
      "t has a field scale, which the format does not know"),
    .container("a blank before", " {}", "the header does not begin with {"),
    .container("something behind", "{}{}", "header byte 2: expected the end, found '{'"),
    .container("a zero behind", "{}\0", "header byte 2: expected the end, found '\\0'"),
    .container(
      "a comma behind the last", "{\"t\":\(f32),}", data: 4,
      "header byte 54: expected '\"', found '}'"),
    .container(
      "a name that does not end", #"{"t"#, "header byte 3: expected a string, found the end"),
    .container(
      "a line break in a name", "{\"t\n\":\(f32)}", data: 4,
      "header byte 3: expected a string, found '\\n'"),
    .container(
      "an escape that JSON lacks", #"{"\x74":{}}"#, "header byte 3: expected an escape, found 'x'"),
    .container(
      "half a surrogate pair", #"{"\ud800":{}}"#,
      "header byte 8: expected the second half of a surrogate pair, found '\\\"'"),
    .container(
      "a second half alone", #"{"\udc00":{}}"#,
      "header byte 8: expected the second half of a surrogate pair, found '\\\"'"),
    .container(
      "too few digits", #"{"\u12":{}}"#, "header byte 6: expected a hexadecimal digit, found '\\\"'"
    ),
    BrokenModel(
      "a name that is not UTF-8",
      [9, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF]
        + Array("\":{}} ".utf8), "not a valid safetensors file: the header is not UTF-8"),
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
      "units of a layer that has none, before one larger than the file",
      layers: #"{"type":"relu","units":1},{"type":"dense","units":3},{"type":"relu","units":0}"#
        + #",{"type":"dense","units":1000000000}"#,
      "the layers need at least 4000000009.0 weights, found 3"),
    .model(
      "layers larger than the file",
      layers: #"{"type":"dense","units":2000000000},{"type":"dense","units":2000000000}"#,
      "the layers need at least 4.000000008e+18 weights, found 3"),
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

  private static func many(_ count: Int, _ text: (Int) -> String) -> String {
    (0..<count).map(text).joined(separator: ",")
  }

  /// Headers of some megabytes whose fault comes last.
  private static let large: [BrokenModel] = [
    .container(
      "a text of the metadata twice after many",
      #"{"__metadata__":{\#(many(100_000) { #""\#($0)":"""# }),"7":""}}"#,
      "the key 7 occurs twice"),
    .container(
      "a name twice after many",
      "{\(many(20_000) { #""\#($0)":{"dtype":"U8","shape":[],"data_offsets":[0,0]}"# }),\"7\":{}}",
      "the key 7 occurs twice"),
    .container(
      "a shape of many sizes that does not end",
      #"{"t":{"dtype":"U8","shape":[\#(many(500_000) { _ in "1" })"#,
      "header byte 1000027: expected ']', found the end"),
    .container(
      "a name that does not end after a megabyte", #"{""# + String(repeating: "n", count: 1 << 20),
      "header byte 1048578: expected a string, found the end"),
    .container(
      "many escapes in a name that does not end",
      #"{""# + String(repeating: #"\u0041"#, count: 100_000),
      "header byte 600002: expected a string, found the end"),
    .container(
      "many tensors in one place",
      "{\(many(20_000) { #""t\#($0)":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}"# })}",
      data: 8, "t1 starts at byte 0, expected 8"),
    .container(
      "blanks alone after a brace", "{" + String(repeating: " ", count: 1 << 20),
      "header byte 1048577: expected '\"', found the end"),
    .model(
      "many layers, the last unknown",
      layers: many(20_000) { _ in #"{"type":"relu"}"# } + #",{"type":"x"}"#,
      "layer 20000, x, is of no known type or lacks a setting"),
    BrokenModel(
      "an architecture nested deeply",
      safetensors(
        #"{"__metadata__":{"architecture":"\#(String(repeating: "[", count: 1 << 20))"}}"#),
      "no architecture in __metadata__: not a model written by Maru"),
    numbersAlone,
  ]

  private static let numbersAlone = {
    var model = BrokenModel(
      "an architecture of numbers alone",
      safetensors(#"{"__metadata__":{"architecture":"[\#(many(500_000) { _ in "1" })]"}}"#),
      "no architecture in __metadata__: not a model written by Maru")
    model.bytesForOne = RefusalBounds.bytesForOneOfJSON
    return model
  }()

  @Test(arguments: containers + headers + models + large)
  func brokenModelIsRefused(_ model: BrokenModel) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(model.bytes, to: "model")
    let error = expectRefusal(
      of: path, bytesForOne: model.bytesForOne, by: ModelFileError.self
    ) {
      try ModelFile(contentsOf: path)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(model.problem)")
  }

  @Test func stateOfManyModulesIsRefused() throws {
    let count = 40_000
    let entries = (0..<count).map {
      "\"layers.\($0).bias\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}"
    }
    let folder = try TemporaryFolder()
    let path = try folder.write(
      safetensors(
        "{\(entries.joined(separator: ","))}", data: [UInt8](repeating: 0, count: count)),
      to: "state")
    let error = expectRefusal(of: path, by: ModelFileError.self) {
      try ModelFile(stateDictOf: path, layers: [Dense(1)])
    }
    #expect(error?.description == "\(path): module layers.0 has no weight")
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
