import COpenBLAS

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
    for line in SystemFile.lines(of: "/proc/cpuinfo") where line.hasPrefix(label) {
      let fields = line.split(separator: ":", maxSplits: 1)
      if fields.count == 2 { return String(fields[1].drop { $0 == " " }) }
    }
    return nil
  }

  /// The processors that the scheduler may run this process on, as OpenBLAS counts them.
  public static var affinity: Int { Int(openblas_get_num_procs()) }

  /// The processors' worth of time that the container grants, or nil where nothing limits it.
  public static var quota: Double? { ControlGroups().processors }
}
