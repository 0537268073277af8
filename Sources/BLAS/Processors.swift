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
  public static var name: String? { information("model name") }

  /// The vector and matrix instructions of the processor that matter here, by the system's names,
  /// such as `avx2` or `asimd`; empty where the system does not list them.
  public static var features: [String] {
    let known = [
      "sse4_2", "avx", "fma", "avx2", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx_vnni",
      "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
      "asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2", "sme",
    ]
    let list = information("flags") ?? information("Features") ?? ""
    return known.filter(Set(list.split(separator: " ").map(String.init)).contains)
  }

  /// What the system says of the first processor under a label.
  private static func information(_ label: String) -> String? {
    for line in lines(of: "/proc/cpuinfo") where line.hasPrefix(label) {
      let fields = line.split(separator: ":", maxSplits: 1)
      if fields.count == 2 { return String(fields[1].drop { $0 == " " }) }
    }
    return nil
  }

  /// The processors that the scheduler may run this process on, as OpenBLAS counts them.
  public static var affinity: Int { Int(openblas_get_num_procs()) }

  /// The processors' worth of time that the container grants, or nil where nothing limits it.
  public static var quota: Double? {
    quota(hierarchies: "/sys/fs/cgroup", membership: "/proc/self/cgroup")
  }

  /// The least quota of the process's control group and those above it.
  ///
  /// Read from `cpu.max` (cgroup v2), and from `cpu.cfs_quota_us` and `cpu.cfs_period_us` (v1). A
  /// container may see only its own group, at the root, whatever its membership says.
  package static func quota(hierarchies: String, membership: String) -> Double? {
    var quotas = [unifiedQuota(hierarchies), classicQuota(hierarchies + "/cpu")]
    for line in lines(of: membership) {
      // number:controllers:path, without controllers in version 2
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isClassic = fields[1].split(separator: ",").contains("cpu")
      guard isClassic || fields[1].isEmpty else { continue }
      var folder = hierarchies + (isClassic ? "/\(fields[1])" : "")
      for name in fields[2].split(separator: "/") {
        folder += "/\(name)"
        quotas.append(isClassic ? classicQuota(folder) : unifiedQuota(folder))
      }
    }
    return quotas.compactMap { $0 }.min()
  }

  /// The quota of a group of version 2; `max` in place of a number is none.
  private static func unifiedQuota(_ folder: String) -> Double? {
    let fields = lines(of: folder + "/cpu.max").first?.split(separator: " ") ?? []
    guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]) else {
      return nil
    }
    return quota / period
  }

  /// The quota of a group of version 1; −1 is none.
  private static func classicQuota(_ folder: String) -> Double? {
    let values = ["quota", "period"].compactMap {
      lines(of: "\(folder)/cpu.cfs_\($0)_us").first.flatMap { Double($0) }
    }
    return values.count == 2 && values[0] > 0 ? values[0] / values[1] : nil
  }

  private static func lines(of path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    return Array(sequence(state: ()) { _ in line(from: file) })
  }

  private static func line(from file: UnsafeMutablePointer<FILE>) -> String? {
    var line = [CChar](repeating: 0, count: 4096)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let bytes = line.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }
    return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
