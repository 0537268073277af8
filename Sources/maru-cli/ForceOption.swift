import ArgumentParser
import Foundation

/// Whether what an earlier command has made may be replaced; shared by all that write a run, a model
/// or an export.
struct ForceOption: ParsableArguments {
  @Flag(name: .customLong("force"), help: "Replace what an earlier command has written there.")
  var isGiven = false

  /// Throws a failure where `--force` is given without the place to write to.
  func check(with output: String?) throws {
    if isGiven && output == nil {
      throw ValidationError("--force: expected with --output, where it lets files be replaced")
    }
  }

  /// Throws a failure where one of the files that go to `output` is there and may not be replaced.
  ///
  /// What is there but is no file is refused where it is written.
  func check(_ files: [String], of output: String) throws {
    if isGiven { return }
    for file in files {
      var status = stat()
      guard stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      let what = file == output ? "the file" : file
      throw Failure.usage(
        "--output \(output): \(what) is there already; add --force to replace it")
    }
  }
}
