import BLAS
import FileTestSupport
import Foundation
import Testing

/// The files that Linux shows of control groups, in a folder in place of the system's root.
@Suite("what control groups let a process have")
struct ControlGroupTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The lines of `/proc/self/cgroup`.
    let membership: String
    /// What the files below `/sys/fs/cgroup` hold.
    let files: [String: String]
    var processors: Double?
    var memory: Double?
  }

  static let cases = [
    Case(
      testDescription: "version 2: a group of a group, each with limits, and one beside it",
      membership: "0::/a/b",
      files: [
        "cpu.max": "max 100000", "a/cpu.max": "150000 100000", "a/b/cpu.max": "400000 100000",
        "c/cpu.max": "1000 100000",
        "a/memory.max": "3000000", "a/b/memory.max": "max", "c/memory.max": "1000",
      ], processors: 1.5, memory: 3_000_000),
    Case(
      testDescription: "version 2: the inner group has less", membership: "0::/a/b",
      files: ["a/memory.max": "3000000", "a/b/memory.max": "2000000"], memory: 2_000_000),
    Case(
      testDescription: "version 2: above memory.high a process is slowed down", membership: "0::/a",
      files: ["a/memory.max": "max", "a/memory.high": "500000"], memory: 500_000),
    Case(
      testDescription: "a container that sees its own group at the root",
      membership: "0::/system.slice/container",
      files: ["cpu.max": "250000 100000", "memory.max": "7000000", "memory.high": "max"],
      processors: 2.5, memory: 7_000_000),
    Case(
      testDescription: "version 2 without limits", membership: "0::/",
      files: ["cpu.max": "max 100000", "memory.max": "max"]),
    Case(
      testDescription: "version 1: the group above has less, beside a hierarchy of version 2",
      membership: "9:name=systemd:/\n4:memory:/m/n\n3:cpu,cpuacct:/a\n0::/",
      files: [
        "cpu,cpuacct/a/cpu.cfs_quota_us": "50000", "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/m/memory.limit_in_bytes": "4000000",
        "memory/m/n/memory.limit_in_bytes": "8000000",
      ], processors: 0.5, memory: 4_000_000),
    Case(
      testDescription: "version 1: a container that sees its own group at the root",
      membership: "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1",
      files: [
        "cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": "6000000",
      ], processors: 3, memory: 6_000_000),
    Case(
      testDescription: "version 1 without limits", membership: "4:cpu:/",
      files: ["cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"]),
    Case(testDescription: "no control groups", membership: "", files: [:]),
  ]

  @Test("the least of the process's group and those above it counts", arguments: cases)
  func least(_ example: Case) throws {
    let folder = try TemporaryFolder()
    for (name, text) in example.files {
      try folder.write(Array((text + "\n").utf8), to: "sys/fs/cgroup/" + name)
    }
    try folder.write(Array((example.membership + "\n").utf8), to: "proc/self/cgroup")
    let groups = ControlGroups(root: folder["."])
    #expect(groups.processors == example.processors)
    #expect(groups.memory == example.memory)
  }
}
