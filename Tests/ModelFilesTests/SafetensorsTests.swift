import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

struct SafetensorsTests {
  private func read(_ header: String, data: [UInt8] = []) throws -> Safetensors {
    let folder = try TemporaryFolder()
    return try Safetensors(
      contentsOf: folder.write(safetensors(header, data: data), to: "file"))
  }

  @Test(
    "each type is widened",
    arguments: [
      ("BOOL", [1, 0], [1, 0]), ("U8", [255, 0], [255, 0]), ("I8", [255, 1], [-1, 1]),
      ("U16", [0, 1, 0xFF, 0xFF], [256, 65535]), ("I16", [0, 1, 0xFF, 0xFF], [256, -1]),
      ("F16", [0, 0x3C, 0, 0xC0], [1, -2]), ("BF16", [0x80, 0x3F, 0, 0xC0], [1, -2]),
      ("F8_E4M3", [0x38, 0xC0], [1, -2]), ("F8_E5M2", [0x3C, 0xC0], [1, -2]),
      ("F8_E4M3FNUZ", [0x40, 0xC8], [1, -2]), ("F8_E5M2FNUZ", [0x40, 0xC4], [1, -2]),
      ("F8_E8M0", [127, 0], [1, 0x1p-127]),
      ("F32", [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], [1, -2]),
    ] as [(String, [UInt8], [Float])])
  func types(type: String, data: [UInt8], expected: [Float]) throws {
    let file = try read(
      #"{"t":{"dtype":"\#(type)","shape":[1,2],"data_offsets":[0,\#(data.count)]}}"#, data: data)
    #expect(file.tensors.map(\.name) == ["t"])
    #expect(file.tensors[0].tensor.shape == [1, 2])
    #expect(file.tensors[0].tensor.elements == expected)
  }

  @Test(
    arguments: [
      ("F64", [1, 0, 0, 0, 0, 0, 0xF0, 0x3F], 1), ("I32", [1, 0, 0, 1], 0x1p24),
      ("U32", [0xFF, 0xFF, 0xFF, 0xFF], 0x1p32),
      ("I64", [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], -2),
      ("U64", [0, 0, 0, 0, 0, 0, 0, 0x80], 0x1p63),
    ] as [(String, [UInt8], Float)])
  func widerTypesAreRoundedAndNamed(type: String, data: [UInt8], expected: Float) throws {
    let file = try read(
      #"{"t":{"dtype":"\#(type)","shape":[1],"data_offsets":[0,\#(data.count)]}}"#, data: data)
    #expect(file.tensors[0].tensor.elements == [expected])
    #expect(file.rounded == ["t"])
  }

  @Test(
    arguments: [
      ([0x50, 0x4B, 0x03, 0x04, 0, 0, 0, 0], "a zip archive, as torch.save"),
      ([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46], "a pickle of Python's"),
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file, as Keras writes"),
      ([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0], "one NumPy array"),
      ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0], "compressed by gzip"),
    ] as [([UInt8], String)])
  func filesOfOtherProgramsAreNamed(bytes: [UInt8], name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(bytes + Array(repeating: 0, count: 20), to: "m")
    let error = #expect(throws: ModelFileError.self) { try Safetensors(contentsOf: folder["m"]) }
    #expect(error?.description.hasPrefix("\(folder["m"]): this is \(name)") == true)
    #expect(error?.description.contains("maru import reads") == (bytes[0] != 0x1F))
  }

  @Test func tensorsComeInTheOrderOfTheirDataWhateverThatOfTheirNames() throws {
    let file = try read(
      #"{"a":{"data_offsets":[5,6],"shape":[1],"dtype":"U8"},"#
        + #""c":{"dtype":"F16","shape":[2],"data_offsets":[1,5]},"#
        + #""b":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#, data: [7, 0, 0x3C, 0, 0x40, 9])
    #expect(file.tensors.map(\.name) == ["b", "c", "a"])
    #expect(file.tensors.map(\.tensor.elements) == [[7], [1, 2], [9]])
    #expect(file.tensors[0].tensor.shape == [])
  }

  @Test func nothingAndBlanksAndEmptyTensorsAreAllowed() throws {
    #expect(try read("{}").tensors.isEmpty)
    #expect(try read("{}\r \t\n").tensors.isEmpty)
    #expect(try read("{ \"__metadata__\" :\t{ } \n}").metadata == [:])
    let empty = try read(
      #"{"t":{"dtype":"F32","shape":[2,0],"data_offsets":[0, 0]},"#
        + #""u":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
    #expect(empty.tensors.map(\.tensor.shape) == [[2, 0], [0]])
  }

  @Test func namesAndTextsMayHoldAnyCharacter() throws {
    let file = try read(
      #"{"__metadata__":{"\u00fc\/\"\\\b\f\n\r\t":"\ud83d\ude00 ü 😀"},"#
        + #""Größe":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
    #expect(file.metadata == ["ü/\"\\\u{8}\u{C}\n\r\t": "😀 ü 😀"])
    #expect(file.tensors.map(\.name) == ["Größe"])
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let folder = try TemporaryFolder()
    let tensors = [
      ("ü \"\n\u{1}", Tensor([1, -0.0, .infinity], shape: [3, 1])),
      ("", Tensor([], shape: [0, 7])),
      ("scalar", Tensor([.leastNonzeroMagnitude], shape: [])),
    ]
    let metadata = ["\u{7F}/": "\\ \u{2028}"]
    let bytes = try Safetensors(tensors: tensors, metadata: metadata).encoded()
    let file = try Safetensors(contentsOf: folder.write(bytes, to: "file"))
    #expect(Set(file.tensors.map(\.name)) == Set(tensors.map(\.0)))
    let byName = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) })
    for (name, tensor) in tensors {
      #expect(byName[name].map(TensorBits.init) == TensorBits(tensor))
    }
    #expect(file.metadata == metadata)
  }
}

/// What the Python library writes, in all of the types that NumPy has.
@Suite(.enabled(if: Python.path != nil, Comment(rawValue: Python.reason)))
struct PythonWritingTests {
  @Test func everyTypeIsRead() throws {
    let folder = try TemporaryFolder()
    let result = try Python.run(
      """
      import sys, numpy as np
      from safetensors.numpy import save_file
      types = {"b1": bool, "u1": np.uint8, "i1": np.int8, "u2": np.uint16, "i2": np.int16,
               "f2": np.float16, "f4": np.float32}
      values = np.array([[0, 1, 100], [1, 0, 7]])
      save_file({k: values.astype(t) for k, t in types.items()}, sys.argv[1], {"ü": "😀"})
      """, [folder["file"]])
    #expect(result.errors == "")
    let file = try Safetensors(contentsOf: folder["file"])
    #expect(file.metadata == ["ü": "😀"])
    #expect(file.tensors.map(\.name).sorted() == ["b1", "f2", "f4", "i1", "i2", "u1", "u2"])
    for (name, tensor) in file.tensors {
      #expect(tensor.shape == [2, 3])
      #expect(tensor.elements == [0, 1, name == "b1" ? 1 : 100, 1, 0, name == "b1" ? 1 : 7])
    }
  }
}
