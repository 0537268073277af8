import Datasets
import FileTestSupport
import Tensors
import Testing

/// A broken file, and what its error must say after the path.
struct BrokenFile: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let problem: String
  /// How many bytes it truly holds compressed, where its reader has to look at all of them.
  let inflated: Int

  init(_ name: String, _ bytes: [UInt8], _ problem: String, inflated: Int = 0) {
    self.name = name
    self.inflated = inflated
    self.bytes = bytes
    self.problem = problem
  }

  var testDescription: String { name }
}

struct MalformedFileTests {
  private static let good = idx([2, 2, 3], (0..<12).map { UInt8($0) })
  private static let archive = gzip(good)
  private static let noArchive =
    "expected a whole gzip archive, found damaged, cut off or foreign data"

  private static let brokenFiles = [
    BrokenFile("empty", [], "expected an IDX header of at least 4 bytes, found 0"),
    BrokenFile("three bytes", [0, 0, 8], "expected an IDX header of at least 4 bytes, found 3"),
    BrokenFile(
      "a web page", Array("<!DOCTYPE html>".utf8),
      "expected an IDX file, which begins with 00 00, found 3C 21"),
    BrokenFile(
      "wrong magic", [0, 9] + good[2...],
      "expected an IDX file, which begins with 00 00, found 00 09"),
    BrokenFile(
      "unknown type", idx(0x0A, [1], [1]),
      "expected an IDX element type (08, 09, 0B, 0C, 0D or 0E), found 0A"),
    BrokenFile(
      "cut in the sizes", Array(good[..<10]),
      "expected an IDX header of 16 bytes for 3 axes, found 10"),
    BrokenFile(
      "cut in the elements", Array(good[..<27]),
      "expected 12 bytes for [2, 2, 3] elements of type uint8, found 11"),
    BrokenFile(
      "a byte too many", good + [0],
      "expected 12 bytes for [2, 2, 3] elements of type uint8, found 13"),
    BrokenFile(
      "half an element", idx(0x0E, [2], [UInt8](repeating: 0, count: 12)),
      "expected 16 bytes for [2] elements of type float64, found 12"),
    BrokenFile(
      "no elements for a rank of 0", idx(0x0C, [], []),
      "expected 4 bytes for [] elements of type int32, found 0"),
    BrokenFile(
      "sizes beyond the file", idx([0xFFFF_FFFF], [1]),
      "expected 4294967295 bytes for [4294967295] elements of type uint8, found 1"),
    BrokenFile(
      "sizes that overflow", idx([0xFFFF_FFFF, 0xFFFF_FFFF, 4], [1]),
      "expected sizes of 1 bytes of elements, as the file has, found [4294967295, 4294967295, 4]"),
    BrokenFile(
      "sizes that overflow before a 0", idx(0x0E, [0xFFFF_FFFF, 0xFFFF_FFFF, 0], []),
      "expected sizes of 0 bytes of elements, as the file has, found [4294967295, 4294967295, 0]"),
    BrokenFile(
      "only the mark of an archive", [0x1F, 0x8B], "\(noArchive) in the member at byte 0"),
    BrokenFile("a cut archive", Array(archive.dropLast(9)), "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "a wrong checksum", flipping(archive, at: archive.count - 8),
      "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "a trailer that tells too little", archive.dropLast(4) + [1, 0, 0, 0],
      "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "a trailer that tells 4 GB", archive.dropLast(4) + [255, 255, 255, 255],
      "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "something after the archive", archive + Array("and more".utf8),
      "\(noArchive) in the member at byte \(archive.count)"),
    BrokenFile(
      "an archive of more than the header tells", gzip(good + [UInt8](repeating: 0, count: 90_000)),
      "expected an archive of at most 28 bytes once inflated, found more"),
    BrokenFile(
      "an archive of an archive", gzip(archive),
      "expected an IDX file, which begins with 00 00, found 1F 8B"),
  ]

  private static let bombCount: Int = 1 << 25
  /// 32 MiB in 32 kB, whose header tells of as much.
  private static let bomb = gzip(idx([bombCount], [UInt8](repeating: 0, count: bombCount)))
  private static let more = "expected an archive of at most 28 bytes once inflated, found more"

  /// What tells of far more than there is, or holds far more than it tells.
  private static let bombs: [BrokenFile] = [
    BrokenFile(
      "a large file of zeros", [UInt8](repeating: 0, count: 1 << 20),
      "expected an IDX element type (08, 09, 0B, 0C, 0D or 0E), found 00"),
    BrokenFile(
      "a large file with a byte too few",
      idx(0x0E, [1 << 17], [UInt8](repeating: 0, count: 1 << 20 - 1)),
      "expected 1048576 bytes for [131072] elements of type float64, found 1048575"),
    BrokenFile(
      "255 axes that overflow", idx(0x08, [Int](repeating: 2, count: 255), [1]),
      "expected sizes of 1 bytes of elements, as the file has, found \([Int](repeating: 2, count: 255))"
    ),
    BrokenFile(
      "an archive whose header alone is large", gzip(idx([1 << 30], [1])),
      "expected 1073741824 bytes for [1073741824] elements of type uint8, found 1"),
    BrokenFile(
      "an archive whose header and trailer are large",
      gzip(idx([1 << 30], [1])).dropLast(4) + [12, 0, 0, 0x40],
      "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "a bomb that tells little", gzip(good + [UInt8](repeating: 0, count: bombCount)), more),
    BrokenFile(
      "a bomb whose trailer tells little too",
      gzip(good + [UInt8](repeating: 0, count: bombCount)).dropLast(4) + [28, 0, 0, 0], more),
    BrokenFile("a bomb in the second member", archive + bomb, more),
    BrokenFile(
      "a bomb that tells a byte less",
      gzip(idx([bombCount - 1], [UInt8](repeating: 0, count: bombCount))),
      "expected an archive of at most \(bombCount + 7) bytes once inflated, found more"),
    BrokenFile(
      "a bomb that tells a byte more",
      gzip(idx([bombCount + 1], [UInt8](repeating: 0, count: bombCount))),
      "expected an archive of \(bombCount + 9) bytes once inflated, found \(bombCount + 8)"),
    BrokenFile(
      "a bomb that tells more than is read",
      gzip(idx([1 << 31], [UInt8](repeating: 0, count: bombCount))),
      "expected an archive of at most 1073741824 bytes once inflated, found more"),
    BrokenFile(
      "a bomb of another kind", gzip([UInt8](repeating: 0x20, count: bombCount)),
      "expected an IDX file, which begins with 00 00, found 20 20"),
    BrokenFile("a bomb cut off", Array(bomb.dropLast(9)), "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "a bomb with a wrong checksum", flipping(bomb, at: bomb.count - 8),
      "\(noArchive) in the member at byte 0"),
    BrokenFile(
      "something after a bomb", bomb + Array("and more".utf8),
      "\(noArchive) in the member at byte \(bomb.count)"),
  ]

  private static func flipping(_ bytes: [UInt8], at index: Int) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= 0x10
    return bytes
  }

  @Test(arguments: brokenFiles + bombs)
  func brokenFileIsRefused(_ file: BrokenFile) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(file.bytes, to: "file")
    let error = expectRefusal(of: path, inflated: file.inflated, by: DatasetError.self) {
      try IDXArray(contentsOf: path)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description == "\(path): \(file.problem)")
  }

  @Test func archiveOfMoreThanTheLimitIsRefused() throws {
    let folder = try TemporaryFolder()
    let bomb = gzip(idx([1 << 24], [UInt8](repeating: 0, count: 1 << 24)))
    let honest = try folder.write(bomb, to: "honest")
    let lying = try folder.write(bomb.dropLast(4) + [9, 0, 0, 0], to: "lying")
    for path in [honest, lying] {
      let error = expectRefusal(of: path, by: DatasetError.self) {
        try IDXArray(contentsOf: path, limit: 1 << 20)
      }
      #expect(
        error?.description
          == "\(path): expected an archive of at most 1048576 bytes once inflated, found more")
    }
  }

  @Test func plainFileOfMoreThanTheLimitIsRefused() throws {
    let folder = try TemporaryFolder()
    for count in [101, 10_000] {
      let path = try folder.write(idx([count], [UInt8](repeating: 0, count: count)), to: "\(count)")
      let error = #expect(throws: DatasetError.self) {
        try IDXArray(contentsOf: path, limit: 108)
      }
      #expect(error?.kind == .malformed)
    }
    let path = try folder.write(idx([100], [UInt8](repeating: 0, count: 100)), to: "fits")
    #expect(try IDXArray(contentsOf: path, limit: 108).shape == [100])
  }

  @Test func missingFileAndFolderAreToldApart() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: DatasetError.self) {
      try IDXArray(contentsOf: folder.path + "/none")
    }
    #expect(missing?.kind == .missingFile)
    let directory = #expect(throws: DatasetError.self) { try IDXArray(contentsOf: folder.path) }
    #expect(
      directory?.description == "\(folder.path): expected a file, found a folder or a device")
  }

  @Test func errorStaysInOneLineWhateverThePath() {
    let error = DatasetError(.missingFile, path: "a\nb\u{1B}[31m", "is\r\nnot there")
    #expect(error.description == "a\\nb\\u{1B}[31m: is\\r\\nnot there")
  }

  /// Cuts and flips bits at random: every file must be read or refused, and one that passes an
  /// archive's checksum can only be the original.
  @Test func damagedFilesAreReadOrRefusedNeverTrapped() throws {
    let folder = try TemporaryFolder()
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = RandomGenerator(seed: seed)
    let expected = try IDXArray(Self.good, path: "good")
    var refused = 0
    for round in 0..<3000 {
      var bytes = round.isMultiple(of: 2) ? Self.good : Self.archive
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] ^=
          1
          << UInt8.random(
            in: 0...7, using: &random)
      }
      if Bool.random(using: &random) {
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
      }
      let path = try folder.write(bytes, to: "damaged")
      do throws(DatasetError) {
        let array = try IDXArray(contentsOf: path)
        if !round.isMultiple(of: 2) { #expect(array == expected, "seed \(seed), round \(round)") }
      } catch {
        refused += 1
        #expect(error.kind == .malformed, "seed \(seed), round \(round): \(error)")
      }
    }
    #expect(refused > 1500, "seed \(seed)")
  }
}
