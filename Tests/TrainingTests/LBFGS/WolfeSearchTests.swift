import Testing
import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The search finds steps that meet the strong Wolfe conditions, or says that there are none.
@Suite struct WolfeSearchTests {
  /// A function of one variable with its derivative.
  struct Line: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let at: @Sendable (Double) -> (value: Double, slope: Double)
  }

  /// Functions 1 to 3 of Moré and Thuente 1994, *Line search algorithms with guaranteed sufficient
  /// decrease*: one with a minimum and an inflection behind it, one that is nearly flat at the
  /// start, one with many local minima.
  static let lines = [
    Line(testDescription: "rational") { a in
      (-a / (a * a + 2), (a * a - 2) / ((a * a + 2) * (a * a + 2)))
    },
    Line(testDescription: "polynomial") { a in
      let x = a + 0.004
      return (pow(x, 5) - 2 * pow(x, 4), 5 * pow(x, 4) - 8 * pow(x, 3))
    },
    Line(testDescription: "sines") { a in
      let (beta, l) = (0.01, 39.0)
      let near = abs(a - 1) < beta
      let base = near ? (a - 1) * (a - 1) / (2 * beta) + beta / 2 : abs(a - 1)
      let slope = near ? (a - 1) / beta : (a < 1 ? -1 : 1)
      return (
        base + 2 * (1 - beta) / (l * .pi) * sin(l * .pi / 2 * a),
        slope + (1 - beta) * cos(l * .pi / 2 * a)
      )
    },
  ]

  @Test(arguments: lines, [1e-3, 1e-1, 1, 10, 1e3])
  func theStepMeetsBothConditions(_ line: Line, firstStep: Double) throws {
    let (start, end, evaluations) = search(line, firstStep: firstStep)
    let point = try #require(end)
    let exact = line.at(point.step)
    #expect(point.value == exact.value && point.slope == exact.slope)
    #expect(point.step > 0)
    #expect(point.value <= start.value + 1e-4 * point.step * start.slope)
    #expect(abs(point.slope) <= 0.9 * abs(start.slope))
    #expect(evaluations < WolfeSearch.mostEvaluations)
  }

  @Test func aGoodFirstStepIsTheOnlyOne() throws {
    let (_, end, evaluations) = search(
      Line(testDescription: "parabola") { (($0 - 1) * ($0 - 1), 2 * ($0 - 1)) }, firstStep: 1)
    #expect(end?.step == 1 && evaluations == 1)
  }

  /// −a − log(1 − a/2), defined below 2; its minimum is at 1.
  @Test(arguments: [Double.nan, .infinity, -.infinity], [2.0, 50, 1e12])
  func whatIsNotFiniteIsTooFar(beyond: Double, firstStep: Double) throws {
    let line = Line(testDescription: "barrier") { a in
      a < 2 ? (-a / 2 - log(1 - a / 2) / 2, -0.5 + 0.5 / (2 - a)) : (beyond, beyond)
    }
    let (start, end, _) = search(line, firstStep: firstStep)
    let point = try #require(end)
    #expect(point.step > 0 && point.step < 2)
    #expect(point.value <= start.value + 1e-4 * point.step * start.slope)
    #expect(abs(point.slope) <= 0.9 * abs(start.slope))
  }

  @Test func aSlopeThatIsNotFiniteIsTooFar() throws {
    let line = Line(testDescription: "slope") { a in
      ((a - 1) * (a - 1), a <= 1.5 ? 2 * (a - 1) : .nan)
    }
    let point = try #require(search(line, firstStep: 1.9).end)
    #expect(point.slope.isFinite && abs(point.slope) <= 1.8)
  }

  /// Near a minimum single precision gives one value everywhere; slopes are known yet.
  @Test(arguments: [1e-2, 1, 30])
  func valuesWithinRoundingLeaveItToTheSlopes(firstStep: Double) throws {
    let line = Line(testDescription: "level") { a in
      (Double(Float(3 + 1e-9 * (a - 1) * (a - 1))), 2e-9 * (a - 1))
    }
    let point = try #require(search(line, firstStep: firstStep, rounding: 3e-7).end)
    #expect(abs(point.slope) <= 0.9 * 2e-9)
  }

  @Test func aLineThatOnlyRisesHasNoStep() {
    let (_, end, evaluations) = search(
      Line(testDescription: "rising") { a in (a, -1) }, firstStep: 1)
    #expect(end == nil)
    #expect(evaluations == WolfeSearch.mostEvaluations)
  }

  /// The most that can be had of a line without a minimum is a lower point.
  @Test func aLineThatOnlyFallsGivesItsLowestPoint() throws {
    let (_, end, evaluations) = search(
      Line(testDescription: "falling") { a in (-a, -1) }, firstStep: 1)
    let point = try #require(end)
    #expect(point.value < -1e6 && evaluations == WolfeSearch.mostEvaluations)
  }

  private func search(_ line: Line, firstStep: Double, rounding: Double = 0) -> (
    start: WolfeSearch.Point, end: WolfeSearch.Point?, evaluations: Int
  ) {
    let point = { (step: Double) in
      let (value, slope) = line.at(step)
      return WolfeSearch.Point(step: step, value: value, slope: slope)
    }
    var search = WolfeSearch(from: point(0), rounding: rounding, evaluate: point)
    let end = search.run(firstStep: firstStep)
    return (point(0), end, search.evaluations)
  }
}
