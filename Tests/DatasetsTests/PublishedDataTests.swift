import Datasets
import Foundation
import Testing

/// Whether a set can be loaded here, without reading it.
private func isPresent(_ name: String) -> Bool {
  Dataset.list().contains {
    guard $0.name == name, case .folder = $0.location else { return false }
    return true
  }
}

/// The real files.
///
/// The expected numbers were computed from the same files by a few lines of Python
/// (gzip, hashlib, list.count), which share no code with the reader.
struct PublishedDataTests {
  @Test(.enabled(if: isPresent("mnist"), "needs MNIST: set MARU_DATA to the folder above mnist/"))
  func mnistIsReadToTheByte() throws {
    let mnist = try Dataset.load(.mnist)
    #expect(mnist.train.images.shape == [28, 28])
    #expect(Array(mnist.train.labels.prefix(10)) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    #expect(mnist.test.labels.suffix(3) == [4, 5, 6])
    #expect(
      counts(mnist.train.labels) == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(
      counts(mnist.test.labels) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    #expect(
      row(5, of: mnist.train.images[0], from: 12) == [
        3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127, 0, 0, 0, 0,
      ])
    #expect(
      sha256(mnist.train.images.pixels)
        == "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757")
    #expect(
      sha256(mnist.test.images.pixels)
        == "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161")
  }

  @Test(
    .enabled(
      if: isPresent("fashion-mnist"),
      "needs Fashion-MNIST: install Debian's package dataset-fashion-mnist, or set MARU_DATA"))
  func fashionMNISTIsReadToTheByte() throws {
    let fashion = try Dataset.load(.fashionMNIST)
    #expect(Array(fashion.train.labels.prefix(10)) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
    #expect(fashion.classNames[fashion.train.labels[0]] == "Ankle boot")
    #expect(counts(fashion.train.labels) == [Int](repeating: 6000, count: 10))
    #expect(counts(fashion.test.labels) == [Int](repeating: 1000, count: 10))
    #expect(
      row(5, of: fashion.train.images[0], from: 12) == [
        6, 0, 102, 204, 176, 134, 144, 123, 23, 0, 0, 0, 0, 12, 10, 0,
      ])
    #expect(
      sha256(fashion.train.images.pixels)
        == "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012")
    #expect(
      sha256(fashion.test.images.pixels)
        == "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a")
  }

  @Test(
    .enabled(
      if: isPresent("fashion-mnist"),
      "needs Fashion-MNIST: install Debian's package dataset-fashion-mnist, or set MARU_DATA"))
  func oneSetIsNotTakenForAnother() throws {
    let list = Dataset.list()
    guard case .folder(let folder, _)? = list.first(where: { $0.name == "fashion-mnist" })?.location
    else {
      Issue.record("Fashion-MNIST vanished")
      return
    }
    let error = #expect(throws: DatasetError.self) {
      try Dataset.load(.mnist, dataDirectory: folder)
    }
    #expect(error?.kind == .malformed)
    #expect(
      error?.problem == "expected the labels of mnist, found those of fashion-mnist")
  }

  /// Files that are right are recognised as such: with all four in place, no mirror is needed.
  @Test(
    .enabled(if: isPresent("mnist"), "needs MNIST: set MARU_DATA to the folder above mnist/"),
    .enabled(
      if: isPresent("fashion-mnist"),
      "needs Fashion-MNIST: install Debian's package dataset-fashion-mnist, or set MARU_DATA"))
  func filesHaveTheKnownHashes() async throws {
    for dataset in PublishedDataset.all {
      let location = Dataset.list().first { $0.name == dataset.name }?.location
      guard case .folder(let folder, _)? = location else { continue }
      let directory = URL(fileURLWithPath: folder).deletingLastPathComponent().path
      let fetcher = DatasetFetcher(mirrors: [])
      #expect(try await fetcher.fetch(dataset, into: directory) == folder)
    }
  }

  private func counts(_ labels: [Int]) -> [Int] {
    labels.reduce(into: [Int](repeating: 0, count: 10)) { $0[$1] += 1 }
  }

  private func row(_ row: Int, of image: ArraySlice<UInt8>, from column: Int) -> [UInt8] {
    Array(image.dropFirst(row * 28 + column).prefix(28 - column))
  }
}
