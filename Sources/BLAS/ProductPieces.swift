import COpenBLAS

/// The size of the pieces in which a single-precision product is handed to OpenBLAS.
///
/// OpenBLAS copies both operands into an order of its own before it multiplies. Since 0.3.18 it has
/// AVX-512 kernels that multiply small products where they lie (its pull request 3335). They are up
/// to twice as fast, but the products of a training step are a little too large to be given to
/// them. So where copying costs more than it gains, a product is cut into pieces that they take.
package struct ProductPieces {
  /// The most multiplications of a product that the kernels take: 100³.
  private static let mostMultiplications = 1_000_000
  /// The largest result that they take of a product `A·Bᵀ`.
  private static let mostDotProducts = 1_200

  let rows, columns: Int

  /// Pieces of a given size, the last of a row or column being smaller.
  package init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }

  /// Whether `A·B` as a whole is such a piece.
  static func isOne(_ a: MatrixView<Float>, _ b: MatrixView<Float>) -> Bool {
    let size = a.rows * b.columns
    let areDotProducts = !a.isTransposed && b.isTransposed
    return OpenBLAS.multipliesSmallProductsInPlace && size * a.columns <= mostMultiplications
      && (!areDotProducts || size <= mostDotProducts)
  }

  /// The pieces for `A·B` on one thread, or nil where one product is faster.
  ///
  /// The bounds are measured: beyond them, operands that lie as they are fall out of the cache.
  static func fastest(_ a: MatrixView<Float>, _ b: MatrixView<Float>) -> ProductPieces? {
    let (m, n, k) = (a.rows, b.columns, a.columns)
    let areDotProducts = !a.isTransposed && b.isTransposed
    guard OpenBLAS.multipliesSmallProductsInPlace, k > 0, !isOne(a, b) else { return nil }
    let gains =
      switch (a.isTransposed, b.isTransposed) {
      case (false, true): k >= 400 && m * n <= 128 * (m + n)
      case (false, false): k * b.stride <= 200_000 && m * n <= 1_000_000
      case (true, false): k * n <= 101_000 && k * m <= 101_000
      case (true, true): false
      }
    guard gains else { return nil }
    let columns = min(n, areDotProducts ? 128 : 64)
    let most = mostMultiplications / (columns * k)
    let rows = min(most, areDotProducts ? mostDotProducts / columns : most, 64) & ~3
    return rows == 0 ? nil : ProductPieces(rows: rows, columns: columns)
  }
}

extension OpenBLAS {
  /// Whether the kernels in use multiply small products without copying them.
  static let multipliesSmallProductsInPlace =
    vectorBits(ofCore: coreName) == 512 && !version.lexicographicallyPrecedes([0, 3, 18])

  /// The numbers of the version, as `0.3.21` is in the description `OpenBLAS 0.3.21 …`.
  package static var version: [Int] {
    let words = buildDescription.split(separator: " ")
    return words.count < 2 ? [] : words[1].split(separator: ".").compactMap { Int($0) }
  }
}
