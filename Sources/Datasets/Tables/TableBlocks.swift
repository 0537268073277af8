import BLAS
import CKernels
import Synchronization

/// A text cut into blocks of whole rows, for threads to go through.
struct TableBlocks {
  struct Block {
    let range: Range<Int>
    /// There are at most as many rows as this: lines, of which some may be empty or within quotes.
    let lines: Int

    /// The most rows of so many columns, of which each takes a byte at least.
    func mostRows(of columns: Int) -> Int { min(lines, range.count / columns + 1) }
  }

  let blocks: [Block]
  /// What bytes there are in all of them.
  let contents: ByteContents

  /// In bytes; much less is not worth a thread.
  private static let size = 1 << 20

  /// The same text in one block.
  var joined: TableBlocks {
    let range = blocks[0].range.lowerBound..<blocks[blocks.count - 1].range.upperBound
    return TableBlocks(
      blocks: [Block(range: range, lines: blocks.reduce(0) { $0 + $1.lines })], contents: contents)
  }

  private init(blocks: [Block], contents: ByteContents) {
    (self.blocks, self.contents) = (blocks, contents)
  }

  /// Cuts a text, behind the first line break outside of quotes in each stretch.
  init(_ text: TableText, from start: Int) {
    let all = start..<text.range.upperBound
    let count = max(1, all.count / Self.size)
    let stretches = (0..<count).map { index in
      all.lowerBound + all.count * index / count..<all.lowerBound + all.count * (index + 1) / count
    }
    let found = inParallel(count) { index in
      text.bytes.withUnsafeBufferPointer { ByteContents($0, stretches[index]) }
    }
    contents = found.reduce(ByteContents()) { $0.joined(with: $1) }
    var starts = [(place: all.lowerBound, breaks: 0)]
    var (isInQuotes, breaks) = (false, 0)
    for index in 1..<max(1, count) {
      if found[index - 1].hasOddQuotes { isInQuotes.toggle() }
      breaks += found[index - 1].breaks
      let row = Self.rowStart(
        in: text.bytes, stretches[index].lowerBound, all.upperBound, isInQuotes)
      if row.place > starts[starts.count - 1].place && row.place < all.upperBound {
        starts.append((row.place, breaks + row.breaks))
      }
    }
    // The last line may end without a break.
    starts.append((all.upperBound, contents.breaks + 1))
    blocks = zip(starts, starts.dropFirst()).map {
      Block(range: $0.place..<$1.place, lines: $1.breaks - $0.breaks)
    }
  }

  /// Where the first row begins that does so behind a place, and how many line breaks are between.
  private static func rowStart(
    in bytes: TextBytes, _ start: Int, _ end: Int, _ isInQuotes: Bool
  ) -> (place: Int, breaks: Int) {
    bytes.withUnsafeBufferPointer { bytes in
      var (place, isInQuotes, breaks) = (start, isInQuotes, 0)
      while place < end {
        let byte = bytes[place]
        place += 1
        if byte == UInt8(ascii: "\"") { isInQuotes.toggle() }
        guard
          byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r") && bytes[place] != UInt8(ascii: "\n")
        else { continue }
        breaks += 1
        if !isInQuotes { break }
      }
      return (place, breaks)
    }
  }
}

/// Which bytes that matter there are in a text.
struct ByteContents: Sendable {
  private(set) var hasNull = false
  /// Whether there are others than those of ASCII.
  private(set) var hasOthers = false
  private(set) var hasQuotes = false
  private(set) var hasOddQuotes = false
  /// How many line breaks, of which CR LF is one.
  private(set) var breaks = 0

  init() {}

  /// Looks at a range of bytes, behind which there is another.
  init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    let found = maru_contents_of_text(bytes.baseAddress! + range.lowerBound, range.count)
    hasNull = found.nulls > 0
    hasOthers = found.any >= 0x80
    hasQuotes = found.quotes > 0
    hasOddQuotes = !found.quotes.isMultiple(of: 2)
    breaks = found.breaks
  }

  func joined(with other: ByteContents) -> ByteContents {
    var all = self
    all.hasNull = hasNull || other.hasNull
    all.hasOthers = hasOthers || other.hasOthers
    all.hasQuotes = hasQuotes || other.hasQuotes
    all.hasOddQuotes = hasOddQuotes != other.hasOddQuotes
    all.breaks += other.breaks
    return all
  }
}

/// What `body` gives for each number below `count`, computed on all processors.
func inParallel<Result: Sendable>(_ count: Int, _ body: (Int) -> Result) -> [Result] {
  let results = Mutex([Result?](repeating: nil, count: count))
  Threads.forEach(count) { index in
    let result = body(index)
    results.withLock { $0[index] = result }
  }
  return results.withLock { $0.compactMap { $0 } }
}
