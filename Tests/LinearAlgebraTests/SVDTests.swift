import LinearAlgebra
import Testing

@Suite("svd") struct SVDTests {
  @Test("U·Σ·Vᵀ is the matrix", arguments: Problem.all, [FactorSize.thin, .full])
  func factors(problem: Problem, size: FactorSize) throws {
    try check(problem, size, Float.self)
    try check(problem, size, Double.self)
  }

  private func check<Scalar: LAPACKScalar>(
    _ problem: Problem, _ size: FactorSize, _ type: Scalar.Type
  ) throws {
    let a = problem.matrix(type)
    let k = min(a.rows, a.columns)
    let factors = try svd(a, size)
    let values = factors.singularValues.map(Double.init)
    #expect(factors.u.rows == a.rows && factors.u.columns == (size == .full ? a.rows : k))
    #expect(factors.vT.rows == (size == .full ? a.columns : k) && factors.vT.columns == a.columns)
    #expect(values.count == k && values.allSatisfy { $0 >= 0 })
    #expect(values == values.sorted(by: >))

    // [m, k] · [k, k] · [k, n]
    let u = factors.u.exact.transposed().prefix(rows: k)
    let scaled = u.multiplied(by: Matrix(diagonal: values), transposingSelf: true)
    let product = scaled.multiplied(by: factors.vT.exact.prefix(rows: k))
    expect(product - a.exact, within: problem.size, of: 2 * a.exact.size, type, "A − U·Σ·Vᵀ")
    expectOrthonormal(factors.u, "UᵀU − I")
    expectOrthonormal(factors.vT, rows: true, "VᵀV − I")

    let alone = try singularValues(a).map(Double.init)
    #expect(alone.count == k)
    let difference = Matrix(rows: 1, columns: k, elements: zip(alone, values).map(-))
    expect(difference, within: problem.size, of: a.exact.size, type, "values alone")
  }
}
