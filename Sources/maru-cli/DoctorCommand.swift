import ArgumentParser
import Maru
import Text

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Tell what processor, BLAS, kernels and threads this is, and how fast they multiply.")

  @Flag(help: .hidden)
  var gemmOnly = false

  func run() throws {
    try MemoryNeed().check("doctor: it takes", threads: Processors.usable, telling: !gemmOnly)
    OpenBLAS.threads = min(OpenBLAS.threads, Processors.usable)
    if gemmOnly {
      Results.print("\(KernelGain.gigaflops())")
      return
    }
    // Before the processors are busy with what is measured below.
    let load = ProcessorLoad.measured()
    let quota = Processors.quota.map { "\($0.fixed(2)) processors" } ?? "none"
    let peak = Processors.peakGigaflops(threads: OpenBLAS.threads)
    let reached = ShortGemm.gigaflops(size: 1024, repeats: 10) { (a: MatrixView<Float>, b, c) in
      gemm(a, b, into: c)
    }
    let features = Processors.features
    let rows = [
      ("processor", Processors.name ?? "unknown"),
      ("features", features.isEmpty ? "unknown" : features.joined(separator: " ")),
      (
        "usable processors",
        "\(Processors.usable) (affinity \(Processors.affinity), quota \(quota))"
      ),
      ("load", load?.description(of: Processors.affinity) ?? "unknown"),
      ("OpenBLAS", OpenBLAS.buildDescription),
      ("parallel mode", "\(OpenBLAS.parallelMode)"),
      ("kernels", OpenBLAS.coreName),
      ("threads", "\(OpenBLAS.threads)"),
      ("peak", "\(peak.fixed(1)) GFLOP/s in single precision"),
      (
        "sgemm 1024×1024",
        "\((reached / peak * 100).fixed(0)) % of the peak, \(reached.fixed(1)) GFLOP/s"
      ),
    ]
    let advice = [
      OpenBLAS.versionProblem, KernelGain.advice, load?.advice(threads: Processors.usable),
    ]
    let width = Terminal.standardOutput.limit
    let lines =
      rows.map { name, value in
        ([name.padded(to: 18)] + value.words).filled(to: width, indent: 19)
      } + advice.compactMap { $0?.words.filled(to: width) }
    Results.print(lines: lines.map { $0 + "\n" }.joined())
  }
}
