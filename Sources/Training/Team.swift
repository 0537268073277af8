import CKernels
import Layers
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The threads that carry out a part of training together, each calling BLAS on its own.
enum Team {
  /// Runs `body` once for each of `count` workers, the first on the calling thread, until all are done.
  ///
  /// Meanwhile BLAS stays on the thread that calls it, and denormal numbers are 0.
  static func run(_ count: Int, _ body: (Worker) -> Void) {
    require(count >= 1, "Team: expected at least one worker, got \(count)")
    OpenBLAS.withSingleThread {
      withoutActuallyEscaping(body) { body in
        let work = { (index: Int) in
          let state = maru_flush_denormals()
          body(Worker(index: index, of: count))
          maru_restore_denormals(state)
        }
        let threads = (1..<count).map { index in start { work(index) } }
        work(0)
        for thread in threads { pthread_join(thread, nil) }
      }
    }
  }

  /// Runs `body` on a thread of its own, without waiting for it.
  static func detach(_ body: @escaping () -> Void) { pthread_detach(start(body)) }

  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  private static func start(_ body: @escaping () -> Void) -> pthread_t {
    #if os(Linux)
      var thread = pthread_t()
    #else
      var thread: pthread_t!
    #endif
    let work = Unmanaged.passRetained(Work(body))
    let result = pthread_create(
      &thread, nil,
      { argument in
        #if os(Linux)
          Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
        #else
          Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        #endif
        return nil
      }, work.toOpaque())
    require(result == 0, "Team: the system refused another thread (error \(result))")
    return thread
  }
}

/// A point that no worker passes before all have reached it.
///
/// Steps take some ten microseconds, less than a sleeping thread needs to wake, so a worker waits in
/// a loop; after a while it offers its processor to others at each turn.
final class Barrier: Sendable {
  private let count: Int
  private let arrived = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)

  /// How often a worker looks before it starts to yield its processor.
  private static let patience = 2_000

  init(count: Int) { self.count = count }

  func wait() {
    if count == 1 { return }
    let current = generation.load(ordering: .relaxed)
    if arrived.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue == count {
      arrived.store(0, ordering: .relaxed)
      generation.wrappingAdd(1, ordering: .releasing)
      return
    }
    var turns = 0
    while generation.load(ordering: .acquiring) == current {
      maru_relax()
      turns += 1
      if turns > Self.patience { sched_yield() }
    }
  }
}
