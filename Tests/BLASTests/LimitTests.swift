import BLAS
import Synchronization
import Testing
import TestSupport

/// Bounds hold for a whole process, so each test here runs in one of its own.
@Suite("what the system refuses")
struct LimitTests {
  @Test("refused threads are done without: every number is worked on once")
  func numbers() async {
    await #expect(processExitsWith: .success) {
      let counts = Mutex([Int](repeating: 0, count: 100))
      let count = {
        Threads.forEach(100, threads: 5) { index in counts.withLock { $0[index] += 1 } }
      }
      count()
      Limits.refuseThreads()
      count()
      #expect(counts.withLock { $0 } == Array(repeating: 2, count: 100))
      var isDone = false
      Threads.detach { isDone = true }
      #expect(isDone)
    }
  }

  @Test("all threads of a team know how many there are")
  func team() async {
    await #expect(processExitsWith: .success) {
      let seen = { (threads: Int) in
        let seen = Mutex<[[Int]]>([])
        Threads.together(threads, { $0 }) { index, count in
          seen.withLock { $0.append([index, count]) }
        }
        return seen.withLock { $0.sorted { $0[0] < $1[0] } }
      }
      #expect(seen(3) == [[0, 3], [1, 3], [2, 3]])
      Limits.refuseThreads()
      #expect(seen(3) == [[0, 1]])
    }
  }

  @Test("OpenBLAS is given no more threads than it gets, and multiplies on those")
  func pool() async {
    await #expect(processExitsWith: .success) {
      let before = OpenBLAS.threads
      Limits.refuseThreads()
      OpenBLAS.threads = before + 6
      #expect(OpenBLAS.threads == before)
      expectProduct()
    }
  }

  @Test("OpenBLAS is given no more threads than there is address space for")
  func poolWithoutSpace() async {
    await #expect(processExitsWith: .success) {
      let before = OpenBLAS.threads
      // The thread that calls takes some, too.
      Limits.boundAddressSpace(toFurther: 450 << 20)
      OpenBLAS.threads = before + 6
      #expect(OpenBLAS.threads == before + 2)
      expectProduct()
    }
  }

  @Test("threads get no more buffers than there is address space for, and keep what they had")
  func space() async {
    await #expect(processExitsWith: .success) {
      Limits.boundAddressSpace(toFurther: 50 << 20)
      #expect(ThreadMemory.reserve(upTo: 4) == 0)
      Limits.boundAddressSpace(toFurther: 200 << 20)
      for _ in 0..<3 { #expect(ThreadMemory.reserve(upTo: 4) == 1) }
      Limits.boundAddressSpace(toFurther: 200 << 20)
      #expect(ThreadMemory.reserve(upTo: 4) == 2)
      OpenBLAS.withThreads(upTo: 4) {
        #expect($0 == 2)
        #expect(ThreadMemory.reserve(upTo: 4) == 0)
      }
      Limits.freeAddressSpace()
      #expect(ThreadMemory.reserve(upTo: 4) == 4)
    }
  }

  @Test("what is kept free is for no thread's buffer, nor for those of threads to come")
  func kept() async {
    await #expect(processExitsWith: .success) {
      Limits.boundAddressSpace(toFurther: 400 << 20)
      #expect(ThreadMemory.reserve(upTo: 4, keeping: 390 << 20) == 0)
      #expect(ThreadMemory.reserve(upTo: 4, keeping: 200 << 20) == 1)
      OpenBLAS.withThreads(upTo: 4) { #expect($0 == 1) }
      #expect(ThreadMemory.reserve(upTo: 4) == 2)
    }
  }

  @Test("buffers that OpenBLAS's own threads hold are not mapped a second time")
  func heldBuffers() async {
    await #expect(processExitsWith: .success) {
      Limits.boundAddressSpace(toFurther: 900 << 20)
      OpenBLAS.threads += 1
      expectProduct()
      let before = AddressSpace.current?.left ?? 0
      OpenBLAS.withThreads(upTo: 2) { #expect($0 == 2) }
      let after = AddressSpace.current?.left ?? 0
      #expect(before - after < 200e6)
    }
  }

  @Test("without address space for one thread the program stops, and says so")
  func noSpace() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Limits.boundAddressSpace(toFurther: 100 << 20)
      OpenBLAS.withThreads(upTo: 2) { _ in }
    }
    let errors = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let said =
      /Fatal error: OpenBLAS: expected 128 MiB of address space for a thread's products, got \d+ \(ulimit -v \d+\)/
    #expect(errors.contains(said), "\(errors)")
  }
}

private func expectProduct() {
  var random = Seeded(31)
  let a = TestMatrix(random.values(200 * 150), 200, 150)
  let b = TestMatrix(random.values(150 * 180), 150, 180)
  let c = TestMatrix<Float>(poisoned: 200, 180)
  gemm(a.view, b.view, into: c.view)
  let reference = naiveProduct(
    m: 200, n: 180, k: 150, a: { Double(a.view[$0, $1]) }, b: { Double(b.view[$0, $1]) })
  expect(c.view, matches: reference, "\(random)")
}
