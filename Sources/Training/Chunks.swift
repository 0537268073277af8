/// An arena in pieces of a size that does not depend on the number of threads, so that a sum over
/// pieces is always made of the same parts.
struct Chunks {
  static let most = 64
  private let size: Int
  private let whole: Range<Int>

  init(_ whole: Range<Int>) {
    self.whole = whole
    // Whole cache lines.
    size = max(16, ((whole.count + Self.most - 1) / Self.most + 15) / 16 * 16)
  }

  var used: Int { (whole.count + size - 1) / size }

  subscript(chunk: Int) -> Range<Int> { start(chunk)..<start(chunk + 1) }

  private func start(_ chunk: Int) -> Int {
    min(whole.lowerBound + chunk * size, whole.upperBound)
  }
}
