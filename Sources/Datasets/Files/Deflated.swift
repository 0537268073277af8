import CLibdeflate
import CZlib

/// Data compressed by deflate (RFC 1951), whose size inflated is not to be believed on anybody's word.
///
/// One byte of them can stand for 1032, so that a small file tells of gigabytes, truly or not. A
/// reader allocates at once what ``modestCount(for:)`` allows; data that tell of more are first
/// inflated through a small window, which shows how much they hold, and stops as soon as it is more
/// than the format's own header within them tells. So no file gets memory but for what it holds,
/// and only for what it should hold.
enum Deflated {
  /// What surrounds the data: nothing, or zlib's (RFC 1950) or gzip's (RFC 1952) header and trailer.
  enum Format: Int32 {
    // zlib's numbers for them, with the largest distance of a match.
    case bare = -15
    case zlib = 15
    case gzip = 31
  }

  /// What was found in data.
  enum Size: Equatable {
    /// As many bytes as were told, whose CRC-32 is this, and the data's end.
    case whole(Int, checksum: UInt32)
    /// The data's end after fewer bytes than were told.
    case fewer(Int, told: Int)
    /// More bytes than the limit, or than were told where that is less.
    case more(than: Int)
    /// Damage, or no end; with gzip, in the member that begins at the offset.
    case damaged(offset: Int)
  }

  /// The window, which is also how much of the contents their reader gets to see.
  fileprivate static let windowCount = 1 << 17

  /// The most bytes allocated for `count` compressed ones before they were looked at: 8 for one,
  /// which real data seldom exceed, and a little where there are few.
  static func modestCount(for count: Int) -> Int { 8 * count + 65_536 }

  /// Counts what data hold, with gzip in all members, up to `limit` bytes.
  /// - Parameter told: how many bytes the whole contents have as their first ones tell: 131,072, or
  ///   all where there are fewer. What it throws ends the count.
  static func size<Failure: Error>(
    of data: ArraySlice<UInt8>, in format: Format, limit: Int,
    told: (_ start: ArraySlice<UInt8>) throws(Failure) -> Int
  ) throws(Failure) -> Size {
    let stream = InflatingStream(format)
    var (limit, isTold) = (limit, false)
    while true {
      let end = stream.fillWindow(from: data)
      if !isTold {
        isTold = true
        let count = try told(stream.window[..<stream.filledCount])
        guard count <= limit else { return .more(than: limit) }
        limit = count
      }
      guard stream.count <= limit else { return .more(than: limit) }
      switch end {
      case .full: continue
      case .end where stream.count < limit: return .fewer(stream.count, told: limit)
      case .end: return .whole(stream.count, checksum: stream.checksum)
      case .damage: return .damaged(offset: stream.member)
      }
    }
  }
}

/// A stream that is inflated into one window again and again.
private final class InflatingStream {
  /// Why inflating stopped.
  enum Stop { case full, end, damage }

  private let format: Deflated.Format
  // zlib's state points back to it.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var position = 0
  /// The window, of which as many bytes are filled as the second says.
  private(set) var window = [UInt8](repeating: 0, count: Deflated.windowCount)
  private(set) var filledCount = 0
  /// The bytes inflated so far, and their CRC-32.
  private(set) var count = 0
  private(set) var checksum: UInt32 = 0
  /// Where in the data the member begins that is being inflated.
  private(set) var member = 0

  init(_ format: Deflated.Format) {
    self.format = format
    stream.initialize(to: z_stream())
    let result = inflateInit2_(
      stream, format.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { fatalError("Deflated: zlib refuses to start: \(result)") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Inflates until the window is full anew, or the data end.
  func fillWindow(from data: ArraySlice<UInt8>) -> Stop {
    filledCount = 0
    defer { checksum = libdeflate_crc32(checksum, window, filledCount) }
    while filledCount < window.count {
      let result = inflate(data)
      if result == Z_STREAM_END {
        guard format == .gzip, position < data.count else { return .end }
        inflateReset(stream)
        member = position
      } else if result != Z_OK {
        return .damage
      }
    }
    return .full
  }

  /// Inflates a piece into the rest of the window; without any of either, zlib calls it an error.
  private func inflate(_ data: ArraySlice<UInt8>) -> Int32 {
    data.withUnsafeBytes { data in
      window.withUnsafeMutableBufferPointer { window in
        let piece = min(data.count - position, 1 << 30)
        let room = window.count - filledCount
        let input = data.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.next_in = input.map { UnsafeMutablePointer(mutating: $0 + position) }
        stream.pointee.avail_in = UInt32(piece)
        stream.pointee.next_out = window.baseAddress! + filledCount
        stream.pointee.avail_out = UInt32(room)
        let result = CZlib.inflate(stream, Z_NO_FLUSH)
        position += piece - Int(stream.pointee.avail_in)
        filledCount += room - Int(stream.pointee.avail_out)
        count += room - Int(stream.pointee.avail_out)
        return result
      }
    }
  }
}
