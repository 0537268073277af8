import LinearAlgebra
import Testing
import TestSupport

@Suite("sums where the system refuses") struct LimitTests {
  @Test("threads that are refused change no bit of the sums, in a process of its own")
  func refusedThreads() async {
    await #expect(processExitsWith: .success) {
      let source = Tensor((0..<12_000).map { Float($0 * $0 % 97) / 8 }, shape: [3_000, 4])
      OpenBLAS.threads = 3
      let sums = { RegressionSums(source, labels: (0..<3_000).map { $0 % 3 }, classes: 3) }
      let before = sums()
      Limits.refuseThreads()
      let after = sums()
      #expect(after.products == before.products)
      #expect(after.targetProducts == before.targetProducts)
    }
  }
}
