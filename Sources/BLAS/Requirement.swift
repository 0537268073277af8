/// Stops the program where a condition that a caller has to keep does not hold, and says what was
/// expected and what was found.
///
/// `precondition` drops its text in release builds, which are the ones that people run. The text is
/// made only where the condition fails, away from the code that checks it.
/// - Parameters:
///   - condition: what the caller has to keep
///   - message: the operation, what it expected and what it got: `gemm: expected …, got …`
@inlinable
@inline(__always)
package func require(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { stop(message, file: file, line: line) }
}

@usableFromInline
@inline(never)
func stop(_ message: () -> String, file: StaticString, line: UInt) -> Never {
  fatalError(message(), file: file, line: line)
}
