import BLAS
import FileTestSupport
import Foundation
import Testing
import TestSupport

/// Counters and thread numbers belong to the whole process, so each test here runs in one of its own.
@Suite("OpenBLAS in a process of its own")
struct OpenBLASTests {
  @Test("the counter counts products, not empty ones")
  func callCounter() async {
    await #expect(processExitsWith: .success) {
      let floats = TestMatrix<Float>(Array(repeating: 1, count: 12), 3, 4)
      let doubles = TestMatrix<Double>(Array(repeating: 1, count: 12), 3, 4)
      let single = {
        gemm(floats.view.transposed, floats.view, into: TestMatrix(poisoned: 4, 4).view)
      }
      #expect(CallCounter.gemm.count(during: single) == 1)
      single()
      let both = CallCounter.gemm.count {
        single()
        gemm(doubles.view.transposed, doubles.view, into: TestMatrix(poisoned: 4, 4).view)
      }
      #expect(both == 2)
      let none = CallCounter.gemm.count {
        gemm(
          floats.view[columns: 0..<0].transposed, floats.view,
          into: TestMatrix(poisoned: 0, 4).view)
      }
      #expect(none == 0)
    }
  }

  @Test("the number of threads is read back")
  func threads() async {
    await #expect(processExitsWith: .success) {
      let parallel = OpenBLAS.parallelMode != .sequential
      for threads in [1, 2, 3, 1] {
        OpenBLAS.threads = threads
        #expect(OpenBLAS.threads == (parallel ? threads : 1))
      }
    }
  }

  @Test("a single thread for a while, then the number before, also when nested or thrown out of")
  func singleThread() async {
    await #expect(processExitsWith: .success) {
      struct Interruption: Error {}
      OpenBLAS.threads = 2
      let before = OpenBLAS.threads
      let result = OpenBLAS.withSingleThread {
        #expect(OpenBLAS.threads == 1)
        OpenBLAS.withSingleThread { #expect(OpenBLAS.threads == 1) }
        #expect(OpenBLAS.threads == 1, "the inner one must not restore")
        return 7
      }
      #expect(result == 7)
      #expect(OpenBLAS.threads == before)
      #expect(throws: Interruption.self) {
        try OpenBLAS.withSingleThread { throw Interruption() }
      }
      #expect(OpenBLAS.threads == before)
    }
  }

  @Test("a single thread asked for by several threads that overlap")
  func singleThreadFromSeveral() async {
    await #expect(processExitsWith: .success) {
      OpenBLAS.threads = 2
      let before = OpenBLAS.threads
      #expect(await violationsAmongOverlappingThreads() == 0)
      #expect(OpenBLAS.threads == before)
    }
  }

  @Test("a product is the same with two threads, within rounding")
  func threadedProduct() async {
    await #expect(processExitsWith: .success) {
      var random = Seeded(31)
      let a = TestMatrix(random.values(200 * 150), 200, 150)
      let b = TestMatrix(random.values(150 * 180), 150, 180)
      let c = TestMatrix<Float>(poisoned: 200, 180)
      OpenBLAS.threads = 2
      gemm(a.view, b.view, into: c.view)
      let reference = naiveProduct(
        m: 200, n: 180, k: 150, a: { Double(a.view[$0, $1]) }, b: { Double(b.view[$0, $1]) })
      expect(c.view, matches: reference, "\(random)")
    }
  }
}

/// How often one of four tasks, all asking for a single thread again and again, found another number.
private func violationsAmongOverlappingThreads() async -> Int {
  await withTaskGroup(of: Int.self) { group in
    for _ in 0..<4 {
      group.addTask {
        (0..<200).count { _ in OpenBLAS.withSingleThread { OpenBLAS.threads != 1 } }
      }
    }
    return await group.reduce(0, +)
  }
}

@Suite("what the machine is")
struct MachineTests {
  @Test("at least one processor, and no more than affinity and quota allow")
  func processors() {
    #expect(Processors.usable >= 1)
    #expect(Processors.usable <= Processors.affinity)
    if let quota = Processors.quota {
      #expect(quota > 0)
      #expect(Double(Processors.usable) < quota + 1)
    }
  }

  @Test("the processor's features are those that the system lists")
  func features() throws {
    let information = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    for feature in Processors.features { #expect(information.contains(" \(feature)")) }
    #if arch(x86_64)
      #expect(Processors.features.contains("avx2") == information.contains(" avx2 "))
    #endif
  }

  @Test("a peak grows with the vectors, and no product is faster")
  func peak() async {
    await #expect(processExitsWith: .success) {
      OpenBLAS.threads = 1
      let peak = Processors.peakGigaflops(threads: 1)
      let ratio = peak / Processors.peakGigaflops(threads: 1, isDouble: true)
      // Floats are half as wide as doubles.
      #expect(1.4 < ratio && ratio < 2.8)
      // Two threads on one core are no faster than one.
      let ofTwo = Processors.peakGigaflops(threads: 2) / peak
      #expect(0.5 < ofTwo && ofTwo < 2.5)
      var random = Seeded(7)
      let a = TestMatrix(random.values(256 * 256), 256, 256)
      let c = TestMatrix<Float>(poisoned: 256, 256)
      let best =
        (0..<20).map { _ in
          ContinuousClock().measure { gemm(a.view, a.view, into: c.view) }
        }.min().map { Double($0.components.attoseconds) * 1e-18 } ?? .infinity
      #expect(2 * 256 * 256 * 256 / best * 1e-9 <= 1.1 * peak)
    }
  }
}
