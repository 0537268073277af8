import FileTestSupport
import Foundation
import Testing

/// Where results cannot be written: the error names the place, and nothing is left behind.
struct OutputTests {
  private func train(_ folder: TemporaryFolder, output: String) throws -> ProcessResult {
    let data = try Stripes.write(to: folder)
    return try Command.maru([
      "train", "--dataset", data, "--layers", "4:softmax", "--epochs", "1", "--progress", "none",
      "--output", output,
    ])
  }

  @Test func fileInTheWayOfTheFolder() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Array("mine".utf8), to: "file")
    expectFailure(
      try train(folder, output: path), 74, "--output \(path): expected a folder, found a file")
    expectFailure(
      try train(folder, output: "\(path)/a/b"), 74,
      "--output \(path)/a/b: cannot create the folder: Not a directory")
    #expect(try folder.text(of: "file") == "mine")
    #expect(folder.contents.allSatisfy { $0.hasPrefix("data") || $0 == "file" })
  }

  /// Foundation's way to the folder of a path traps on a name of one letter.
  @Test(arguments: ["r", "./r", "r/", "r/s"])
  func outputBesideIsMade(_ output: String) throws {
    let folder = try TemporaryFolder()
    _ = try Stripes.write(to: folder)
    let result = try Command.shell(
      #"cd "$1" && exec "$0" train --dataset data --layers 4 --epochs 1 --progress none "#
        + #"--output "$2""#, [folder.path, output])
    expectSuccess(result)
    #expect(result.outputLines.last == "saved: \(output)")
    #expect(folder.contents.contains { $0.hasSuffix("/model.safetensors") })
  }

  @Test func folderInTheWayOfAFile() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "run/history.csv/inside")
    expectFailure(
      try train(folder, output: folder["run"]), 74,
      "\(folder["run/history.csv"]): cannot write: expected a file, found a folder or a device")
    #expect(
      folder.contents.filter { $0.hasPrefix("run") }
        == ["run", "run/history.csv", "run/history.csv/inside"])
  }

  @Test(.enabled(if: access("/proc/self", F_OK) == 0, "needs /proc, where nobody makes folders"))
  func folderThatNobodyCanMake() throws {
    let folder = try TemporaryFolder()
    expectFailure(
      try train(folder, output: "/proc/run"), 74,
      "--output /proc/run: cannot create the folder: No such file or directory")
    #expect(symlink("/proc", folder["link"]) == 0)
    let result = try train(folder, output: folder["link"])
    expectFailure(
      result, 74,
      "\(folder["link"])/model.safetensors: cannot write: No such file or directory")
  }

  @Test(.enabled(if: getuid() != 0, "root may write to any folder: run the tests as another user"))
  func folderThatIsReadOnly() throws {
    let folder = try TemporaryFolder()
    #expect(mkdir(folder["closed"], 0o555) == 0)
    expectFailure(
      try train(folder, output: folder["closed"]), 74,
      "\(folder["closed"])/model.safetensors: cannot write: Permission denied")
    expectFailure(
      try train(folder, output: folder["closed/a"]), 74,
      "--output \(folder["closed/a"]): cannot create the folder: Permission denied")
  }

  /// Each file may have 1,024 bytes; a model of 4 classes on 20 pixels fits, 64 units do not.
  @Test func fullDiskLeavesTheOldRun() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let line =
      #"ulimit -f 2; exec "$0" train --dataset "$1" --layers 64:relu,4:softmax --epochs 1 "#
      + #"--progress none --force --output "$2""#
    let fresh = try Command.shell(line, [data, folder["a/run"]])
    #expect(fresh.exitCode == 74)
    #expect(
      fresh.errors == "maru: error: \(folder["a/run"])/model.safetensors: "
        + "cannot write: File too large\n")
    #expect(folder.contents.allSatisfy { $0.hasPrefix("data") })

    try folder.write(Array("old".utf8), to: "run/model.safetensors")
    let second = try Command.shell(line, [data, folder["run"]])
    #expect(second.exitCode == 74)
    #expect(try folder.text(of: "run/model.safetensors") == "old")
    #expect(
      folder.contents.filter { $0.hasPrefix("run") } == ["run", "run/model.safetensors"])
  }

  @Test func predictionsThatCannotBeWritten() throws {
    let run = try StripesRun()
    #expect(mkfifo(run.folder["pipe.npy"], 0o600) == 0 && mkdir(run.folder["f.npy"], 0o755) == 0)
    for (output, problem) in [
      (run.folder["none/p.npy"], "cannot write: No such file or directory"),
      (run.folder["f.npy"], "cannot write: expected a file, found a folder or a device"),
      (run.folder["pipe.npy"], "cannot write: expected a file, found a folder or a device"),
    ] {
      let result = try Command.maru([
        "predict", run.path, "--dataset", run.data, "--output", output,
      ])
      expectFailure(result, 74, "\(output): \(problem)")
    }
    #expect(!run.folder.contents.contains { $0.hasPrefix("none") || $0.hasSuffix(".tmp") })
  }

  @Test(.enabled(if: access("/dev/full", W_OK) == 0, "needs the device /dev/full"))
  func resultsThatCannotBePrinted() throws {
    let run = try StripesRun()
    let result = try Command.shell(#"exec "$0" summary "$1" > /dev/full"#, [run.path])
    expectFailure(result, 74, "standard output: No space left on device")
    // More than C's buffer in one piece, of which nothing is left at the end.
    let long = try Command.shell(
      #"exec "$0" compare $(yes "$1" | head -n 40) > /dev/full"#, [run.path])
    expectFailure(long, 74, "standard output: not all of it could be written")
    let unheard = try Command.shell(
      #"exec "$0" train --dataset "$1" --layers 4 --epochs 1 --progress lines 2> /dev/full"#,
      [run.data])
    #expect(unheard.exitCode == 0 && unheard.output.contains("test loss: "))
  }
}
