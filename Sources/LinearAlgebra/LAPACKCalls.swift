import CLAPACKE

/// The order of all matrices handed to LAPACK: a row-major matrix is its own transpose there.
let columnMajor: Int32 = LAPACK_COL_MAJOR

/// A letter as LAPACK's options are given.
func letter(_ letter: Unicode.Scalar) -> CChar { CChar(letter.value) }

/// Converts a size to LAPACK's 32-bit integer, or traps.
func lapackInteger(_ value: Int) -> Int32 {
  guard let small = Int32(exactly: value) else {
    fatalError("LAPACK: expected sizes up to \(Int32.max), got \(value)")
  }
  return small
}

/// A leading dimension, which LAPACK wants to be at least 1.
func leading(_ size: Int) -> Int32 { lapackInteger(max(size, 1)) }

/// What a routine reports beyond success, 0; traps where it complains about an argument.
@discardableResult
func checked(_ info: Int32, _ routine: StaticString) -> Int {
  require(info >= 0, "LAPACKE \(routine): expected valid arguments, got a wrong one, \(-info)")
  return Int(info)
}

/// Calls a routine twice: for the sizes of its two workspaces, and with them.
///
/// LAPACK answers in the matrix's precision, rounded, so that Float may fall one short of what is
/// needed beyond 2²⁴ (`ssyevd` from n = 2893 on, which LAPACKE's own query trips over); hence the
/// next number up.
/// - Parameters:
///   - least: what the routine needs at least, where that grows with the square of a size (see
///     ``LeastWorkspace``)
///   - call: takes workspace, its size (−1 for the question), integer workspace and its size
/// - Returns: the routine's `info`
func withWorkspace<Scalar: LAPACKScalar>(
  _ routine: StaticString, of type: Scalar.Type = Scalar.self, least: Int = 1,
  _ call: (UnsafeMutablePointer<Scalar>, Int32, UnsafeMutablePointer<Int32>, Int32) -> Int32
) -> Int {
  var (size, integers) = (Scalar.zero, Int32(0))
  checked(call(&size, -1, &integers, -1), routine)
  let count = workspaceSize(size, least: least)
  return withUnsafeTemporaryAllocation(of: Scalar.self, capacity: Int(count)) { numbers in
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(Int(integers), 1)) { indices in
      checked(
        call(numbers.baseAddress!, count, indices.baseAddress!, max(integers, 1)), routine)
    }
  }
}

/// The size that LAPACK meant by a rounded answer, or a little more; traps where what it needs is more
/// than it can count.
package func workspaceSize<Scalar: LAPACKScalar>(_ answer: Scalar, least: Int = 1) -> Int32 {
  lapackInteger(max(Int(max(answer, 1).nextUp.rounded(.up)), least))
}

/// The numbers of workspace that routines need at least, by LAPACK's manual.
///
/// LAPACK counts them in 32 bits. Where that overflows, its answer is a small number, which it then
/// takes for enough, and works beyond it.
package enum LeastWorkspace {
  /// Of `syevd` with vectors, for a matrix of n rows.
  package static func syevd(_ n: Int) -> Int { 1 + 6 * n + 2 * n * n }

  /// Of `gesdd` with vectors, for a matrix [m, n].
  package static func gesdd(_ m: Int, _ n: Int) -> Int {
    let k = min(m, n)
    return 4 * k * k + 6 * k + max(m, n)
  }

  /// Of `gelsd`, for a matrix [m, n] and right-hand sides [m, k]: a little more, for the depth of its
  /// recursion, which grows with the logarithm.
  package static func gelsd(_ m: Int, _ n: Int, _ k: Int) -> Int {
    min(m, n) * (k + 300) + max(m, n) + (m < n ? m * m : 0)
  }
}

/// Lends two workspaces of fixed sizes, as the estimators of condition numbers want them.
func withWorkspace<Scalar: LAPACKScalar>(
  numbers: Int, integers: Int,
  _ body: (UnsafeMutablePointer<Scalar>, UnsafeMutablePointer<Int32>) -> Void
) {
  withUnsafeTemporaryAllocation(of: Scalar.self, capacity: max(numbers, 1)) { numbers in
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(integers, 1)) { integers in
      body(numbers.baseAddress!, integers.baseAddress!)
    }
  }
}
