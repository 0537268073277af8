import CKernels
import Layers

/// The algorithm of ``LBFGS`` over any function, in buffers that it allocates at the start.
///
/// Vectors are single precision, inner products are added up in double precision.
package final class LBFGSSolver {
  /// A function of many variables.
  package struct Objective {
    /// The variables x, all elements of a buffer, which the solver changes.
    let point: AlignedBuffer
    /// Where ``evaluate`` writes ∇f(x).
    let gradient: AlignedBuffer
    /// Gives f(x).
    let evaluate: () -> Double

    package init(
      point: AlignedBuffer, gradient: AlignedBuffer, evaluate: @escaping () -> Double
    ) {
      self.point = point
      self.gradient = gradient
      self.evaluate = evaluate
    }
  }

  package enum Outcome: Equatable {
    /// The point is a better one.
    case advanced
    /// The point is a better one, and the gradient is as small as was asked for.
    case converged
    /// No better point is found any more.
    case stalled
    /// The function or its gradient is not finite at the start.
    case notFinite
  }

  /// A change of x and of the gradient: s and y.
  private struct Pair {
    let s, y: AlignedBuffer
    /// 1 / sᵀy
    var rho = 0.0
    /// sᵀy / yᵀy
    var scale = 0.0
  }

  private let objective: Objective
  private let tolerance: Double
  private var count: Int { objective.point.count }
  private let direction: AlignedBuffer
  /// A ring of one more than are remembered: the spare one keeps where an iteration began.
  private var pairs: [Pair]
  private var spare = 0
  /// How many of those before the spare one are remembered.
  private var remembered = 0
  private var weights: [Double]
  /// The least f and ‖∇f‖ when last one of them became less by more than rounding, and the iterations
  /// since.
  private var (leastValue, leastNorm, idle) = (0.0, 0.0, 0)
  /// Where rounding hides what is lower, points change for ever without getting better.
  private static let mostIdle = 20

  /// f at the point; nil before the first evaluation.
  package private(set) var value: Double?
  /// ‖∇f‖ at the point, and at the first.
  package private(set) var (norm, firstNorm) = (0.0, 0.0)
  /// How often the function was evaluated.
  package private(set) var evaluations = 0

  package init(_ objective: Objective, memory: Int, tolerance: Double) {
    self.objective = objective
    self.tolerance = tolerance
    let count = objective.point.count
    direction = AlignedBuffer(zeros: count)
    pairs = (0...memory).map { _ in
      Pair(s: AlignedBuffer(zeros: count), y: AlignedBuffer(zeros: count))
    }
    weights = Array(repeating: 0, count: memory + 1)
  }

  /// How many buffers as large as the point it takes, without the objective's two.
  static func arenas(memory: Int) -> Int { 2 * (memory + 1) + 1 }

  /// The part of the first gradient's norm that is left.
  var remaining: Double { norm / firstNorm }

  /// Goes to a better point.
  package func iterate() -> Outcome {
    if value == nil {
      evaluate()
      firstNorm = norm
      (leastValue, leastNorm) = (value ?? .nan, norm)
      guard isFinite else { return .notFinite }
      if isConverged { return .converged }
    }
    pairs[spare].s.floats.update(from: objective.point.floats, count: count)
    pairs[spare].y.floats.update(from: objective.gradient.floats, count: count)
    while true {
      if search() {
        remember()
        if isConverged { return .converged }
        return isIdle() ? .stalled : .advanced
      }
      objective.point.floats.update(from: pairs[spare].s.floats, count: count)
      evaluate()
      if remembered == 0 { return .stalled }
      // A direction from changes that rounding has spoiled; the gradient's own is left to try.
      remembered = 0
    }
  }

  /// All that is remembered of earlier iterations: the gradient, then pairs s and y, oldest first.
  package var memory: CallbackMemory? {
    guard let value else { return nil }
    let kept = (0..<remembered).reversed().map { pairs[index(ofAge: $0)] }
    let buffers = [objective.gradient] + kept.flatMap { [$0.s, $0.y] }
    return CallbackMemory(
      numbers: [
        "value": value, "norm": norm, "first_norm": firstNorm, "evaluations": Double(evaluations),
        "least_value": leastValue, "least_norm": leastNorm, "idle": Double(idle),
      ],
      tensors: buffers.map {
        Tensor(UnsafeBufferPointer(start: $0.floats, count: count), shape: [count])
      })
  }

  /// Goes on from a ``memory``, the point being what it was; false where it is none for this solver.
  package func resume(_ memory: CallbackMemory) -> Bool {
    let (numbers, tensors) = (memory.numbers, memory.tensors)
    guard let value = numbers["value"], let norm = numbers["norm"],
      let first = numbers["first_norm"], let evaluations = memory.count("evaluations"),
      let leastValue = numbers["least_value"], let leastNorm = numbers["least_norm"],
      let idle = memory.count("idle"), idle < Self.mostIdle,
      value.isFinite, norm.isFinite, norm >= 0, first.isFinite, first >= 0,
      leastValue.isFinite, leastNorm.isFinite, leastNorm >= 0,
      tensors.count % 2 == 1, tensors.count / 2 < pairs.count,
      tensors.allSatisfy({ $0.shape == [count] })
    else { return false }
    (self.value, self.norm, firstNorm) = (value, norm, first)
    self.evaluations = evaluations
    (self.leastValue, self.leastNorm, self.idle) = (leastValue, leastNorm, idle)
    copy(tensors[0], to: objective.gradient)
    (spare, remembered) = (0, 0)
    for index in stride(from: 1, to: tensors.count, by: 2) {
      copy(tensors[index], to: pairs[spare].s)
      copy(tensors[index + 1], to: pairs[spare].y)
      keep()
    }
    return true
  }

  private func copy(_ tensor: Tensor, to buffer: AlignedBuffer) {
    tensor.withUnsafeBufferPointer { buffer.floats.update(from: $0.baseAddress!, count: count) }
  }

  private func index(ofAge age: Int) -> Int { (spare - 1 - age + pairs.count) % pairs.count }

  /// Whether many iterations, with the last one, have made nothing less.
  private func isIdle() -> Bool {
    let value = value ?? .nan
    if value < leastValue - rounding || norm < leastNorm {
      (leastValue, leastNorm, idle) = (min(value, leastValue), min(norm, leastNorm), 0)
    } else {
      idle += 1
    }
    return idle == Self.mostIdle
  }

  /// Losses of samples are computed in single precision, so their mean is known no better.
  private var rounding: Double { Double(Float.ulpOfOne) * abs(value ?? .nan) }

  private var isConverged: Bool { norm <= tolerance * firstNorm }
  private var isFinite: Bool { (value ?? .nan).isFinite && norm.isFinite }

  private func evaluate() {
    value = objective.evaluate()
    evaluations += 1
    let gradient = objective.gradient.floats
    norm = dot(gradient, gradient, count: count).squareRoot()
  }

  /// Goes along the direction from the beginning that the spare pair keeps; whether that led to a
  /// better point.
  private func search() -> Bool {
    var slope = findDirection()
    if !(slope < 0) {
      remembered = 0
      slope = findDirection()
    }
    let begin = pairs[spare].s.floats
    let start = WolfeSearch.Point(step: 0, value: value ?? .nan, slope: slope)
    var last = 0.0
    let point = { [self] (step: Double) in
      let x = objective.point.floats
      x.update(from: begin, count: count)
      axpy(Float(step), direction.floats, into: x, count: count)
      evaluate()
      last = step
      return WolfeSearch.Point(
        step: step, value: value ?? .nan,
        slope: dot(direction.floats, objective.gradient.floats, count: count))
    }
    var search = WolfeSearch(from: start, rounding: rounding, evaluate: point)
    // A step of length 1 or shorter at first, when nothing is known of the curvature.
    guard let end = search.run(firstStep: remembered == 0 ? min(1, 1 / norm) : 1) else {
      return false
    }
    if end.step != last { _ = point(end.step) }
    return true
  }

  /// `p = −H·g` by the two loops of algorithm 7.4; returns `pᵀg`.
  private func findDirection() -> Double {
    let (p, g) = (direction.floats, objective.gradient.floats)
    p.update(from: g, count: count)
    scal(-1, p, count: count)
    let newestFirst = (0..<remembered).lazy.map { [self] age in index(ofAge: age) }
    for index in newestFirst {
      let pair = pairs[index]
      weights[index] = pair.rho * dot(pair.s.floats, p, count: count)
      axpy(Float(-weights[index]), pair.y.floats, into: p, count: count)
    }
    if let newest = newestFirst.first { scal(Float(pairs[newest].scale), p, count: count) }
    for index in newestFirst.reversed() {
      let pair = pairs[index]
      let weight = weights[index] - pair.rho * dot(pair.y.floats, p, count: count)
      axpy(Float(weight), pair.s.floats, into: p, count: count)
    }
    return dot(p, g, count: count)
  }

  /// Keeps the change that the iteration made.
  private func remember() {
    let (s, y) = (pairs[spare].s.floats, pairs[spare].y.floats)
    maru_subtract(objective.point.floats, s, s, count)
    maru_subtract(objective.gradient.floats, y, y, count)
    keep()
  }

  /// Takes the spare pair among those remembered, unless its curvature sᵀy is not above what rounding
  /// may have made of 0: H would not be positive definite.
  private func keep() {
    let (s, y) = (pairs[spare].s.floats, pairs[spare].y.floats)
    let (sy, ss, yy) = (
      dot(s, y, count: count), dot(s, s, count: count), dot(y, y, count: count)
    )
    guard sy > Double(Float.ulpOfOne) * (ss * yy).squareRoot() else { return }
    pairs[spare].rho = 1 / sy
    pairs[spare].scale = sy / yy
    spare = (spare + 1) % pairs.count
    remembered = min(remembered + 1, pairs.count - 1)
  }
}
