#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the process may yet map, where the system bounds that.
package struct AddressSpace {
  /// The bytes that are left.
  package let left: Double
  /// The limit, as a shell shows it.
  package let limit: String

  /// The tighter one of the bounds, or nil where there is none.
  ///
  /// `ulimit -v` bounds all that is mapped, `ulimit -d` what may be written to.
  package static var current: AddressSpace? {
    let sizes = SystemFile.lines(of: "/proc/self/statm").first?.split(separator: " ") ?? []
    let bounds = Self.resources.compactMap { letter, resource, place -> AddressSpace? in
      var limit = rlimit()
      guard getrlimit(resource, &limit) == 0, limit.rlim_cur < 1 << 62 else { return nil }
      let pages = place < sizes.count ? Double(sizes[place]) ?? 0 : 0
      return AddressSpace(
        left: max(0, Double(limit.rlim_cur) - pages * Double(getpagesize())),
        limit: "ulimit -\(letter) \(limit.rlim_cur / 1024)")
    }
    return bounds.min { $0.left < $1.left }
  }

  /// The shell's letter for a bound, its number, and its place among the sizes that Linux tells.
  #if os(Linux)
    private static let resources = [
      ("v", Int32(RLIMIT_AS.rawValue), 0), ("d", Int32(RLIMIT_DATA.rawValue), 5),
    ]
  #else
    private static let resources = [("v", RLIMIT_AS, 0), ("d", RLIMIT_DATA, 5)]
  #endif
}
