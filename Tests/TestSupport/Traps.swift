import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Expects an exit test to have ended in a trap, as a failed precondition does, and not in a memory
/// fault that a missing check led to.
///
/// The messages of preconditions are not printed in release builds, so they are not compared.
public func expectTrap(
  _ result: ExitTest.Result?, _ comment: Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  // An ended process that met the exit condition has a result; otherwise it is recorded already.
  guard let result else { return }
  let traps: [ExitStatus] = [.signal(SIGILL), .signal(SIGTRAP)]
  #expect(
    traps.contains { $0 == result.exitStatus }, comment, sourceLocation: sourceLocation)
}
