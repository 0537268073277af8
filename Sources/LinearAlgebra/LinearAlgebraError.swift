/// What keeps a matrix from being factored, solved or decomposed.
///
/// Shapes that disagree are mistakes of the program and trap instead.
public enum LinearAlgebraError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The matrix has no inverse: the pivot of its LU factors in this row, from 0, is exactly 0, so
  /// that the row is a combination of those above it, as far as rounding shows.
  case singular(pivot: Int)
  /// The leading minor of this order, from 1, is not positive, so that a Cholesky factor ends there.
  case notPositiveDefinite(leadingMinor: Int)
  /// Rows or columns depend on each other within rounding, where full rank is needed.
  case rankDeficient
  /// The iteration for singular values or eigenvalues did not come to an end.
  case noConvergence
  /// An element of the named operand is NaN or infinite.
  case notFinite(operand: String)
  /// There are fewer samples than a covariance needs, which is two.
  case tooFewSamples(count: Int)

  /// What is wrong with the matrix, in one line.
  public var description: String {
    switch self {
    case .singular(let pivot): "the matrix is singular: pivot \(pivot) of its LU factors is 0"
    case .notPositiveDefinite(let order):
      "the matrix is not positive definite: its leading minor of order \(order) is not positive"
    case .rankDeficient:
      "the matrix does not have full rank: its rows or columns depend on each other"
    case .noConvergence: "the singular values or eigenvalues did not converge"
    case .notFinite(let operand): "\(operand) has elements that are NaN or infinite"
    case .tooFewSamples(let count): "expected at least 2 samples, got \(count)"
    }
  }
}
