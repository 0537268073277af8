import Datasets
import Testing
import TestSupport

/// Pixels are compared by their hash: a failing comparison of whole blocks would take minutes to tell
/// their differences.
struct GeneratedDigitsTests {
  /// The bytes must never change by accident: runs on them are compared from version to version.
  ///
  /// The numbers are what the generator gave when its digits were last looked at and trained on
  /// (x86-64, Swift 6.3). It uses nothing whose last bit may differ between machines, so they hold
  /// everywhere.
  @Test func bytesAreTheKnownOnes() {
    let dataset = GeneratedDigits.dataset()
    #expect(dataset.train.count == 60_000)
    #expect(dataset.test.count == 10_000)
    #expect(dataset.train.images.shape == [28, 28])
    #expect(dataset.classNames == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    #expect(
      sha256(dataset.train.images.pixels)
        == "372b520b3eb1aee094019751c28003ebec6cef0ed5233f36a640298de48ff7e1")
    #expect(
      sha256(dataset.test.images.pixels)
        == "58aa6ac8ae25c1aa4972543f8553cb46bcf62b8de316907b4c6b3b5cf00cd5ac")
    let labels = (dataset.train.labels + dataset.test.labels).map { UInt8($0) }
    #expect(
      sha256(labels[...]) == "cd44dc312a08a2f6a3d29c08bf414caba7727b0588259530d1cd2273e083395e")
  }

  @Test(arguments: [1, 2, 3, 7, 300])
  func bytesDependOnNoDivisionOfTheWork(_ parts: Int) {
    let expected = GeneratedDigits.images(1000..<1250)
    let images = GeneratedDigits.images(1000..<1250, parts: parts)
    #expect(images.labels == expected.labels)
    #expect(sha256(images.images.pixels) == sha256(expected.images.pixels))
  }

  @Test func bytesDependOnNoThreadThatTheSystemGrants() async {
    await #expect(processExitsWith: .success) {
      let expected = GeneratedDigits.images(1000..<1250)
      Limits.refuseThreads()
      let images = GeneratedDigits.images(1000..<1250)
      #expect(images.labels == expected.labels)
      #expect(sha256(images.images.pixels) == sha256(expected.images.pixels))
    }
  }

  @Test func everyImageDependsOnItsIndexAlone() {
    let all = GeneratedDigits.images(0..<120)
    let some = GeneratedDigits.images(40..<90)
    #expect(some.labels == Array(all.labels[40..<90]))
    #expect(sha256(some.images.pixels) == sha256(all[40..<90].images.pixels))
    #expect(Set((0..<120).map { Array(all.images[$0]) }).count == 120)
  }

  @Test func inkIsDarkInsideAndAbsentAtTheEdge() {
    let images = GeneratedDigits.images(0..<2000).images
    for index in 0..<images.count {
      let pixels = Array(images[index])
      let edge = pixels[..<28] + pixels[756...]
      #expect(edge.allSatisfy { $0 == 0 }, "image \(index) touches the edge")
      #expect(pixels.max()! >= 150, "image \(index) is pale")
      let ink = pixels.reduce(0) { $0 + Int($1) }
      #expect((3_000...70_000).contains(ink), "image \(index) has \(ink) of ink")
    }
  }

  /// The mean image of each class tells most digits apart, and not all: were labels and images out
  /// of step, one in ten would be right.
  @Test func classesAreDistinctButNotTrivially() {
    let train = GeneratedDigits.images(0..<4000)
    let test = GeneratedDigits.images(60_000..<62_000)
    var means = [[Float]](repeating: [Float](repeating: 0, count: 784), count: 10)
    let counts = train.labels.reduce(into: [Float](repeating: 0, count: 10)) { $0[$1] += 1 }
    for (index, label) in train.labels.enumerated() {
      for (offset, pixel) in train.images[index].enumerated() {
        means[label][offset] += Float(pixel) / counts[label]
      }
    }
    var correct = 0
    for (index, label) in test.labels.enumerated() {
      let pixels = test.images[index].map { Float($0) }
      let distances = means.map { zip($0, pixels).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
      if distances.firstIndex(of: distances.min()!) == label { correct += 1 }
    }
    #expect((1400...1900).contains(correct))
    #expect(counts.allSatisfy { (320...480).contains($0) })
  }
}
