/// What the control groups of this process, that is its containers, let it have.
///
/// A group may have less than those above it, never more; so the least of all counts, from the process's
/// own to the root of the hierarchy. A container may see only its own group, at the root, whatever its
/// membership says.
package struct ControlGroups {
  private let hierarchies, membership: String

  /// The groups of this process.
  /// - Parameter root: where the system's files are
  package init(root: String = "") {
    hierarchies = root + "/sys/fs/cgroup"
    membership = root + "/proc/self/cgroup"
  }

  /// The processors' worth of time, or nil where nothing limits it.
  ///
  /// Read from `cpu.max` (version 2), and from `cpu.cfs_quota_us` and `cpu.cfs_period_us` (version 1).
  package var processors: Double? {
    least("cpu", unified: Self.unifiedQuota, classic: Self.classicQuota)
  }

  /// The bytes of memory, or nil where nothing limits it.
  ///
  /// Read from `memory.max`, and `memory.high`, above which a process is slowed down until it stands
  /// (version 2), and from `memory.limit_in_bytes` (version 1).
  package var memory: Double? {
    least("memory") { folder in
      ["max", "high"].compactMap { Self.number("\(folder)/memory.\($0)") }.min()
    } classic: {
      Self.number($0 + "/memory.limit_in_bytes")
    }
  }

  /// The least of what the groups have of a resource, given how a folder of each version tells it.
  private func least(
    _ controller: String, unified: (String) -> Double?, classic: (String) -> Double?
  ) -> Double? {
    var values = [unified(hierarchies), classic("\(hierarchies)/\(controller)")]
    for line in SystemFile.lines(of: membership) {
      // number:controllers:path, without controllers in version 2
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isClassic = fields[1].split(separator: ",").contains(Substring(controller))
      guard isClassic || fields[1].isEmpty else { continue }
      var folder = hierarchies + (isClassic ? "/\(fields[1])" : "")
      for name in fields[2].split(separator: "/") {
        folder += "/\(name)"
        values.append(isClassic ? classic(folder) : unified(folder))
      }
    }
    return values.compactMap { $0 }.min()
  }

  /// The number in a file; `max` in its place is none.
  private static func number(_ path: String) -> Double? {
    SystemFile.lines(of: path).first.flatMap { Double($0) }
  }

  private static func unifiedQuota(_ folder: String) -> Double? {
    let fields = SystemFile.lines(of: folder + "/cpu.max").first?.split(separator: " ") ?? []
    guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]) else {
      return nil
    }
    return quota / period
  }

  /// The quota of a group of version 1; −1 is none.
  private static func classicQuota(_ folder: String) -> Double? {
    let values = ["quota", "period"].compactMap { number("\(folder)/cpu.cfs_\($0)_us") }
    return values.count == 2 && values[0] > 0 ? values[0] / values[1] : nil
  }
}
