import Charts
import Testing

struct BenchmarkTests {
  @Test func speedIsDrawnAgainstSizeWithThePeak() throws {
    let chart = Chart.throughput(of: [
      .init(name: "sgemm", peak: 200, speeds: [(512, 150.5), (64, 100), (128, 120)]),
      .init(name: "dgemm", peak: 100, speeds: [(64, 50)]),
    ])
    #expect(chart.data["speeds0"] == [[64, 100], [128, 120], [512, 150.5]])
    #expect(chart.data["speeds1"] == [[64, 50]])
    #expect(chart.data["peak0"]?.map { $0[1] } == [200, 200])
    #expect(chart.data["peak1"]?.map { $0[1] } == [100, 100])
    let svg = try expectWhole(chart)
    let texts = [
      "GFLOP/s", "size n of the matrices", "sgemm", "its peak: 200.0 GFLOP/s", "64", "512",
    ]
    #expect(texts.filter { !svg.texts.contains($0) } == [])
  }

  @Test func oneSizeOrNoneIsDrawn() throws {
    try expectWhole(.throughput(of: [.init(name: "sgemm", peak: 1, speeds: [(1, 1)])]))
    try expectWhole(.throughput(of: []))
  }

  @Test func speedsOfZeroOrWithoutNumbersAreDrawn() throws {
    for speed in [0, .nan, .infinity] {
      let chart = Chart.throughput(of: [.init(name: "a", peak: speed, speeds: [(8, speed)])])
      #expect(chart.script.contains("set yrange [0:1.12"))
      try expectWhole(chart)
    }
    let bars = [true, false].map {
      Chart.TrainingSpeed(workload: "a", name: "b", isNaive: $0, samplesPerSecond: 0)
    }
    #expect(try expectWhole(.training(bars)).texts.count { $0 == "0" } == 2)
  }

  @Test func everyWorkloadHasItsScale() throws {
    let chart = Chart.training([
      .init(workload: "a", name: "naive", isNaive: true, samplesPerSecond: 1000),
      .init(workload: "a", name: "BLAS, 2 threads", isNaive: false, samplesPerSecond: 16_000),
      .init(workload: "b", name: "BLAS, 2 threads", isNaive: false, samplesPerSecond: 50),
    ])
    #expect(chart.data["speeds"]?.map { $0[0] } == [1000, 16_000, 50])
    #expect(chart.data["speeds"]?.map { $0[1] } == [0.0625, 1, 1])
    let texts = try expectWhole(chart).texts
    #expect(texts.contains("1,000") && texts.contains("16,000 (16.0×)") && texts.contains("50"))
    try expectWhole(.training([]))
  }
}
