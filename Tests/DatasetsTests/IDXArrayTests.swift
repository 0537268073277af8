import Datasets
import Tensors
import Testing

struct IDXArrayTests {
  @Test func readsEveryElementType() throws {
    let bytes = try IDXArray(idx(0x08, [3], [0, 127, 255]), path: "u8")
    #expect(bytes.elements == .uint8([0, 127, 255]))
    #expect(bytes.elementType == .uint8)
    let signed = try IDXArray(idx(0x09, [3], [0, 127, 128]), path: "i8")
    #expect(signed.elements == .int8([0, 127, -128]))
    let short = try IDXArray(idx(0x0B, [2], [0x01, 0x02, 0xFF, 0xFE]), path: "i16")
    #expect(short.elements == .int16([258, -2]))
    let long = try IDXArray(idx(0x0C, [2], [0, 1, 0, 0, 0x80, 0, 0, 0]), path: "i32")
    #expect(long.elements == .int32([65536, .min]))
    let float = try IDXArray(idx(0x0D, [2], [0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0]), path: "f32")
    #expect(float.elements == .float32([1, -2.5]))
    let double = try IDXArray(
      idx(0x0E, [2], bigEndian(Double.pi.bitPattern) + bigEndian((-1.5).bitPattern)), path: "f64")
    #expect(double.elements == .float64([.pi, -1.5]))
  }

  @Test(arguments: [
    [], [4], [2, 3], [2, 1, 2], [1, 2, 1, 3, 1], Array(repeating: 1, count: 255),
  ])
  func readsEveryRank(_ sizes: [Int]) throws {
    let count = sizes.reduce(1, *)
    let elements = (0..<count).map { UInt8($0) }
    let array = try IDXArray(idx(sizes, elements), path: "array")
    #expect(array.shape == Shape(sizes))
    #expect(array.elements == .uint8(elements[...]))
  }

  @Test func readsAnArrayWithoutElements() throws {
    let array = try IDXArray(idx(0x0E, [3, 0], []), path: "empty")
    #expect(array.shape == [3, 0])
    #expect(array.elements == .float64([]))
  }

  @Test func tellsAnArchiveByItsBytesNotItsName() throws {
    let folder = try TemporaryFolder()
    let plain = idx([2, 2], [1, 2, 3, 4])
    let plainPath = try folder.write(plain, to: "plain.gz")
    let archivePath = try folder.write(gzip(plain), to: "archive")
    let expected = try IDXArray(plain, path: "bytes")
    #expect(try IDXArray(contentsOf: plainPath) == expected)
    #expect(try IDXArray(contentsOf: archivePath) == expected)
  }

  @Test func readsAnArchiveOfSeveralMembers() throws {
    let folder = try TemporaryFolder()
    let plain = idx([100_000], (0..<100_000).map { UInt8($0 % 251) })
    // The last member, whose size the archive's end tells, is the smallest.
    let members = [plain[..<90_000], plain[90_000..<100_000], plain[100_000...]]
    let path = try folder.write(members.flatMap { gzip(Array($0)) }, to: "members.gz")
    let isSame = try IDXArray(contentsOf: path) == IDXArray(plain, path: "bytes")
    #expect(isSame)
  }

  @Test func readsAHighlyCompressedArchive() throws {
    let folder = try TemporaryFolder()
    let plain = idx([3_000_000], [UInt8](repeating: 7, count: 3_000_000))
    let path = try folder.write(gzip(plain), to: "sevens.gz")
    let isSame = try IDXArray(contentsOf: path) == IDXArray(plain, path: "bytes")
    #expect(isSame)
  }
}
