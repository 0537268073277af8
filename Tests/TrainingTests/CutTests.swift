import Testing
import Training

@Suite struct CutTests {
  @Test func rangesFollowEachOtherAndCoverAll() {
    for total in [0, 1, 5, 15, 16, 17, 64, 100, 784] {
      for axis in [Axis.samples, .units] {
        for parts in 1...7 {
          for isStolen in [false, true] {
            let cut = Cut(
              axis: axis, total: axis == .samples ? 0 : total, parts: parts, isStolen: isStolen,
              isBlocks: false)
            let ranges = (0..<cut.count).map { cut.range($0, samples: total) }
            #expect(ranges[0].lowerBound == 0 && ranges[cut.count - 1].upperBound == total)
            for (range, next) in zip(ranges, ranges.dropFirst()) {
              #expect(range.upperBound == next.lowerBound)
              // No two parts write to one cache line of a row.
              let granule = axis == .samples ? 1 : 16
              #expect(range.upperBound % granule == 0 || range.upperBound == total)
            }
          }
        }
      }
    }
  }

  @Test func partsAreEvenButForACacheLine() {
    let cut = Cut(axis: .units, total: 784, parts: 5, isStolen: false, isBlocks: false)
    #expect((0..<5).map { cut.range($0, samples: 3).count } == [144, 160, 160, 160, 160])
    let stolen = Cut(axis: .units, total: 640, parts: 2, isStolen: true, isBlocks: false)
    #expect((0..<6).map { stolen.range($0, samples: 3).count } == [160, 80, 80, 160, 80, 80])
  }
}
