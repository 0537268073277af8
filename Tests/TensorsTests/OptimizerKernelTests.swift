import CKernels
import Testing
import TestSupport

/// Each rule as the comment in the header states it, in numbers that carry their own bounds.
@Suite("optimizer kernels against their formulas, over several steps")
struct OptimizerKernelTests {
  private static let counts = [0, 1, 5, 16, 37]
  private static let steps = 6

  /// Parameters and the gradients of each step, away from 0 so that second moments are, too.
  private struct Problem {
    let random: Seeded
    let start: [Float]
    let gradients: [[Float]]

    init(_ count: Int, seed: UInt64) {
      var random = Seeded(seed)
      start = random.values(count)
      gradients = (0..<steps).map { _ in random.values(count, margin: 0.1) }
      self.random = random
    }
  }

  /// A range of one array that the kernel works on, with what lies around it poisoned.
  private func array(_ values: [Float]) -> TestMatrix<Float> { TestMatrix(values, 1, values.count) }

  private func check(
    _ arrays: [TestMatrix<Float>], are expected: [[Rounded]], _ random: Seeded,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (place, (array, expected)) in zip(arrays, expected).enumerated() {
      expect(
        array.elements, matches: Reference(expected), "array \(place), \(random)",
        sourceLocation: sourceLocation)
      #expect(array.surroundingsAreUntouched, sourceLocation: sourceLocation)
    }
  }

  @Test("gradient descent", arguments: counts)
  func sgd(count: Int) {
    let problem = Problem(count, seed: 91)
    let w = array(problem.start)
    var expected = problem.start.map(Rounded.init)
    for gradient in problem.gradients {
      maru_sgd(w.view.baseAddress, gradient, count, 0.1)
      for i in 0..<count { expected[i] = expected[i] - Rounded(0.1) * Rounded(gradient[i]) }
      check([w], are: [expected], problem.random)
    }
  }

  @Test("momentum, Nesterov's and the plain", arguments: counts, [false, true])
  func momentum(count: Int, nesterov: Bool) {
    let problem = Problem(count, seed: 92)
    let (rate, mu) = (Rounded(0.05), Rounded(0.9))
    let (w, v) = (array(problem.start), array(Array(repeating: 0, count: count)))
    var expected = problem.start.map(Rounded.init)
    var velocity = expected.map { _ in Rounded(0) }
    for gradient in problem.gradients {
      maru_sgd_momentum(
        w.view.baseAddress, gradient, v.view.baseAddress, count, 0.05, 0.9, nesterov ? 1 : 0)
      for i in 0..<count {
        let step = rate * Rounded(gradient[i])
        velocity[i] = mu * velocity[i] - step
        expected[i] = expected[i] + (nesterov ? mu * velocity[i] - step : velocity[i])
      }
      check([w, v], are: [expected, velocity], problem.random)
    }
  }

  @Test("RMSprop", arguments: counts)
  func rmsprop(count: Int) {
    let problem = Problem(count, seed: 93)
    let (rate, rho, epsilon) = (Rounded(0.01), Rounded(0.9), Rounded(1e-3))
    let (w, s) = (array(problem.start), array(Array(repeating: 0, count: count)))
    var expected = problem.start.map(Rounded.init)
    var squares = expected.map { _ in Rounded(0) }
    for gradient in problem.gradients {
      maru_rmsprop(w.view.baseAddress, gradient, s.view.baseAddress, count, 0.01, 0.9, 1e-3)
      for i in 0..<count {
        let g = Rounded(gradient[i])
        squares[i] = rho * squares[i] + (Rounded(1) - rho) * g * g
        expected[i] = expected[i] - rate * g / (squares[i] + epsilon).squareRoot()
      }
      check([w, s], are: [expected, squares], problem.random)
    }
  }

  @Test("Adam, with and without decay", arguments: counts, [0, 0.01] as [Float])
  func adam(count: Int, decay: Float) {
    let problem = Problem(count, seed: 94)
    let (rate, beta1, beta2) = (Rounded(0.01), Rounded(0.9), Rounded(0.999))
    let zeros = Array(repeating: Float(0), count: count)
    let (w, m, v) = (array(problem.start), array(zeros), array(zeros))
    var expected = problem.start.map(Rounded.init)
    var (mean, square) = (zeros.map(Rounded.init), zeros.map(Rounded.init))
    for gradient in problem.gradients {
      maru_adam(
        w.view.baseAddress, gradient, m.view.baseAddress, v.view.baseAddress, count, 0.01, 0.9,
        0.999, 1e-4, decay)
      for i in 0..<count {
        let g = Rounded(gradient[i])
        mean[i] = mean[i] + (Rounded(1) - beta1) * (g - mean[i])
        square[i] = square[i] + (Rounded(1) - beta2) * (g * g - square[i])
        let step = rate * mean[i] / (square[i].squareRoot() + Rounded(1e-4))
        expected[i] = (Rounded(1) - Rounded(decay)) * expected[i] - step
      }
      check([w, m, v], are: [expected, mean, square], problem.random)
    }
  }

  @Test("an update of the whole is the updates of its parts, bit by bit")
  func ranges() {
    let problem = Problem(101, seed: 95)
    let zeros = Array(repeating: Float(0), count: 101)
    func run(_ ranges: [Range<Int>]) -> [Float] {
      let (w, m, v) = (array(problem.start), array(zeros), array(zeros))
      for gradient in problem.gradients {
        for range in ranges {
          let start = range.lowerBound
          gradient.withUnsafeBufferPointer { gradient in
            maru_adam(
              w.view.baseAddress + start, gradient.baseAddress! + start,
              m.view.baseAddress + start, v.view.baseAddress + start, range.count, 0.01, 0.9,
              0.999, 1e-7, 0.01)
          }
        }
      }
      return w.elements
    }
    expect(
      run([0..<16, 16..<53, 53..<101]), sameBitsAs: run([0..<101]), "\(problem.random)")
  }
}
