import COpenBLAS
import Synchronization

/// What the linked OpenBLAS is, and how many threads it uses.
public enum OpenBLAS {
  /// How OpenBLAS was built to run in parallel.
  public enum ParallelMode: Int32, Sendable {
    /// Every call runs on the thread that makes it.
    case sequential = 0
    /// OpenBLAS keeps a pool of POSIX threads.
    case pthreads = 1
    /// OpenBLAS uses the compiler's OpenMP runtime.
    case openMP = 2
  }

  /// The processor family whose kernels OpenBLAS chose, such as `Cooperlake`.
  ///
  /// OpenBLAS chooses it from the processor when it is loaded, unless `OPENBLAS_CORETYPE` in the
  /// environment names another.
  public static var coreName: String { String(cString: openblas_get_corename()) }

  /// The version and the options of the build, as OpenBLAS describes itself.
  public static var buildDescription: String { String(cString: openblas_get_config()) }

  /// Whether and by what means the build runs in parallel.
  public static var parallelMode: ParallelMode {
    ParallelMode(rawValue: openblas_get_parallel()) ?? .sequential
  }

  /// The most threads that a BLAS call may use.
  ///
  /// What is read back is what OpenBLAS took: a sequential build answers 1 whatever was set, and a
  /// threaded one no more than it was built for, and than the system grants threads and memory for.
  /// Setting a number below 1 traps.
  public static var threads: Int {
    get { Int(openblas_get_num_threads()) }
    set {
      require(newValue >= 1, "OpenBLAS.threads: expected at least 1, got \(newValue)")
      pool.withLock { size in
        let wanted = min(newValue, mostThreads)
        if wanted > size { size += started(wanted - size) }
        openblas_set_num_threads(blasInteger(min(newValue, size), "OpenBLAS.threads"))
      }
    }
  }

  /// The most threads that OpenBLAS has had, the one that calls it among them; it keeps them.
  private static let pool = Mutex(threads)

  /// How many of so many more threads OpenBLAS will be able to start.
  ///
  /// It does not look whether it could, and waits for ever for one that is not there.
  private static func started(_ count: Int) -> Int {
    // The thread that calls it needs a buffer, too, and OpenBLAS's own keep theirs.
    let buffers = ThreadMemory.take(upTo: count + 1)
    let granted = Threads.granted(max(buffers, 1))
    ThreadMemory.giveBack(buffers - (granted - 1))
    return granted - 1
  }

  /// The most threads that the build can have, by its `MAX_THREADS`.
  static let mostThreads: Int = {
    let label = "MAX_THREADS="
    let word = buildDescription.split(separator: " ").first { $0.hasPrefix(label) }
    return word.flatMap { Int($0.dropFirst(label.count)) } ?? 1
  }()

  /// Runs `body` while every BLAS call stays on the thread that makes it, then restores the number
  /// of threads.
  ///
  /// Threads of our own each call BLAS inside it, and do not queue for OpenBLAS's own pool. Calls
  /// may overlap from several threads: the first sets one thread, and the last to leave restores
  /// the number that the first found.
  public static func withSingleThread<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    singleThreaded.withLock { state in
      if state.users == 0 {
        state.threadsBefore = threads
        threads = 1
      }
      state.users += 1
    }
    defer {
      singleThreaded.withLock { state in
        state.users -= 1
        if state.users == 0 { threads = state.threadsBefore }
      }
    }
    return try body()
  }

  /// Runs `body`, in which threads of ours call BLAS, each on its own, with how many of them may: up to
  /// `count`, and no more than there is address space for.
  ///
  /// Stops the program where there is none for one, or where the processor cannot run OpenBLAS's
  /// kernels.
  package static func withThreads<Result>(upTo count: Int, _ body: (Int) -> Result) -> Result {
    if let foundProblem { fatalError("OpenBLAS: \(foundProblem)") }
    let granted = ThreadMemory.take(upTo: count)
    defer { ThreadMemory.giveBack(granted) }
    require(
      granted > 0,
      "OpenBLAS: expected \(ThreadMemory.bytes >> 20) MiB of address space for a thread's products, got \(AddressSpace.current.map { "\(Int($0.left) >> 20) (\($0.limit))" } ?? "none")"
    )
    return withSingleThread { body(granted) }
  }

  /// ``kernelProblem``, looked for once.
  private static let foundProblem = kernelProblem

  private static let singleThreaded = Mutex((users: 0, threadsBefore: 1))
}
