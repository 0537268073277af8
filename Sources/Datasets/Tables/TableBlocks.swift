import BLAS
import Synchronization

/// A text cut into blocks of whole rows, for threads to go through.
struct TableBlocks {
  let ranges: [Range<Int>]
  /// What bytes there are in all of them.
  let contents: ByteContents

  /// In bytes; much less is not worth a thread.
  private static let size = 1 << 20

  /// All rows in one block.
  init(whole range: Range<Int>, _ contents: ByteContents) {
    (ranges, self.contents) = ([range], contents)
  }

  /// Cuts a text, behind the first line break outside of quotes in each stretch.
  init(_ text: TableText, from start: Int) {
    let all = start..<text.range.upperBound
    let count = max(1, all.count / Self.size)
    let stretches = (0..<count).map { index in
      all.lowerBound + all.count * index / count..<all.lowerBound + all.count * (index + 1) / count
    }
    let found = inParallel(count) { index in
      text.bytes.withUnsafeBufferPointer {
        ByteContents(UnsafeRawBufferPointer($0), stretches[index])
      }
    }
    contents = found.reduce(ByteContents()) { $0.joined(with: $1) }
    var starts = [all.lowerBound]
    var isInQuotes = false
    for index in 1..<max(1, count) {
      if found[index - 1].hasOddQuotes { isInQuotes.toggle() }
      let place = Self.rowStart(
        in: text.bytes, stretches[index].lowerBound, all.upperBound, isInQuotes)
      if place > starts[starts.count - 1] && place < all.upperBound { starts.append(place) }
    }
    ranges = zip(starts, starts.dropFirst() + [all.upperBound]).map { $0..<$1 }
  }

  /// Where the first row begins that does so behind a place.
  private static func rowStart(
    in bytes: [UInt8], _ place: Int, _ end: Int, _ isInQuotes: Bool
  ) -> Int {
    var (place, isInQuotes) = (place, isInQuotes)
    while place < end {
      switch bytes[place] {
      case UInt8(ascii: "\""): isInQuotes.toggle()
      case UInt8(ascii: "\n") where !isInQuotes: return place + 1
      case UInt8(ascii: "\r") where !isInQuotes && bytes[place + 1] != UInt8(ascii: "\n"):
        return place + 1
      default: break
      }
      place += 1
    }
    return end
  }
}

/// Which bytes that matter there are in a text.
struct ByteContents: Sendable {
  private(set) var hasNull = false
  /// Whether there are others than those of ASCII.
  private(set) var hasOthers = false
  private(set) var hasQuotes = false
  private(set) var hasOddQuotes = false

  init() {}

  /// Looks at a range of bytes, eight at once.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    let (low, high): (UInt64, UInt64) = (0x7F7F_7F7F_7F7F_7F7F, 0x8080_8080_8080_8080)
    var (any, nulls, quotes, oddQuotes): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    // The highest bit of each byte that is 0 (Warren, Hacker's Delight, 6-1).
    func zeros(_ word: UInt64) -> UInt64 { ~((word & low) &+ low | word) & high }
    func add(_ word: UInt64) {
      any |= word
      nulls |= zeros(word)
      let found = zeros(word ^ 0x2222_2222_2222_2222)
      quotes |= found
      oddQuotes ^= found
    }
    var place = range.lowerBound
    while place + 8 <= range.upperBound {
      add(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      place += 8
    }
    for byte in bytes[place..<range.upperBound] { add(UInt64(byte) | 0x2020_2020_2020_2000) }
    hasNull = nulls != 0
    hasOthers = any & high != 0
    hasQuotes = quotes != 0
    hasOddQuotes = oddQuotes.nonzeroBitCount % 2 == 1
  }

  func joined(with other: ByteContents) -> ByteContents {
    var all = self
    all.hasNull = hasNull || other.hasNull
    all.hasOthers = hasOthers || other.hasOthers
    all.hasQuotes = hasQuotes || other.hasQuotes
    all.hasOddQuotes = hasOddQuotes != other.hasOddQuotes
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
