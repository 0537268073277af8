import AllocationCounter
import Foundation
import Testing

/// What a reader may take to refuse a file, however malformed.
public enum RefusalBounds {
  /// Seconds of the processor's time on the reader's thread. The clock on the wall would tell how
  /// busy the machine is.
  public static let seconds = 1.0
  /// Bytes of memory for each byte of the file, and of what it holds inflated.
  public static let bytesForOne = 16
  /// As ``bytesForOne``, where Foundation decodes JSON: it keeps a map of all values.
  public static let bytesForOneOfJSON = 48
  /// Bytes of memory for the smallest file: windows of libraries, tables made on first use.
  public static let bytesForNone = 1 << 20
}

/// Expects a reader to refuse a file by an error of a type, within ``RefusalBounds``.
///
/// Under a sanitizer, and without glibc, memory is not measured; the error alone counts, since a
/// sanitizer takes several times as long.
/// - Parameters:
///   - path: the file
///   - inflated: how many bytes the file truly holds compressed and its headers tell of; they are as
///     good as bytes of the file
///   - bytesForOne: how many bytes of memory each of them may take
///   - failure: the type of the error
///   - read: reads the file, on this thread alone
/// - Returns: the error, for what else is expected of it.
public func expectRefusal<Failure: Error, Value>(
  of path: String, inflated: Int = 0, bytesForOne: Int = RefusalBounds.bytesForOne,
  by failure: Failure.Type, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ read: () throws -> Value
) -> Failure? {
  let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
  let bound = RefusalBounds.bytesForNone + bytesForOne * ((size ?? 0) + inflated)
  watch_allocated_bytes()
  let start = threadSeconds()
  let result = Result { try read() }
  let seconds = threadSeconds() - start
  let bytes = most_allocated_bytes()
  #expect(bytes < 0 || seconds < RefusalBounds.seconds, comment, sourceLocation: sourceLocation)
  #expect(
    bytes <= bound, "\(comment.map { "\($0): " } ?? "")\(size ?? 0) bytes of file",
    sourceLocation: sourceLocation)
  return #expect(throws: failure, comment, sourceLocation: sourceLocation) { try result.get() }
}

private func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
