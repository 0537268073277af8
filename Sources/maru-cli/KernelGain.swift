import Foundation
import Maru
import Text

/// What the kernels that OpenBLAS should use would gain, measured.
///
/// On one thread, since with more of them the gain is mostly what else the machine is doing; in
/// double precision, which only OpenBLAS computes.
package enum KernelGain {
  /// The size of the square matrices: large enough for the kernels to count, and so short that many
  /// products fit between two interruptions.
  private static let size = 256

  /// The line of ``OpenBLAS/kernelAdvice`` with the gain in a short product, or nil where OpenBLAS
  /// already uses the right kernels, which takes no time to find out.
  static var advice: String? {
    guard let advice = OpenBLAS.kernelAdvice, let core = OpenBLAS.recommendedCore else {
      return nil
    }
    return line(advice, gain: gigaflops(core: core).map { $0 / gigaflops() })
  }

  /// The advice, with the gain where it is known and worth telling.
  package static func line(_ advice: String, gain: Double?) -> String {
    guard let gain, gain >= 1.05 else { return advice }
    return "\(advice): \(gain.fixed(1)) times as fast on one thread in dgemm \(size)×\(size)"
  }

  /// The speed of the kernels at hand.
  static func gigaflops() -> Double {
    OpenBLAS.withSingleThread {
      ShortGemm.gigaflops(size: size, repeats: 300) { (a: MatrixView<Double>, b, c) in
        gemm(a, b, into: c)
      }
    }
  }

  /// The speed of a process whose OpenBLAS uses the kernels of `core`, since a loaded one keeps its
  /// own; nil where no such process ran to its end within 5 seconds.
  private static func gigaflops(core: String) -> Double? {
    let environment = ProcessInfo.processInfo.environment
      .merging(["OPENBLAS_CORETYPE": core]) { $1 }
    let child = try? ChildProgram(
      "/proc/self/exe", ["doctor", "--gemm-only"], environment: environment)
    guard let result = child?.finish(seconds: 5), result.end == .exit(code: 0) else { return nil }
    return Double(String(decoding: result.output, as: UTF8.self).prefix { !$0.isNewline })
  }
}

/// A product of square matrices, as a measure of the kernels.
enum ShortGemm {
  /// The best of so many products by `multiply`, which computes `C = A·B`.
  static func gigaflops<Scalar: BinaryFloatingPoint>(
    size: Int, repeats: Int,
    _ multiply: (MatrixView<Scalar>, MatrixView<Scalar>, MatrixView<Scalar>) -> Void
  ) -> Double {
    var generator = RandomGenerator(seed: 1)
    let elements = UnsafeMutableBufferPointer<Scalar>.allocate(capacity: 3 * size * size)
    defer { elements.deallocate() }
    elements.initialize(repeating: 0)
    for index in 0..<2 * size * size { elements[index] = Scalar(generator.uniform(-1, 1)) }
    let views = (0..<3).map { place in
      MatrixView(elements.baseAddress! + place * size * size, rows: size, columns: size)
    }
    let best = (0..<repeats).map { _ in
      ContinuousClock().measure { multiply(views[0], views[1], views[2]) }
    }.min()
    return 2 * Double(size * size * size) / (best?.inSeconds ?? .infinity) * 1e-9
  }
}
