import ArgumentParser
import Maru

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Tell what processor, BLAS, kernels and threads this is, and how fast they multiply.")

  func run() {
    let quota = Processors.quota.map { "\($0.fixed(2)) processors" } ?? "none"
    let rows = [
      ("processor", Processors.name ?? "unknown"),
      (
        "usable processors",
        "\(Processors.usable) (affinity \(Processors.affinity), quota \(quota))"
      ),
      ("OpenBLAS", OpenBLAS.buildDescription),
      ("parallel mode", "\(OpenBLAS.parallelMode)"),
      ("kernels", OpenBLAS.coreName),
      ("threads", "\(OpenBLAS.threads)"),
      ("sgemm 1024×1024", "\(Self.gigaflops(size: 1024).fixed(1)) GFLOP/s"),
    ]
    for (name, value) in rows { print("\(name.padded(to: 18)) \(value)") }
    if let advice = OpenBLAS.kernelAdvice { print(advice) }
  }

  /// The best of some products of square matrices.
  private static func gigaflops(size: Int) -> Double {
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
