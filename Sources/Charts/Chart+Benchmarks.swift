import Foundation
import Text
import Training

extension Chart {
  /// The speed of one routine at several sizes.
  public struct Throughput: Sendable {
    /// What the routine is called.
    public let name: String
    /// The highest speed that the processor reaches, in GFLOP/s.
    public let peak: Double
    /// Sizes n of n×n matrices, each with its speed in GFLOP/s.
    public let speeds: [(size: Int, gigaflops: Double)]

    /// Creates the speeds of one routine; those that are not finite are left out of the picture.
    ///
    /// A size below 1 traps.
    public init(name: String, peak: Double, speeds: [(size: Int, gigaflops: Double)]) {
      require(
        speeds.allSatisfy { $0.size > 0 },
        "Chart: expected sizes of at least 1, got \(speeds.map(\.size))")
      (self.name, self.peak) = (name, peak)
      self.speeds = speeds.sorted { $0.size < $1.size }
    }
  }

  /// The speed of matrix products against their size, with a line at each routine's measured peak.
  /// - Parameters:
  ///   - series: the routines
  ///   - title: what stands above
  public static func throughput(
    of series: [Throughput], title: String = "Products of n×n matrices"
  ) -> Chart {
    var script = Script(width: 720, height: 480)
    script.title(title)
    script.axes(
      x: "size n of the matrices", y: "GFLOP/s", left: 76, top: 76, right: 700, bottom: 424)
    let sizes = Set(series.flatMap { $0.speeds.map(\.size) }).sorted()
    // An axis of speeds that are all zero has a range too.
    let highest =
      series.flatMap { [$0.peak] + $0.speeds.map(\.gigaflops) }
      .filter { $0.isFinite && $0 > 0 }.max() ?? 1
    script.add("set logscale x 2")
    let (first, last) = (Double(sizes.first ?? 1), Double(sizes.last ?? 1))
    script.add("set xrange [\(first / 1.1):\(last * 1.1)]; set yrange [0:\(highest * 1.12)]")
    script.add("set xtics (\(ticks(sizes).map { "'\($0)' \($0)" }.joined(separator: ", ")))")
    var parts: [String] = []
    var entries: [(name: String, style: LineStyle)] = []
    for (index, routine) in series.enumerated() {
      let style = LineStyle(run: index)
      entries.append((routine.name, style))
      entries.append(("its peak: \(routine.peak.fixed(1)) GFLOP/s", style.dashed(marked: false)))
      script.data("speeds\(index)", routine.speeds.map { [Double($0.size), $0.gigaflops] })
      script.data("peak\(index)", [first / 1.1, last * 1.1].map { [$0, routine.peak] })
      parts.append("$speeds\(index) using 1:2 \(style.commands(count: 1)) notitle")
      parts.append(
        "$peak\(index) using 1:2 \(style.dashed(marked: false).commands(count: 1)) notitle")
    }
    script.legend(entries, right: 700, y: 52)
    script.plot(parts)
    return script.chart(title)
  }

  /// The sizes that get a mark: those that stand apart from the one before.
  private static func ticks(_ sizes: [Int]) -> [Int] {
    let span = log2Ratio(sizes.last, by: sizes.first)
    return sizes.reduce(into: []) { kept, size in
      if kept.isEmpty || log2Ratio(size, by: kept.last) >= span / 14 { kept.append(size) }
    }
  }

  private static func log2Ratio(_ size: Int?, by other: Int?) -> Double {
    guard let size, let other else { return 0 }
    return log2(Double(size) / Double(other))
  }

  /// The speed of one way of training.
  public struct TrainingSpeed: Sendable {
    /// What was trained; bars of the same workload stand together, on one scale.
    public let workload: String
    /// What trained it.
    public let name: String
    /// Whether it is the plain loops that others are measured by.
    public let isNaive: Bool
    /// The samples trained on in a second.
    public let samplesPerSecond: Double

    /// Creates a bar; traps unless the speed is from 0 to below 10¹⁵.
    public init(workload: String, name: String, isNaive: Bool, samplesPerSecond: Double) {
      require(
        0..<1e15 ~= samplesPerSecond,
        "Chart: expected a speed from 0 to below 1e15, got \(samplesPerSecond)")
      (self.workload, self.name) = (workload, name)
      (self.isNaive, self.samplesPerSecond) = (isNaive, samplesPerSecond)
    }
  }

  /// Training throughput as bars, plain loops beside BLAS, each workload on a scale of its own from
  /// zero.
  /// - Parameters:
  ///   - speeds: the bars, in their order
  ///   - title: what stands above
  public static func training(
    _ speeds: [TrainingSpeed], title: String = "Training throughput in samples per second"
  ) -> Chart {
    let workloads = speeds.map(\.workload)
      .reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
    let (left, barWidth, thickness) = (190.0, 360.0, 22.0)
    let height = 60.0 + 34 * Double(workloads.count) + 28 * Double(speeds.count)
    var script = Script(width: 720, height: Int(height))
    script.usePixels()
    script.title(title)
    var y = 52.0
    var bars: [(value: Double, share: Double, top: Double, color: String)] = []
    for workload in workloads {
      let group = speeds.filter { $0.workload == workload }
      let highest = max(group.map(\.samplesPerSecond).max() ?? 1, .leastNormalMagnitude)
      let naive = group.first { $0.isNaive && $0.samplesPerSecond > 0 }?.samplesPerSecond
      script.label(workload, x: left, y: y + 14, size: 13, limit: 500)
      y += 28
      for speed in group {
        let share = speed.samplesPerSecond / highest
        let color = speed.isNaive ? Palette.runs[4] : Palette.runs[0]
        bars.append((speed.samplesPerSecond, share, y, color))
        script.label(
          speed.name, x: left - 10, y: y + thickness / 2, .right, size: 12, limit: left - 20)
        let ratio = speed.isNaive ? nil : naive.map { speed.samplesPerSecond / $0 }
        script.label(
          Int(speed.samplesPerSecond).grouped + (ratio.map { " (\($0.fixed(1))×)" } ?? ""),
          x: left + share * barWidth + 8, y: y + thickness / 2, size: 12)
        y += 28
      }
      y += 6
    }
    script.plot([script.lyingBars("speeds", bars, x: left, width: barWidth, thickness: thickness)])
    return script.chart(title)
  }
}
