import Foundation
import Maru
import Text

/// Seconds of processor time up to a moment: of this process, and of all that ran on the processors
/// that it may use.
struct ProcessorTimes {
  let elapsed, own, all: Double

  /// The times now, or nil where the system does not tell them.
  ///
  /// - Parameter statistics: where Linux counts the time of each processor in ticks, by what it did
  static func now(statistics: String = "/proc/stat") -> ProcessorTimes? {
    let usable = usableProcessors()
    var ticks = 0.0
    for line in SystemFile.lines(of: statistics) {
      let fields = line.split(separator: " ")
      guard fields.count > 8, let number = Int(fields[0].dropFirst(3)), usable.contains(number)
      else {
        continue
      }
      // cpu0 user nice system idle iowait irq softirq steal: but for what is idle, and guests, who
      // count as users
      ticks += fields[1...8].enumerated().filter { ![3, 4].contains($0.offset) }
        .reduce(0) { $0 + (Double($1.element) ?? 0) }
    }
    if ticks == 0 { return nil }
    return ProcessorTimes(
      elapsed: seconds(CLOCK_MONOTONIC), own: seconds(CLOCK_PROCESS_CPUTIME_ID),
      all: ticks / Double(sysconf(Int32(_SC_CLK_TCK))))
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The numbers of the processors that the scheduler may run this process on, listed as `0-3,8`.
  private static func usableProcessors() -> Set<Int> {
    let label = "Cpus_allowed_list:"
    guard let line = SystemFile.lines(of: "/proc/self/status").first(where: { $0.hasPrefix(label) })
    else { return [] }
    let ranges = line.dropFirst(label.count).split(separator: ",").compactMap { range in
      let ends = range.split(separator: "-").compactMap {
        Int($0.filter { !$0.isWhitespace })
      }
      return ends.first.map { $0...max($0, ends.last ?? $0) }
    }
    return Set(ranges.joined())
  }
}

/// How busy other programs kept the processors for a while, and how this one fared.
package struct ProcessorLoad {
  /// Seconds that passed, and seconds of processor time of this process and of all others.
  package let elapsed, own, others: Double

  package init(elapsed: Double, own: Double, others: Double) {
    (self.elapsed, self.own, self.others) = (elapsed, own, others)
  }

  init(since start: ProcessorTimes, until end: ProcessorTimes) {
    let own = end.own - start.own
    self.init(
      elapsed: end.elapsed - start.elapsed, own: own,
      others: max(0, end.all - start.all - own))
  }

  /// The load during a third of a second from now, if the system tells it.
  static func measured() -> ProcessorLoad? {
    guard let start = ProcessorTimes.now() else { return nil }
    usleep(300_000)
    return ProcessorTimes.now().map { ProcessorLoad(since: start, until: $0) }
  }

  /// How many processors' worth of time others had.
  package var othersProcessors: Double { elapsed > 0 ? others / elapsed : 0 }

  /// What others use of so many processors now, and how many tasks ran or waited in the last minute.
  func description(of processors: Int) -> String {
    var average = 0.0
    getloadavg(&average, 1)
    return "others use \(othersProcessors.fixed(1)) of \(processors) processors, "
      + "load average \(average.fixed(2))"
  }

  /// What programs as busy as these do to a team of threads, or nil where they are not.
  package func advice(threads: Int) -> String? {
    if threads == 1 || othersProcessors < 0.5 { return nil }
    return "other programs are busy: maru train leaves processors to them as long as that is faster"
  }

  /// One line where training was slowed down by others so much that one thread alone could have been
  /// faster, else nil.
  ///
  /// A thread that never waits takes no longer than all have computed together.
  package func slowdown(threads: Int) -> String? {
    guard threads > 1, elapsed > 1.5 * own, elapsed - own > 1, othersProcessors >= 0.25 else {
      return nil
    }
    return "training took \(elapsed.fixed(1)) s for \(own.fixed(1)) s of processor time, "
      + "since other programs use \(othersProcessors.fixed(1)) processors"
  }
}

/// Says once when others slow training down.
final class SlowdownWatch: Callback {
  private let threads: Int
  private var start: ProcessorTimes?

  init(threads: Int) { self.threads = threads }

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) { start = .now() }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    guard let start, let now = ProcessorTimes.now(),
      let line = ProcessorLoad(since: start, until: now).slowdown(threads: threads)
    else { return .proceed }
    Messages.print("\(line)")
    self.start = nil
    return .proceed
  }
}
