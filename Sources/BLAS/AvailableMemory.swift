#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The memory that this process may use.
package struct AvailableMemory {
  /// In bytes.
  package let bytes: Double
  /// What bounds it, in words that follow its size; empty for the machine itself.
  package let limit: String

  /// The machine's, or what its containers and the process's own limits leave of it.
  package static var current: AvailableMemory {
    var least = AvailableMemory(
      bytes: Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(getpagesize()), limit: "")
    if let bytes = ControlGroups().memory, bytes < least.bytes {
      least = AvailableMemory(bytes: bytes, limit: " in this container")
    }
    if let space = AddressSpace.current, space.left < least.bytes {
      least = AvailableMemory(bytes: space.left, limit: " (\(space.limit))")
    }
    return least
  }
}
