import ArgumentParser
import Foundation

/// Whether what an earlier command has made may be replaced; shared by all that write files.
struct ForceOption: ParsableArguments {
  @Flag(name: .customLong("force"), help: "Replace what an earlier command has written there.")
  var isGiven = false

  /// Throws a failure where `--force` is given without a place to write to.
  /// - Parameters:
  ///   - output: the place
  ///   - options: what it is given by
  func check(with output: String?, of options: String = "--output") throws {
    if isGiven && output == nil {
      throw ValidationError("--force: expected with \(options), where it lets files be replaced")
    }
  }

  /// Throws a failure where one of the files that go to `output` is there and may not be replaced.
  ///
  /// What is there but is no file is refused where it is written.
  func check(_ files: [String], of output: String, by option: String = "--output") throws {
    if isGiven { return }
    for file in files {
      var status = stat()
      guard stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      let what = file == output ? "the file" : file
      throw Failure.usage(
        "\(option) \(output): \(what) is there already; add --force to replace it")
    }
  }
}
