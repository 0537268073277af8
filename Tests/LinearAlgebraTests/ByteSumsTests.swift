import CKernels
import LinearAlgebra
import Testing

/// Samples kept as bytes, and the same as floats.
struct ByteSource: SampleSource {
  let pixels: [UInt8]
  let sampleCount: Int
  let sampleShape: Shape
  let scale: Float

  init(_ pixels: [UInt8], inputs: Int, scale: Float = 1) {
    (self.pixels, self.scale) = (pixels, scale)
    (sampleCount, sampleShape) = (pixels.count / inputs, [inputs])
  }

  /// Random bytes, of which half are 0 or 255.
  init(_ count: Int, _ inputs: Int, scale: Float = 1, seed: UInt64) {
    var generator = RandomGenerator(seed: seed)
    let pixels = (0..<count * inputs).map { _ in
      UInt8(clamping: Int.random(in: -128...383, using: &generator))
    }
    self.init(pixels, inputs: inputs, scale: scale)
  }

  var bytes: SampleBytes? { SampleBytes(pixels[...], scale: scale) }
  var floats: Tensor {
    Tensor(pixels.map { scale * Float($0) }, shape: [sampleCount, sampleShape.count])
  }

  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    floats.gather(indices, columns: columns, into: batch)
  }
}

@Suite(
  "sums of bytes",
  .enabled(if: maru_has_byte_products() != 0, "needs a processor with AVX-512 VNNI"))
struct ByteSumsTests {
  /// Expects `XᵀX` and the sums of the classes by the definition.
  ///
  /// The number of threads is the whole process's, so a test that sets it has one of its own.
  private static func check(_ source: ByteSource, _ indices: Range<Int>, threads: Int) {
    let d = source.sampleShape.count
    let labels = (0..<source.sampleCount).map { $0 * 7 % 3 }
    var products = [Int](repeating: 0, count: d * d)
    var classSums = [Int](repeating: 0, count: 3 * d)
    for index in indices {
      let sample = source.pixels[index * d..<(index + 1) * d].map { Int($0) }
      for row in 0..<d {
        classSums[labels[index] * d + row] += sample[row]
        for column in 0...row { products[row * d + column] += sample[row] * sample[column] }
      }
    }
    OpenBLAS.threads = threads
    let sums = RegressionSums(source, labels: labels, classes: 3, indices: indices)
    #expect(sums.count == indices.count)
    #expect(sums.products.elements == products.map { Double($0) })
    #expect(sums.targetProducts.elements == classSums.map { Double($0) })
  }

  @Test("widths around those of vectors and tiles")
  func widths() async {
    await #expect(processExitsWith: .success) {
      for inputs in [1, 2, 15, 16, 17, 47, 48, 49, 81] {
        Self.check(ByteSource(70, inputs, seed: UInt64(620 + inputs)), 0..<70, threads: 2)
      }
    }
  }

  @Test("counts around those of groups and blocks")
  func counts() async {
    await #expect(processExitsWith: .success) {
      for count in [0, 1, 3, 4, 5, 1023, 1025, 3100] {
        let source = ByteSource(count + 2, 19, seed: UInt64(700 + count))
        for threads in [1, 3] { Self.check(source, 1..<count + 1, threads: threads) }
      }
    }
  }

  @Test("the largest sums do not overflow")
  func largest() async {
    await #expect(processExitsWith: .success) {
      OpenBLAS.threads = 1
      for count in [65_536, 65_537, 140_000] {
        // Input 0 makes the largest sums, input 1 against it the least.
        let pixels = [[UInt8]](repeating: [255, 0, 1], count: count).flatMap { $0 }
        let sums = RegressionSums(
          ByteSource(pixels, inputs: 3), labels: [Int](repeating: 0, count: count), classes: 1)
        let n = Double(count)
        #expect(sums.products.elements == [65_025 * n, 0, 0, 0, 0, 0, 255 * n, 0, n])
        #expect(sums.targetProducts.elements == [255 * n, 0, n])
      }
    }
  }

  @Test("samples are those of the indices, in any order and more than once")
  func indices() throws {
    var generator = RandomGenerator(seed: 801)
    let source = ByteSource(90, 33, scale: 0.5, seed: 802)
    let indices = (0..<2500).map { _ in Int32.random(in: 0..<90, using: &generator) }
    let bytes = try SampleMoments(source, indices: indices)
    let floats = try SampleMoments(source.floats, indices: indices)
    #expect(bytes.count == 2500 && floats.count == 2500)
    for (a, b) in zip(bytes.mean, floats.mean) { #expect(abs(a - b) < 1e-12 * b) }
    // Of floats, blocks of 2,048 are added up in single precision, in an order that kernels choose.
    #expect((bytes.scatter - floats.scatter).size < 2048 * 0x1p-24 * floats.scatter.size)
  }

  @Test("a constant input has no scatter at all")
  func constant() throws {
    let source = ByteSource((0..<300).flatMap { [UInt8($0 % 256), 77] }, inputs: 2, scale: 0.5)
    let moments = try SampleMoments(source)
    #expect(moments.mean[1] == 38.5 && moments.scatter[1, 1] == 0 && moments.scatter[1, 0] == 0)
  }
}
