import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Expects an exit test to have ended in a trap that says what was expected and what was found, in
/// release builds too, and not in a memory fault that a missing check led to.
/// - Parameters:
///   - result: of an exit test that observes `\.standardErrorContent`
///   - message: what is said behind the place in the source
public func expectTrap(
  _ result: ExitTest.Result?, _ message: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  // An ended process that met the exit condition has a result; otherwise it is recorded already.
  guard let result else { return }
  let traps: [ExitStatus] = [.signal(SIGILL), .signal(SIGTRAP)]
  #expect(traps.contains { $0 == result.exitStatus }, sourceLocation: sourceLocation)
  let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
  let said = errors.split(separator: "\n").compactMap { $0.firstMatch(of: /: Fatal error: (.*)/) }
  #expect(said.first.map { String($0.1) } == message, sourceLocation: sourceLocation)
}
