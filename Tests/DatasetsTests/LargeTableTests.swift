import Datasets
import Foundation
import Tensors
import Testing

/// Tables that are large for the memory become the samples that others become.
struct LargeTableTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(
    _ text: String, memory: Int?, _ settings: TableSettings = TableSettings()
  ) throws -> Dataset {
    let path = try folder.write(Array(text.utf8), to: "table.csv")
    return try Dataset.load(
      .csv(path), environment: ["XDG_CACHE_HOME": folder.path + "/cache"], table: settings,
      memory: memory)
  }

  private var cached: [String] { folder.contents.filter { $0.hasPrefix("cache/maru/tables/") } }

  /// Numbers with gaps, categories, words and a label; of more than a page, which texts behind it begin.
  private static let mixed =
    "size,colour,old,kind\n"
    + (0..<500).map { row in
      let size = row % 7 == 3 ? "" : "\(Double(row * 37 % 101) / 8)"
      return
        "\(size),\(["red", "blue", "\"green, dark\""][row % 3]),\(row % 2 == 0),\("abc".dropFirst(row % 5 % 3).first!)\n"
    }.joined()
  private static let pixels = (0..<90).map { row in
    (0..<70).map { "\((row * 31 + $0 * 7) % 256)" }.joined(separator: ",") + ",\(row % 4)\n"
  }.joined()
  private static let numbers =
    "a,b,price\n"
    + (0..<300).map { "\($0 % 13),\(Double($0 % 17) / 3),\(Double($0 % 29) * 1.5)\n" }.joined()

  @Test(arguments: [mixed, pixels, numbers]) func samplesAreTheSame(_ text: String) throws {
    let kept = try load(text, memory: nil)
    #expect(cached == [])
    for isThere in [false, true] {
      let large = try load(text, memory: 4)
      #expect(large.train.images.file != nil && kept.train.images.file == nil)
      #expect(large.train.images.blockShuffle != nil)
      #expect(large.preparation == kept.preparation && large.classNames == kept.classNames)
      #expect(large.findings?.lines == kept.findings?.lines)
      #expect(large.findings?.rows == kept.findings?.rows)
      #expect(large.findings?.hasHeader == kept.findings?.hasHeader)
      #expect(large.findings?.separator == kept.findings?.separator)
      #expect(large.findings?.ranges == kept.findings?.ranges)
      #expect(large.findings?.leftOut.map(\.column) == kept.findings?.leftOut.map(\.column))
      #expect(large.findings?.warnings == kept.findings?.warnings)
      for (part, other) in [(large.train, kept.train), (large.test, kept.test)] {
        #expect(part.checksum == other.checksum && part.labels == other.labels)
        #expect(part.targets?.elements == other.targets?.elements)
        #expect(part.images.shape == other.images.shape)
        #expect(part.images.arePixels == other.images.arePixels)
        for index in [0, part.count - 1] { #expect(part.images[index] == other.images[index]) }
      }
      #expect(cached.count == 1)
      let file = "\(folder.path)/\(cached[0])"
      #expect(
        large.notes == [
          isThere
            ? "its rows are in \(file), where they were converted before"
            : "its rows are large for the memory: converted once, to \(file)"
        ])
    }
  }

  /// What is tested with stands in a file of its own, whose bytes tell too which samples are meant.
  @Test func testFilesAreRead() throws {
    let path = try folder.write(Array(Self.mixed.utf8), to: "test.csv")
    let settings = TableSettings(testFile: path)
    let (kept, large) = (
      try load(Self.mixed, memory: nil, settings), try load(Self.mixed, memory: 4, settings)
    )
    #expect(large.test.checksum == kept.test.checksum && large.test.count == 500)
    try folder.write(Array((Self.mixed + "1.5,red,true,a\n").utf8), to: "test.csv")
    #expect(try load(Self.mixed, memory: 4, settings).test.count == 501)
    #expect(cached.count == 2)
  }

  /// The text may end where a page does, and without a line break.
  @Test(arguments: [-9, -1, 0, 1]) func textsEndAtAPage(_ more: Int) throws {
    let size = 2 * Int(getpagesize()) + more
    var text = "label,a,b\n"
    while text.utf8.count < size - 20 {
      text += text.utf8.count % 4 == 0 ? "x,20,10.5\n" : "y,1,9.25\n"
    }
    text += "y,20,"
    while text.utf8.count < size { text += text.hasSuffix(",") ? "0." : "3" }
    let (kept, large) = (try load(text, memory: nil), try load(text, memory: 4))
    #expect(text.utf8.count == size && large.train.checksum == kept.train.checksum)
    #expect(large.test.checksum == kept.test.checksum)
  }

  @Test func otherTextsAndSettingsGetFilesOfTheirOwn() throws {
    _ = try load(Self.mixed, memory: 4)
    _ = try load(Self.mixed + "1.5,red,true,a\n", memory: 4)
    #expect(cached.count == 2)
    let scaled = try load(Self.mixed, memory: 4, TableSettings(scale: .minmax))
    #expect(cached.count == 3 && scaled.preparation?.scale == .minmax)
    _ = try load(Self.mixed, memory: 4)
    #expect(cached.count == 3)
  }

  /// A file that is not whole is made anew.
  @Test(arguments: [0, 3, 4096, 5000]) func damagedFilesAreNotUsed(_ count: Int) throws {
    let checksum = try load(Self.mixed, memory: 4).train.checksum
    let file = "\(folder.path)/\(cached[0])"
    #expect(truncate(file, off_t(count)) == 0)
    let again = try load(Self.mixed, memory: 4)
    #expect(again.notes[0].contains("converted once") && again.train.checksum == checksum)
  }

  /// What a process left that was ended is removed; what one is writing stays.
  @Test func abandonedFilesAreRemoved() throws {
    try folder.write([1], to: "cache/maru/tables/abc.rows.XyZ123")
    let held = try folder.write([1], to: "cache/maru/tables/abc.rows.held00")
    let file = open(held, O_RDONLY)
    #expect(flock(file, LOCK_EX) == 0)
    defer { close(file) }
    _ = try load(Self.mixed, memory: 4)
    #expect(cached.count == 2 && cached.contains { $0.hasSuffix("held00") })
  }

  @Test func withoutACacheWhatIsTooLargeIsRefused() throws {
    let path = try folder.write(Array(Self.mixed.utf8), to: "table.csv")
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.csv(path), environment: [:], memory: 4)
    }
    #expect(error?.kind == .inputOutput && error?.path == path)
    #expect(error?.problem.contains("$XDG_CACHE_HOME or $HOME has to be set") == true)
    // A third of the memory has room there, if need be.
    let size = Self.mixed.utf8.count
    let kept = try Dataset.load(.csv(path), environment: [:], memory: 3 * size)
    #expect(kept.train.images.file == nil)
  }

  @Test func problemsAreToldAsOfOthers() throws {
    let text = Self.mixed + "1,red,true\n"
    let errors = [nil, 4].map { memory in
      #expect(throws: DatasetError.self) { try load(text, memory: memory) }
    }
    #expect(errors[0] == errors[1] && errors[0]?.problem.hasPrefix("line 502:") == true)
    #expect(cached == [])
  }

  @Test func compressedTextsAreReadIntoMemory() throws {
    let path = try folder.write(gzip(Array(Self.mixed.utf8)), to: "table.csv.gz")
    let large = try Dataset.load(
      .csv(path), environment: ["XDG_CACHE_HOME": folder.path + "/cache"], memory: 4)
    #expect(large.train.images.file == nil && cached == [])
  }
}
