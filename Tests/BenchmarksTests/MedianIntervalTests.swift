import Testing
import benchmarks

/// The interval of a median by order statistics.
struct MedianIntervalTests {
  /// Ranks from tables of the sign test at 95 %.
  @Test(arguments: [(5, nil), (6, 1...6), (8, 1...8), (9, 2...8), (10, 2...9), (20, 6...15)])
  func ranksAreThoseOfTheSignTest(_ count: Int, _ ranks: ClosedRange<Double>?) {
    #expect((1...count).map(Double.init).reversed().medianInterval == ranks)
  }
}
