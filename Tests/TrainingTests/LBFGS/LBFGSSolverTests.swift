import TestSupport
import Testing
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The algorithm on functions whose minimum is known.
@Suite struct LBFGSSolverTests {
  /// x, f(x) and ∇f(x).
  struct State {
    let x: [Double]
    let value: Double
    let gradient: [Double]
  }

  /// A function, and how the solver goes down it.
  final class Descent {
    private let function: ([Double]) -> (Double, [Double])
    private let point: AlignedBuffer
    private let gradient: AlignedBuffer
    private var solver: LBFGSSolver!
    /// Evaluations that gave no number.
    private(set) var blanks = 0

    init(
      from start: [Double], memory: Int = 5, tolerance: Double = 1e-5,
      _ function: @escaping ([Double]) -> (Double, [Double])
    ) {
      self.function = function
      point = AlignedBuffer(zeros: start.count)
      gradient = AlignedBuffer(zeros: start.count)
      for (index, value) in start.enumerated() { point.floats[index] = Float(value) }
      solver = LBFGSSolver(
        .init(point: point, gradient: gradient) { [unowned self] in
          let state = self.state
          for (index, value) in state.gradient.enumerated() {
            self.gradient.floats[index] = Float(value)
          }
          if !state.value.isFinite { self.blanks += 1 }
          return state.value
        }, memory: memory, tolerance: tolerance)
    }

    var state: State {
      let x = (0..<point.count).map { Double(point.floats[$0]) }
      let (value, gradient) = function(x)
      return State(x: x, value: value, gradient: gradient)
    }

    var evaluations: Int { solver.evaluations }

    /// Iterates to the end, and checks every step by what is known from outside.
    func run(most: Int = 200, sourceLocation: SourceLocation = #_sourceLocation)
      -> (outcome: LBFGSSolver.Outcome, iterations: Int)
    {
      for iteration in 1...most {
        let before = state
        let outcome = solver.iterate()
        if outcome == .stalled || outcome == .notFinite { return (outcome, iteration) }
        if solver.evaluations > 1 {
          expectWolfe(from: before, to: state, "iteration \(iteration)", sourceLocation)
        }
        if outcome == .converged { return (outcome, iteration) }
      }
      return (.advanced, most)
    }
  }

  @Test(arguments: [1, 3, 10])
  func aQuadraticReachesItsMinimum(memory: Int) {
    var random = Seeded(5)
    let minimum = random.values(20).map { Double($0) }
    // Eigenvalues 1 to 100.
    let scales = (0..<20).map { 1 + 99 * Double($0) / 19 }
    let descent = Descent(from: Array(repeating: 0, count: 20), memory: memory) { x in
      let gradient = x.indices.map { scales[$0] * (x[$0] - minimum[$0]) }
      return (x.indices.reduce(7) { $0 + gradient[$1] * (x[$1] - minimum[$1]) / 2 }, gradient)
    }
    let first = norm(descent.state.gradient)
    let (outcome, iterations) = descent.run()
    #expect(outcome == .converged, "\(random)")
    #expect(iterations <= 100, "\(iterations) iterations")
    let end = descent.state
    #expect(norm(end.gradient) <= 1.001e-5 * first)
    // The smallest eigenvalue is 1.
    #expect(norm(zip(end.x, minimum).map { $0 - $1 }) <= 1.001e-5 * first)
  }

  /// Every pair of variables is the banana-shaped valley of Rosenbrock 1960, whose floor bends.
  @Test(arguments: [2, 10])
  func rosenbrocksValleyIsFollowedToItsEnd(count: Int) {
    let start = (0..<count).map { $0.isMultiple(of: 2) ? -1.2 : 1 }
    let descent = Descent(from: start) { x in
      var (value, gradient) = (0.0, x)
      for i in stride(from: 0, to: x.count, by: 2) {
        let (a, b) = (1 - x[i], x[i + 1] - x[i] * x[i])
        value += a * a + 100 * b * b
        (gradient[i], gradient[i + 1]) = (-2 * a - 400 * x[i] * b, 200 * b)
      }
      return (value, gradient)
    }
    let first = norm(descent.state.gradient)
    let (outcome, iterations) = descent.run()
    #expect(outcome == .converged)
    #expect(iterations <= 60, "\(iterations) iterations")
    // The smallest eigenvalue of the Hessian at the minimum is 0.399.
    let distance = norm(descent.state.x.map { $0 - 1 })
    #expect(distance <= 1.1e-5 * first / 0.399, "\(distance)")
  }

  /// x − log x has no value from 0 down; its minimum is 1. A step from far above jumps there.
  @Test func aStepOutOfTheDomainIsTakenBack() {
    let descent = Descent(from: [40, 0.2, 3]) { x in
      (x.reduce(0) { $0 + $1 - log($1) }, x.map { 1 - 1 / $0 })
    }
    #expect(descent.run().outcome == .converged)
    #expect(descent.blanks > 0)
    for x in descent.state.x { #expect(abs(x - 1) < 1e-3) }
  }

  @Test(arguments: [Double.nan, .infinity])
  func aStartThatIsNotFiniteIsSaid(value: Double) {
    for isGradient in [false, true] {
      let descent = Descent(from: [2, 3]) { x in
        isGradient ? (1, [value, 0]) : (value, [1, 0])
      }
      #expect(descent.run().outcome == .notFinite)
      #expect(descent.state.x == [2, 3] && descent.evaluations == 1)
    }
  }

  @Test func aMinimumIsLeftAlone() {
    let descent = Descent(from: [0, 0]) { x in (x[0] * x[0] + x[1] * x[1], x.map { 2 * $0 }) }
    let (outcome, iterations) = descent.run()
    #expect(outcome == .converged && iterations == 1 && descent.evaluations == 1)
  }

  /// A gradient that points the wrong way, once it is relied on: no step along it is lower.
  @Test func whereNoStepIsLowerThePointStays() {
    let descent = Descent(from: [3, -2]) { x in
      (x[0] * x[0] + x[1] * x[1], x.map { -2 * $0 })
    }
    #expect(descent.run().outcome == .stalled)
    #expect(descent.state.x == [3, -2])
  }
}

/// Expects of two points that the step between them meets the strong Wolfe conditions, and that the
/// gradient changed along it as in a valley: `sᵀy > 0`.
private func expectWolfe(
  from a: LBFGSSolverTests.State, to b: LBFGSSolverTests.State, _ comment: Comment,
  _ sourceLocation: SourceLocation
) {
  let s = zip(b.x, a.x).map { $0 - $1 }
  // α·φ′(0) and α·φ′(α)
  let (before, after) = (product(s, a.gradient), product(s, b.gradient))
  #expect(before < 0, comment, sourceLocation: sourceLocation)
  #expect(
    b.value <= a.value + 1e-4 * before + Double(Float.ulpOfOne) * abs(a.value), comment,
    sourceLocation: sourceLocation)
  // The point is rounded to single precision, and with it s.
  let rounding = Double(Float.ulpOfOne) * norm(b.x) * (norm(a.gradient) + norm(b.gradient))
  #expect(abs(after) <= 0.9 * abs(before) + rounding, comment, sourceLocation: sourceLocation)
  #expect(after - before > 0, comment, sourceLocation: sourceLocation)
}

private func product(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

private func norm(_ a: [Double]) -> Double { product(a, a).squareRoot() }
