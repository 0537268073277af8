#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a system may refuse a process. For exit tests: there is no way back.
public enum Limits {
  /// Lets the system refuse this process any thread beyond those that it has.
  public static func refuseThreads() {
    // The superuser is refused none.
    if geteuid() == 0, setgid(54_321) != 0 || setuid(54_321) != 0 {
      fatalError("Limits.refuseThreads: expected another user, got error \(errno)")
    }
    set(Resource.processes, to: 1)
  }

  /// Bounds the address space to some bytes beyond what is mapped.
  public static func boundAddressSpace(toFurther bytes: Int) {
    set(Resource.addressSpace, to: mapped + bytes)
  }

  /// Lifts the bound of the address space.
  public static func freeAddressSpace() { set(Resource.addressSpace, to: nil) }

  private static func set(_ resource: Resource.Number, to bound: Int?) {
    var limit = rlimit()
    getrlimit(resource, &limit)
    limit.rlim_cur = bound.map { min(rlim_t($0), limit.rlim_max) } ?? limit.rlim_max
    guard setrlimit(resource, &limit) == 0 else {
      fatalError("Limits: expected a bound of \(bound ?? 0), got error \(errno)")
    }
  }

  private static var mapped: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 64)
    fgets(&text, Int32(text.count), file)
    return Int(strtol(text, nil, 10)) * Int(getpagesize())
  }
}

#if os(Linux)
  private enum Resource {
    typealias Number = __rlimit_resource_t
    static let processes = Number(__RLIMIT_NPROC.rawValue)
    static let addressSpace = Number(RLIMIT_AS.rawValue)
  }
#else
  private enum Resource {
    typealias Number = Int32
    static let processes = RLIMIT_NPROC
    static let addressSpace = RLIMIT_AS
  }
#endif
