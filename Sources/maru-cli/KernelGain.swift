import Foundation
import Maru

/// What the kernels that OpenBLAS should use would gain, measured.
enum KernelGain {
  /// The size of the square matrices: large enough for the kernels to count, and a few milliseconds.
  static let size = 512

  /// The line of ``OpenBLAS/kernelAdvice`` with the gain in a short product, or nil where OpenBLAS
  /// already uses the right kernels, which takes no time to find out.
  static var advice: String? {
    guard let advice = OpenBLAS.kernelAdvice, let core = OpenBLAS.recommendedCore else {
      return nil
    }
    guard let better = gigaflops(core: core) else { return advice }
    let gain = better / ShortGemm.gigaflops(size: size)
    return "\(advice): \(gain.fixed(1)) times as fast in sgemm \(size)×\(size)"
  }

  /// The speed of a process whose OpenBLAS uses the kernels of `core`, since a loaded one keeps its
  /// own; nil where no such process ran.
  private static func gigaflops(core: String) -> Double? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["doctor", "--gemm-only"]
    process.environment = ProcessInfo.processInfo.environment
      .merging(["OPENBLAS_CORETYPE": core]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return nil }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Double(text.split(separator: "\n").first ?? "")
  }
}

/// A product of square matrices, as a measure of the kernels.
enum ShortGemm {
  /// The best of ten products.
  static func gigaflops(size: Int) -> Double {
    var generator = RandomGenerator(seed: 1)
    let a = AlignedBuffer(uninitialized: size * size)
    let b = AlignedBuffer(uninitialized: size * size)
    let c = AlignedBuffer(zeros: size * size)
    for index in 0..<size * size {
      a.floats[index] = generator.uniform(-1, 1)
      b.floats[index] = generator.uniform(-1, 1)
    }
    let views = [a, b, c].map { $0.matrix(rows: size, columns: size) }
    let best = withExtendedLifetime((a, b, c)) {
      (0..<10).map { _ in
        ContinuousClock().measure { gemm(views[0], views[1], into: views[2]) }
      }.min()
    }
    return 2 * Double(size * size * size) / (best?.inSeconds ?? .infinity) * 1e-9
  }
}
