import CTurboJPEG
import Datasets
import FileTestSupport
import Tensors
import Testing

/// Sound files with some bytes changed, always the same ones: each is read, or refused as malformed.
struct MutatedFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let tables: [[UInt8]] = [
    "day,at,n,label\n2024-01-31,12:30,1 234,a\n31.12.2024,9:05:01.5,2,b\n1 Jan 2024,x,,a\n",
    "1.234,5;12 %;-0,5e-3;+7;yes\n1'000;?;;;no\n1e400;-;nan;NA;true\n;;;;\n7;8;9;1,5;false\n",
    "|1x3 Cross validator\n39, State-gov, <=50K.\n\n50, ?, >50K.\n38, Private, <=50K.\n",
    "\u{FEFF}# a comment\r\n\"1\",\"2,\"\"3\"\"\"\r\n-1e-3 ,\tcat\r\n4,dog\r\n0.1,cat\r\n",
    "  1   2.5 a\n 2  12 b\n 3.5 1e2 a\n4\t7 b\n",
    "a|b|label\r1|2|x\r3|4|y\r255|256|x\r-1|0|y\r",
  ].map { Array($0.utf8) }

  /// Bytes that mean something to a reader of tables.
  private static let words =
    [
      "1e400", "-", "\"", "\"\"", ",", ";", "\t", "|", "\n", "\r\n", "#", "%", "NaN", "0x1p3",
      "99999999",
      "1,234.5", "\u{A0}", "\u{0}", "2024-02-30", "é", "true", "18446744073709551616",
    ].map { Array($0.utf8) } + others
  private static let others: [[UInt8]] = [[0xFF], [0x80], [0xC2]]

  private static func changed(
    _ file: [UInt8], _ generator: inout RandomGenerator, words: [[UInt8]]
  ) -> [UInt8] {
    var bytes = file
    for _ in 0...Int(generator.next() % 4) where !bytes.isEmpty {
      let place = Int(generator.next() % UInt64(bytes.count))
      let end = min(bytes.count, place + 1 + Int(generator.next() % 8))
      switch generator.next() % 6 {
      case 0: bytes[place] ^= 1 << UInt8(generator.next() % 8)
      case 1: bytes[place] = [0, 0x7F, 0x80, 0xFF][Int(generator.next() % 4)]
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 4: bytes.removeLast(bytes.count - place)
      default:
        bytes.insert(contentsOf: words[Int(generator.next() % UInt64(words.count))], at: place)
      }
    }
    return bytes
  }

  /// Gives how many files were read.
  private func check(
    _ files: [[UInt8]], count: Int, words: [[UInt8]], _ read: (String) throws -> Void
  ) throws -> Int {
    var generator = RandomGenerator(seed: 11)
    var sound = 0
    for index in 0..<count {
      let bytes = Self.changed(files[index % files.count], &generator, words: words)
      let path = try folder.write(bytes, to: "file")
      do {
        try read(path)
        sound += 1
      } catch let error as DatasetError where error.kind == .malformed {
        #expect(error.description.hasPrefix("\(path): "), "\(index)")
      } catch {
        Issue.record("\(index): \(error)")
      }
    }
    return sound
  }

  @Test func tablesAreReadOrRefused() throws {
    let count = 6000
    let sound = try check(Self.tables, count: count, words: Self.words) { path in
      let table = try Table(contentsOf: path)
      let findings = Dataset.findings(of: table)
      #expect(findings.rows == table.rowCount && findings.columns.count == table.columns.count)
      for column in table.columns {
        let values = (0..<table.rowCount).map { table.text($0, of: column) }
        #expect(values.count { $0 == nil } == column.missing || column.kind == .number)
      }
    }
    #expect(sound > count / 4 && sound < count)
  }

  /// What can be trained on has as many numbers as its columns tell.
  @Test func preparedRowsAreFinite() throws {
    let count = 3000
    let sound = try check(Self.tables, count: count, words: Self.words) { path in
      let dataset = try Dataset.load(
        .csv(path), table: TableSettings(testFile: path))
      let inputs = dataset.preparation?.inputs ?? 0
      #expect(dataset.train.images.shape.sizes == [inputs])
      #expect(dataset.train.images.values?.elements.allSatisfy(\.isFinite) ?? true)
    }
    #expect(sound > 50 && sound < count)
  }

  @Test func picturesAreReadOrRefused() throws {
    let picture = JPEG.noise
    let grey = Picture(pixels: Array(picture.pixels[..<384]), width: 24, height: 16, channels: 1)
    let exif = JPEG.exif(6, isBigEndian: false)
    let samples = (0..<48).map { UInt16($0 * 5) }
    let files = [
      JPEG.file(picture), JPEG.file(grey, exif: exif),
      JPEG.file(picture, exif: exif, flags: TJFLAG_PROGRESSIVE),
      PNG(samples, width: 4, .rgba).bytes, PNG(samples, width: 8, .grey).bytes,
    ]
    let markers: [[UInt8]] = [
      [0xFF, 0xC0], [0xFF, 0xC2], [0xFF, 0xC4], [0xFF, 0xD9], [0xFF, 0xDA], [0xFF, 0xE1],
      [0xFF, 0xFF],
      [0, 0], [0xFF, 0xFE, 0xFF, 0xFF],
    ]
    let count = 4000
    let sound = try check(files, count: count, words: markers) { path in
      let picture = try Picture(contentsOf: path)
      #expect(picture.pixels.count == picture.width * picture.height * picture.channels)
      _ = try GreyImage(contentsOf: path)
    }
    #expect(sound > 100 && sound < count)
  }
}
