import CKernels

extension Tensor {
  /// The elementwise sum; a vector on the right is added to each row of a matrix.
  ///
  /// Shapes: equal, or `a` [m, k] and `b` [k], as the bias in `S = X·Wᵀ + b`; others trap.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    guard a.shape != b.shape else { return a.combined(with: b, "+", maru_add) }
    require(
      a.shape.rank == 2 && b.shape == [a.shape[1]],
      "Tensor +: expected equal shapes, or [m, k] and [k], got \(a.shape) and \(b.shape)")
    var sum = a
    let (rows, columns) = (a.shape[0], a.shape[1])
    sum.withUnsafeMutableBufferPointer { y in
      b.withUnsafeBufferPointer { b in
        maru_add_to_rows(y.baseAddress!, rows, columns, columns, b.baseAddress!)
      }
    }
    return sum
  }

  /// The elementwise difference of two tensors of one shape.
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.combined(with: b, "-", maru_subtract) }

  /// The elementwise product of two tensors of one shape.
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.combined(with: b, "*", maru_multiply) }

  /// The elementwise quotient of two tensors of one shape; division by 0 follows IEEE 754.
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.combined(with: b, "/", maru_divide) }

  /// Each element plus a number.
  public static func + (a: Tensor, b: Float) -> Tensor { a.combined(with: b, maru_add_scalar) }

  /// Each element times a number.
  public static func * (a: Tensor, b: Float) -> Tensor { a.combined(with: b, maru_multiply_scalar) }

  /// Each element divided by a number.
  public static func / (a: Tensor, b: Float) -> Tensor { a.map { $0 / b } }

  /// The tensor of `transform` of each element.
  public func map(_ transform: (Float) -> Float) -> Tensor {
    withUnsafeBufferPointer { source in
      Tensor(shape: shape) { target in
        for index in source.indices { target[index] = transform(source[index]) }
      }
    }
  }

  /// The matrix product `A·B`, with either operand transposed first where asked.
  ///
  /// Shapes: [m, k] · [k, n] → [m, n] after transposition; others trap. One `cblas_sgemm`.
  /// - Parameters:
  ///   - other: right operand
  ///   - transposingSelf: whether the left operand is transposed
  ///   - transposingOther: whether the right operand is transposed, as in `X·Wᵀ`
  public func multiplied(
    by other: Tensor, transposingSelf: Bool = false, transposingOther: Bool = false
  ) -> Tensor {
    require(
      shape.rank == 2 && other.shape.rank == 2,
      "Tensor.multiplied: expected two matrices, got \(shape) and \(other.shape)")
    return withMatrix { left in
      other.withMatrix { right in
        let a = transposingSelf ? left.transposed : left
        let b = transposingOther ? right.transposed : right
        return Tensor(shape: [a.rows, b.columns]) { result in
          gemm(a, b, into: MatrixView(result.baseAddress!, rows: a.rows, columns: b.columns))
        }
      }
    }
  }

  private func combined(
    with other: Tensor, _ name: String,
    _ kernel: (UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) ->
      Void
  ) -> Tensor {
    require(
      shape == other.shape,
      "Tensor \(name): expected equal shapes, got \(shape) and \(other.shape)")
    return withUnsafeBufferPointer { a in
      other.withUnsafeBufferPointer { b in
        Tensor(shape: shape) { kernel(a.baseAddress, b.baseAddress, $0.baseAddress, a.count) }
      }
    }
  }

  private func combined(
    with number: Float,
    _ kernel: (UnsafePointer<Float>?, Float, UnsafeMutablePointer<Float>?, Int) -> Void
  ) -> Tensor {
    withUnsafeBufferPointer { a in
      Tensor(shape: shape) { kernel(a.baseAddress, number, $0.baseAddress, a.count) }
    }
  }
}
