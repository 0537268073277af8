#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A block of floats of fixed size, aligned to 64 bytes (a cache line, and the widest vector).
///
/// It owns its memory and frees it when the last reference goes. Tensors keep their elements in
/// one, and a compiled model its arenas; ``floats`` is valid while the buffer is. It is
/// `Sendable` because threads of one step write different parts of the same buffer; who else writes
/// to it is the caller's to know.
public final class AlignedBuffer: @unchecked Sendable {
  /// The alignment of the first element in bytes.
  public static let alignment = 64

  /// The address of the first element.
  public let floats: UnsafeMutablePointer<Float>
  /// The number of elements.
  public let count: Int

  /// Allocates `count` elements, all 0.
  public convenience init(zeros count: Int) {
    self.init(uninitialized: count)
    floats.update(repeating: 0, count: count)
  }

  /// Allocates `count` elements of no particular value.
  public init(uninitialized count: Int) {
    require(count >= 0, "AlignedBuffer: expected a count from 0, got \(count)")
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, Self.alignment, bytes) == 0, let memory else {
      fatalError("AlignedBuffer: out of memory for \(count) floats")
    }
    floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
  }

  /// Allocates a copy of another buffer, or of its first elements.
  /// - Parameters:
  ///   - other: what is copied
  ///   - count: how many elements, at most as many as it has; all unless given
  public convenience init(copying other: AlignedBuffer, count: Int? = nil) {
    let count = count ?? other.count
    require(
      count <= other.count,
      "AlignedBuffer: expected at most \(other.count) elements to copy, got \(count)")
    self.init(uninitialized: count)
    floats.update(from: other.floats, count: count)
  }

  deinit { free(floats) }

  /// A view of `rows` × `columns` elements from `offset` on, which must lie within the buffer.
  ///
  /// The view does not keep the buffer alive.
  public func matrix(at offset: Int = 0, rows: Int, columns: Int) -> MatrixView<Float> {
    require(
      offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= count,
      "AlignedBuffer.matrix: expected a part of \(count) elements, got \(rows)×\(columns) from \(offset)"
    )
    return MatrixView(floats + offset, rows: rows, columns: columns)
  }
}
