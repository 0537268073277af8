import Datasets
import FileTestSupport
import Testing

/// The bytes of a NumPy file.
func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
  let count = header.utf8.count
  let width = version == 1 ? 2 : 4
  let length = (0..<width).map { UInt8(count >> (8 * $0) & 0xFF) }
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
}

/// The bytes of a NumPy file with a usual header.
func npy(_ type: String, _ shape: String, _ data: [UInt8], fortran: Bool = false) -> [UInt8] {
  npy(
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), } \n",
    data)
}

struct NumPyArrayTests {
  private func read(_ bytes: [UInt8]) throws -> NumPyArray { try NumPyArray(bytes[...], path: "a") }

  @Test(
    "every type, in both byte orders",
    arguments: [
      ("b1", [0, 2], [0, 1]), ("u1", [0, 255], [0, 255]), ("i1", [1, 255], [1, -1]),
      ("u2", [0, 1, 0xFF, 0xFF], [256, 65535]), ("i2", [0, 1, 0xFF, 0xFF], [256, -1]),
      ("u4", [0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF], [65536, 4294967295]),
      ("i4", [0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF], [65536, -1]),
      (
        "i8", [0, 0, 0, 0, 1, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8), [4_294_967_296, -1]
      ),
      ("u8", [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], [1, 4_294_967_296]),
      ("f2", [0, 0x3C, 0, 0xC0], [1, -2]), ("f4", [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], [1, -2]),
      ("f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0], [1, -2]),
    ] as [(String, [UInt8], [Int])])
  func types(type: String, data: [UInt8], expected: [Int]) throws {
    let width = data.count / 2
    let swapped = data[..<width].reversed() + data[width...].reversed()
    for (order, bytes) in [("<", data), (">", swapped), ("=", data)] {
      let array = try read(npy(order + type, "(2,)", bytes))
      #expect(array.shape == [2])
      #expect(array.elementType.rawValue == type)
      #expect(array.tensor.elements == expected.map { Float($0) })
      #expect(array.integers == (type.hasPrefix("f") ? nil : expected))
    }
  }

  @Test func integersBeyondAnIntAreNone() throws {
    let array = try read(npy("<u8", "(1,)", [UInt8](repeating: 0xFF, count: 8)))
    #expect(array.integers == nil)
    #expect(array.tensor.elements == [0x1p64])
  }

  @Test func wideNumbersAreRoundedToTheNearest() throws {
    // 0.1, and 16777217, which lies between two floats.
    let array = try read(
      npy(
        "<f8", "(2,)",
        [0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F, 0, 0, 0, 0x10, 0, 0, 0x70, 0x41]))
    #expect(array.tensor.elements == [0.1, 16_777_216])
  }

  @Test("the first axis running fastest, three axes and four")
  func fortranOrder() throws {
    let small = try read(npy("|u1", "(2, 3)", [1, 4, 2, 5, 3, 6], fortran: true))
    #expect(small.shape == [2, 3] && small.integers == [1, 2, 3, 4, 5, 6])
    let sizes = [2, 3, 4, 5]
    var bytes: [UInt8] = []
    // Element [a, b, c, d] is 1000 a + 100 b + 10 c + d.
    for d in 0..<5 {
      for c in 0..<4 {
        for b in 0..<3 {
          for a in 0..<2 {
            let value = 1000 * a + 100 * b + 10 * c + d
            bytes += [UInt8(value & 0xFF), UInt8(value >> 8)]
          }
        }
      }
    }
    let array = try read(npy("<u2", "(2, 3, 4, 5)", bytes, fortran: true))
    let expected = (0..<120).map {
      1000 * ($0 / 60) + 100 * ($0 / 20 % 3) + 10 * ($0 / 5 % 4) + $0 % 5
    }
    #expect(array.shape.sizes == sizes && array.integers == expected)
    #expect(try read(npy("<u2", "(0, 3)", [], fortran: true)).integers == [])
  }

  @Test(
    "what Python takes for the same dictionary",
    arguments: [
      "{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}",
      "{\"shape\":(2,),\"descr\":\"<u2\",\"fortran_order\":False}\n",
      "{'fortran_order' : False , 'shape' : ( 2 , ) , 'descr' : '<u2' , }      \n",
      "{'descr': '<u2', 'fortran_order': False, 'shape': (2L,), }",
    ])
  func headers(text: String) throws {
    for version in [1, 2, 3] as [UInt8] {
      #expect(try read(npy(text, [1, 0, 2, 0], version: version)).integers == [1, 2])
    }
  }

  @Test func shapesOfAnyRank() throws {
    #expect(try read(npy("|u1", "()", [7])).shape == [])
    #expect(try read(npy("|u1", "(1, 2, 1)", [7, 8])).shape == [1, 2, 1])
    #expect(try read(npy("<f4", "(3, 0)", [])).tensor.shape == [3, 0])
  }

  @Test(
    arguments: [
      (
        [],
        "expected a NumPy array, which begins with 93 and NUMPY, found 0 bytes of something else"
      ),
      (
        Array("\u{80}\u{4}K\u{1}.................".utf8),
        "expected a NumPy array, which begins with 93 and NUMPY, found 22 bytes of something else"
      ),
      (
        npy("", [], version: 4),
        "expected version 1.0, 2.0 or 3.0 of the NumPy format, found 4.0"
      ),
      (
        Array(npy("<f4", "(1,)", []).prefix(40)),
        "expected a header of 59 bytes, found 30 bytes"
      ),
      (
        [0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        "expected a header of at most 65535 bytes, found 4294967295"
      ),
      ([0x93] + Array("NUMPY".utf8) + [2, 0, 0, 0], "expected a header of 0 bytes, found 0 bytes"),
      (npy("<f4", "(2,)", [0]), "expected [2] elements of 4 bytes, found 1 bytes"),
      (
        npy("|u1", "(4611686018427387904, 4, 0)", []),
        "expected [4611686018427387904, 4, 0] elements of 1 bytes, found 0 bytes"
      ),
      (
        npy("|u1", "(4611686018427387904,)", []),
        "expected [4611686018427387904] elements of 1 bytes, found 0 bytes"
      ),
      (
        npy("|u1", "(9223372036854775808,)", []),
        "expected an integer from 0 below 2⁶³ in the header, found '9'"
      ),
      (npy("|u1", "(-1,)", []), "expected an integer from 0 below 2⁶³ in the header, found '-'"),
      (npy("|u1", "(1)", [0]), "expected ',' in the header, found ')'"),
      (npy("|u1", "[1]", [0]), "expected '(' in the header, found '['"),
      (npy("|u1", "(1.5,)", [0]), "expected ',' in the header, found '.'"),
      (
        npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", [0, 0, 0, 0]),
        "expected a text in quotes in the header, found '['"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': False}", []),
        "expected descr, fortran_order and shape, found not all of them"
      ),
      (
        npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", []),
        "expected descr, fortran_order and shape, once each, found the key 'descr'"
      ),
      (
        npy("{'descr': '<f4', 'x': 1}", []),
        "expected descr, fortran_order and shape, once each, found the key 'x'"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", []),
        "expected True or False in the header, found '1'"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}x", []),
        "expected its end in the header, found 'x'"
      ),
      (npy("__import__('os')", []), "expected '{' in the header, found '_'"),
      (npy("{'descr': '<f4", []), "expected a quote in the header, found its end"),
      (
        npy(String(repeating: " ", count: 1 << 20), [], version: 2),
        "expected a header of at most 65535 bytes, found 1048576"
      ),
      (
        npy(
          "{'descr': '<f4', 'fortran_order': False, 'shape': ("
            + String(repeating: "1,", count: 32_000),
          []), "expected an integer from 0 below 2⁶³ in the header, found its end"
      ),
      (
        npy("|u1", "(1\(String(repeating: "0", count: 60_000)),)", []),
        "expected an integer from 0 below 2⁶³ in the header, found '1'"
      ),
      (
        npy("<f8", "(1024, 128)", [UInt8](repeating: 0, count: 1 << 20 - 1), fortran: true),
        "expected [1024, 128] elements of 8 bytes, found 1048575 bytes"
      ),
    ] as [([UInt8], String)])
  func brokenFileIsRefused(bytes: [UInt8], problem: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes, to: "a.npy")
    let error = expectRefusal(of: path, by: DatasetError.self) {
      try NumPyArray(contentsOf: path)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(problem)")
  }

  @Test(arguments: ["|O", "<U5", "|S4", "<c8", "<M8[ns]", "|V4", "<f16", "|f4", "f4", "", "<b2"])
  func otherTypesAreRefused(type: String) {
    let error = #expect(throws: DatasetError.self) {
      try read(npy(type, "(1,)", [0, 0, 0, 0, 0, 0, 0, 0]))
    }
    #expect(error?.description.hasSuffix("found elements of type '\(type)'") == true)
  }
}

/// What NumPy itself writes.
@Suite(.enabled(if: Python.path != nil, Comment(rawValue: Python.reason)))
struct NumPyWritingTests {
  @Test func archivesOfEitherKindAreRead() throws {
    let folder = try TemporaryFolder()
    for save in ["savez", "savez_compressed"] {
      let result = try Python.run(
        """
        import sys, numpy as np
        a = np.arange(6000).reshape(2, 3, 1000)
        np.\(save)(sys.argv[1], c=a.astype(">i2"), f=np.asfortranarray(a.astype("<f8")))
        """, ["\(folder.path)/\(save).npz"])
      #expect(result.errors == "")
      let archive = try NumPyArchive(contentsOf: "\(folder.path)/\(save).npz")
      #expect(archive.names == ["c", "f"])
      #expect(try archive.array("c")?.integers == Array(0..<6000))
      #expect(try archive.array("f")?.shape == [2, 3, 1000])
      #expect(try archive.array("f")?.tensor.elements == (0..<6000).map { Float($0) })
      #expect(try archive.array("d") == nil)
    }
  }

  @Test func objectsAreRefused() throws {
    let folder = try TemporaryFolder()
    let result = try Python.run(
      "import sys, numpy as np; np.savez(sys.argv[1], a=np.array([{}, None]))",
      [folder.path + "/o.npz"])
    #expect(result.errors == "")
    let error = #expect(throws: DatasetError.self) {
      try NumPyArchive(contentsOf: folder.path + "/o.npz").array("a")
    }
    #expect(error?.description.hasSuffix("found elements of type '|O'") == true)
  }
}
