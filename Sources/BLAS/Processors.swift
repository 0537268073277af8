import COpenBLAS

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// How many processors this process may use.
public enum Processors {
  /// The least of the machine's processors, the process's affinity and its container's CPU quota, at
  /// least 1; a quota of part of a processor counts as a whole one.
  ///
  /// More threads than this would only wait for each other.
  public static var usable: Int {
    max(1, min(affinity, quota.map { Int($0.rounded(.up)) } ?? .max))
  }

  /// The processor's name as the system gives it, or nil where it gives none.
  public static var name: String? {
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    defer { fclose(file) }
    while let line = line(from: file) {
      if line.hasPrefix("model name"), let colon = line.firstIndex(of: ":") {
        return String(line[line.index(after: colon)...].drop { $0 == " " })
      }
    }
    return nil
  }

  /// The processors that the scheduler may run this process on, as OpenBLAS counts them.
  public static var affinity: Int { Int(openblas_get_num_procs()) }

  /// The processors' worth of time that the container grants, or nil where nothing limits it.
  ///
  /// Read from `cpu.max` (cgroup v2), else from `cpu.cfs_quota_us` and `cpu.cfs_period_us` (v1), as
  /// a container sees them at the root of its own hierarchy.
  public static var quota: Double? {
    if let fields = firstLine(of: "/sys/fs/cgroup/cpu.max")?.split(separator: " "),
      fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1])
    {
      return quota / period
    }
    if let quota = firstLine(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap({ Double($0) }),
      let period = firstLine(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap({ Double($0) }),
      quota > 0
    {
      return quota / period
    }
    return nil
  }

  private static func firstLine(of path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    return line(from: file)
  }

  private static func line(from file: UnsafeMutablePointer<FILE>) -> String? {
    var line = [CChar](repeating: 0, count: 4096)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let bytes = line.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }
    return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
