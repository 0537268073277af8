import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Threads of our own.
///
/// The system may refuse one, where a user or a container has many already, or where there is no
/// memory for its stack; then those that there are do its work. Dispatch would wait until it is
/// granted, which may be never.
package enum Threads {
  /// Runs `body` on the calling thread and on others, up to `count` in all, until all are done.
  /// - Parameters:
  ///   - count: how many threads are wanted, at least 1
  ///   - prepare: makes what they share, once it is known how many there are, before any of them begins
  ///   - body: is given the thread's number, from 0, and what they share
  package static func together<Shared: Sendable>(
    _ count: Int, _ prepare: (Int) -> Shared, _ body: (Int, Shared) -> Void
  ) {
    withoutActuallyEscaping(body) { body in
      let gate = Gate<Shared>()
      var others: [pthread_t] = []
      gate.open {
        while others.count < count - 1 {
          let index = others.count + 1
          guard let thread = start({ body(index, gate.passed()) }) else { break }
          others.append(thread)
        }
        return prepare(others.count + 1)
      }
      body(0, gate.passed())
      for thread in others { pthread_join(thread, nil) }
    }
  }

  /// Calls `body` with each number below `count`, each once, on up to so many threads.
  package static func forEach(
    _ count: Int, threads: Int = Processors.usable, _ body: (Int) -> Void
  ) {
    together(min(threads, count), { _ in Counter() }) { _, counter in
      while let index = counter.next(below: count) { body(index) }
    }
  }

  /// How many of so many threads the system grants at once, the calling one among them.
  static func granted(_ count: Int) -> Int {
    var granted = 1
    together(count) {
      granted = $0
    } _: { _, _ in
    }
    return granted
  }

  /// Runs `body` without waiting for it; on the calling thread where the system refuses another.
  package static func detach(_ body: @escaping () -> Void) {
    if let thread = start(body) { pthread_detach(thread) } else { body() }
  }

  /// Holds threads back until what they share is there.
  private final class Gate<Shared: Sendable>: Sendable {
    private let shared = Mutex<Shared?>(nil)

    func open(_ prepare: () -> Shared) { shared.withLock { $0 = prepare() } }

    func passed() -> Shared {
      guard let shared = shared.withLock({ $0 }) else { fatalError("Threads: began too early") }
      return shared
    }
  }

  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func next(below count: Int) -> Int? {
      let index = value.wrappingAdd(1, ordering: .relaxed).oldValue
      return index < count ? index : nil
    }
  }

  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  private static func start(_ body: @escaping () -> Void) -> pthread_t? {
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
    if result == 0 { return thread }
    work.release()
    return nil
  }
}
