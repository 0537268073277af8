import Foundation
import Synchronization

/// A program that was started, and runs beside this one.
///
/// Foundation's `Process` and its queues trap where the system gives them no descriptor; this throws
/// the system's error, and takes no thread. No shell is involved.
package struct ChildProgram {
  /// How a program ended.
  package enum End: Equatable {
    case exit(code: Int32)
    case signal(Int32)
    case stopped
  }

  /// What a program left.
  package struct Result {
    package let end: End
    /// What it wrote to standard output and to standard error, until it was stopped if it was.
    package let output, errors: Data
  }

  /// Between the making of a pipe and its being closed in programs to come, no other is started: it
  /// would hold the pipe open. Descriptors are scarce then, too.
  private static let starting = Mutex(())

  private static let running = RunningGroups()

  private let process: pid_t
  private let pipes: ChildPipes
  private let input: Data

  /// Starts a program; ``finish(seconds:)`` has to follow.
  ///
  /// Throws where the system cannot run it.
  /// - Parameters:
  ///   - path: where the program is
  ///   - arguments: what follows its name
  ///   - environment: all of its environment
  ///   - input: what it reads; it may end without having read all
  package init(
    _ path: String, _ arguments: [String],
    environment: [String: String] = ProcessInfo.processInfo.environment, input: Data = Data()
  ) throws(POSIXError) {
    let started = Self.starting.withLock { _ in
      Self.running.adding {
        Swift.Result { () throws(POSIXError) in try Self.start(path, arguments, environment) }
      }
    }
    (process, pipes) = try started.get()
    self.input = input
  }

  /// Ends all programs that run, with all that they started, at once. A signal's handler may call it,
  /// after it has been called outside of one.
  package static func endAll() { running.end() }

  /// Moves what goes in and comes out until the program ends, or stops it with all that it started
  /// when so many seconds are over.
  package func finish(seconds limit: Double) -> Result {
    let deadline = ContinuousClock.now + .seconds(limit)
    defer {
      Self.running.remove(process)
      pipes.close()
    }
    let isRead = pipes.move(input, until: deadline)
    guard isRead, let status = status(until: deadline) else {
      // The leader of its group has not been waited for, so that its number is no other's.
      kill(-process, SIGKILL)
      while waitpid(process, nil, 0) < 0 && errno == EINTR {}
      return Result(end: .stopped, output: pipes.output, errors: pipes.errors)
    }
    let signal = status & 0x7F
    return Result(
      end: signal == 0 ? .exit(code: status >> 8 & 0xFF) : .signal(signal), output: pipes.output,
      errors: pipes.errors)
  }

  /// The status of a program that has closed its outputs, nil where it has not ended in time.
  private func status(until deadline: ContinuousClock.Instant) -> Int32? {
    var status: Int32 = 0
    while true {
      switch waitpid(process, &status, WNOHANG) {
      case process: return status
      // Of a process whose parent ignores the end of its children nobody learns how they ended.
      case -1 where errno != EINTR: return 0
      default: break
      }
      if ContinuousClock.now >= deadline { return nil }
      usleep(1_000)
    }
  }

  private static func start(
    _ path: String, _ arguments: [String], _ environment: [String: String]
  ) throws(POSIXError) -> (pid_t, ChildPipes) {
    let pipes = try ChildPipes()
    #if canImport(Darwin)
      var (actions, attributes): (posix_spawn_file_actions_t?, posix_spawnattr_t?) = (nil, nil)
    #else
      var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in pipes.others.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, to be stopped with all that it starts, and no signal blocked or ignored
    // that this process or this thread may have so.
    var (none, defaults) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGXFSZ] { sigaddset(&defaults, signal) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, &attributes, &words, &variables)
    pipes.closeOthers()
    guard code == 0 else {
      pipes.close()
      throw POSIXError(code)
    }
    return (process, pipes)
  }
}

/// The programs that run, each by the number of its group, at a fixed place where a signal's handler can
/// read it. Of those beyond some hundreds at once it learns nothing.
private struct RunningGroups: @unchecked Sendable {
  private static let places = 256
  private let groups: UnsafeMutablePointer<Atomic<pid_t>>
  private let isAdding: UnsafeMutablePointer<Atomic<Bool>>

  init() {
    groups = .allocate(capacity: Self.places)
    for place in 0..<Self.places { (groups + place).initialize(to: Atomic(0)) }
    isAdding = .allocate(capacity: 1)
    isAdding.initialize(to: Atomic(false))
  }

  /// Notes what is started before a handler on this thread or on another one looks.
  func adding<Pipes>(
    _ start: () -> Result<(pid_t, Pipes), POSIXError>
  ) -> Result<(pid_t, Pipes), POSIXError> {
    var (all, before) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_SETMASK, &all, &before)
    isAdding.pointee.store(true, ordering: .sequentiallyConsistent)
    defer {
      isAdding.pointee.store(false, ordering: .sequentiallyConsistent)
      pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    let started = start()
    if case .success((let group, _)) = started { replaceFirst(0, by: group) }
    return started
  }

  func remove(_ group: pid_t) { replaceFirst(group, by: 0) }

  private func replaceFirst(_ old: pid_t, by new: pid_t) {
    _ = (0..<Self.places).contains {
      groups[$0].compareExchange(expected: old, desired: new, ordering: .relaxed).exchanged
    }
  }

  func end() {
    while isAdding.pointee.load(ordering: .sequentiallyConsistent) { usleep(1_000) }
    for place in 0..<Self.places {
      let group = groups[place].load(ordering: .relaxed)
      if group != 0 { kill(-group, SIGKILL) }
    }
  }
}

/// The three pipes to and from a program.
private final class ChildPipes {
  /// The ends of this process: of the program's input, output and errors.
  private var own: [Int32] = []
  /// The program's ends.
  private(set) var others: [Int32] = []
  private(set) var output = Data()
  private(set) var errors = Data()

  init() throws(POSIXError) {
    for number in 0..<3 {
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0 else {
        let code = errno
        closeOthers()
        close()
        throw POSIXError(code)
      }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      let isInput = number == 0
      own.append(ends[isInput ? 1 : 0])
      others.append(ends[isInput ? 0 : 1])
    }
    _ = fcntl(own[0], F_SETFL, O_NONBLOCK)
  }

  /// Moves all three at once, so that neither side ever waits for a full one, and says whether both
  /// outputs ended in time.
  func move(_ input: Data, until deadline: ContinuousClock.Instant) -> Bool {
    var rest = input
    if rest.isEmpty { close(0) }
    while own[1] >= 0 || own[2] >= 0 {
      let left = (deadline - .now) / .milliseconds(1)
      if left <= 0 { return false }
      // A negative descriptor is passed over.
      var polled = own.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      polled[0].events = Int16(POLLOUT)
      guard poll(&polled, nfds_t(polled.count), Int32(left.rounded(.up))) > 0 else { continue }
      if polled[0].revents != 0 {
        rest = rest.dropFirst(write(rest))
        if rest.isEmpty { close(0) }
      }
      if polled[1].revents != 0 { read(1, into: &output) }
      if polled[2].revents != 0 { read(2, into: &errors) }
    }
    close(0)
    return true
  }

  /// Writes what the pipe takes, and gives how much; all where nobody reads it any more, which the
  /// program's end explains.
  private func write(_ data: Data) -> Int {
    Self.withoutBrokenPipes {
      let count = data.withUnsafeBytes { Foundation.write(own[0], $0.baseAddress, $0.count) }
      if count >= 0 { return count }
      return errno == EAGAIN || errno == EINTR ? 0 : data.count
    }
  }

  private func read(_ number: Int, into data: inout Data) {
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    let count = Foundation.read(own[number], &piece, piece.count)
    if count > 0 { data.append(contentsOf: piece[..<count]) }
    if count == 0 || count < 0 && errno != EINTR { close(number) }
  }

  /// Keeps the signal of a broken pipe, which goes to the thread that writes, from this process.
  private static func withoutBrokenPipes<Result>(_ body: () -> Result) -> Result {
    var (signals, before, pending) = (sigset_t(), sigset_t(), sigset_t())
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    sigpending(&pending)
    let wasPending = sigismember(&pending, SIGPIPE) == 1
    let result = body()
    sigpending(&pending)
    var number: Int32 = 0
    if !wasPending && sigismember(&pending, SIGPIPE) == 1 { sigwait(&signals, &number) }
    return result
  }

  func closeOthers() {
    for end in others { Foundation.close(end) }
    others = []
  }

  func close() { for number in own.indices { close(number) } }

  private func close(_ number: Int) {
    if own[number] >= 0 { Foundation.close(own[number]) }
    own[number] = -1
  }
}

extension POSIXError {
  /// The error of a system call by its number.
  fileprivate init(_ number: Int32) { self.init(POSIXErrorCode(rawValue: number) ?? .EIO) }

  /// The system's words.
  package var words: String { String(cString: strerror(code.rawValue)) }
}
