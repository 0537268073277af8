import Tensors

/// Handwritten-looking digits drawn by a program, for machines that have no data set at hand.
///
/// They have the form of MNIST (28×28 pixels, ten classes, 60,000 images to train and 10,000 to
/// test) and about its difficulty. Each image comes from its own random numbers, so the bytes are
/// the same in every run, on every machine, and for any number of threads.
public enum GeneratedDigits {
  /// The shape of one image.
  public static let shape: Shape = [28, 28]
  /// The number of images to train with.
  public static let trainCount = 60_000
  /// The number of images to test with.
  public static let testCount = 10_000

  private static let seed: UInt64 = 0x6D61_7275

  /// Draws the data set, in half a second or so, for which it blocks the thread that calls it.
  public static func dataset() -> Dataset {
    let all = images(0..<trainCount + testCount)
    return Dataset(
      name: "digits", classNames: (0...9).map(String.init), train: all[0..<trainCount],
      test: all[trainCount..<all.count])
  }

  /// Draws the images of a range of indices, and gives the digit of each.
  ///
  /// Any index from 0 on has its image; the data set takes the first 60,000 to train and the next
  /// 10,000 to test.
  public static func images(_ range: Range<Int>) -> LabelledImages { images(range, parts: 64) }

  /// Draws the images in `parts` parts, each on whatever thread is free; many more parts than there
  /// are threads, so that a slow one delays little.
  package static func images(_ range: Range<Int>, parts: Int) -> LabelledImages {
    require(
      range.lowerBound >= 0, "GeneratedDigits: expected indices from 0, got \(range)")
    let size = shape.count
    var labels = [Int](repeating: 0, count: range.count)
    let pixels = [UInt8](unsafeUninitializedCapacity: range.count * size) { pixels, count in
      labels.withUnsafeMutableBufferPointer { labels in
        draw(range, Canvas(pixels: pixels, labels: labels), parts)
      }
      count = range.count * size
    }
    return LabelledImages(images: Images(pixels: pixels, shape: shape), labels: labels)
  }

  /// Where the threads write: each to its own images and labels.
  private struct Canvas: @unchecked Sendable {
    let pixels: UnsafeMutableBufferPointer<UInt8>
    let labels: UnsafeMutableBufferPointer<Int>
  }

  private static func draw(_ range: Range<Int>, _ canvas: Canvas, _ parts: Int) {
    Threads.forEach(parts) { part in
      var writer = DigitWriter()
      for index in range.count * part / parts..<range.count * (part + 1) / parts {
        var random = RandomGenerator(
          seed: seed &+ UInt64(range.lowerBound + index), for: .data)
        let digit = Int(random.next() >> 32) % 10
        canvas.labels[index] = digit
        let image = index * shape.count..<(index + 1) * shape.count
        writer.write(
          digit, with: random, into: UnsafeMutableBufferPointer(rebasing: canvas.pixels[image]))
      }
    }
  }
}
