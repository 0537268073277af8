import FileTestSupport
import Foundation
import ModelFiles
import Synchronization
import Testing
import Training
import WriteLog

struct AtomicFileTests {
  @Test func fileIsReplacedWhole() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Data("a long first version".utf8), to: folder["file"])
    try AtomicFile.write(Data("second".utf8), to: folder["file"])
    #expect(try folder.text(of: "file") == "second")
    #expect(folder.contents == ["file"])
  }

  @Test func emptyFileAndNameWithoutFolderAreWritten() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Data(), to: folder["empty"])
    #expect(try folder.bytes(of: "empty").isEmpty)
    let name = "maru-\(UUID().uuidString)"
    defer { unlink(name) }
    try AtomicFile.write(Data("here".utf8), to: name)
    #expect(FileManager.default.contents(atPath: name) == Data("here".utf8))
  }

  @Test(arguments: [
    ("a", "."), ("file", "."), ("a/b", "a"), ("/a", "/"), ("/a/b/", "/a"), ("a/", "."),
    ("./a", "."),
  ])
  func folderOfAPath(_ path: String, _ folder: String) {
    #expect(AtomicFile.folder(of: path) == folder)
  }

  @Test func linkStaysALink() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("old".utf8), to: "target")
    #expect(symlink("target", folder["link"]) == 0)
    try AtomicFile.write(Data("new".utf8), to: folder["link"])
    #expect(try folder.text(of: "target") == "new")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder["link"]) == "target")
  }

  @Test func whatIsNoFileIsNeverReplaced() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder["folder"], withIntermediateDirectories: false)
    #expect(mkfifo(folder["pipe"], 0o600) == 0)
    for name in ["folder", "pipe"] {
      let error = #expect(throws: ModelFileError.self) {
        try AtomicFile.write(Data([1]), to: folder[name])
      }
      #expect(error?.kind == .inputOutput)
      #expect(
        error?.description
          == "\(folder[name]): cannot write: expected a file, found a folder or a device")
    }
    #expect(folder.contents == ["folder", "pipe"])
  }

  @Test func missingFolderIsAnError() throws {
    let folder = try TemporaryFolder()
    let path = folder["none/file"]
    for attempt in [{ try AtomicFile.write(Data([1]), to: path) }, { try AtomicFile.check(path) }] {
      let error = #expect(throws: ModelFileError.self) { try attempt() }
      #expect(error?.kind == .inputOutput)
      #expect(error?.description == "\(path): cannot write: No such file or directory")
    }
  }

  /// The second of two files cannot be written: the first stays as it was.
  @Test func filesThatBelongTogetherAreWrittenTogether() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("old".utf8), to: "first")
    #expect(throws: ModelFileError.self) {
      try AtomicFile.write([
        (folder["first"], Data("new".utf8)), (folder["none/second"], Data("new".utf8)),
      ])
    }
    #expect(try folder.text(of: "first") == "old")
    #expect(folder.contents == ["first"])
    try AtomicFile.write([
      (folder["first"], Data("1".utf8)), (folder["second"], Data("2".utf8)),
    ])
    #expect(try folder.text(of: "first") + folder.text(of: "second") == "12")
    #expect(folder.contents == ["first", "second"])
  }

  /// What is not on the disk before it gets its name, or whose name is not, a power cut may take.
  @Test(.enabled(if: noted_writes() != nil, "calls are noted with glibc, and without a sanitizer"))
  func filesAreOnTheDiskBeforeTheirNamesAre() throws {
    let folder = try TemporaryFolder()
    func calls(_ write: () throws -> Void) rethrows -> String {
      note_writes()
      try write()
      return String(cString: noted_writes())
    }
    #expect(try calls { try AtomicFile.write(Data([1]), to: folder["file"]) } == "frd")
    let both = try calls {
      try AtomicFile.write([(folder["a"], Data([1])), (folder["b"], Data([2]))])
    }
    #expect(both == "ffrrd")
    let replaced = try calls {
      try AtomicFile.write(
        Data([2]), to: folder["file"], keepingPreviousAt: folder["previous"])
    }
    #expect(replaced == "frrd")
  }

  /// Renames the two that are replaced and the stale one aside, then the three into their places.
  @Test(.enabled(if: noted_writes() != nil, "renames fail with glibc, and without a sanitizer"))
  func whereARenameFailsNothingLiesBesideWhatIsNotItsOwn() throws {
    for failing in 1...6 {
      let folder = try TemporaryFolder()
      for name in ["model", "history", "curve", "report"] {
        try folder.write(Array("old".utf8), to: name)
      }
      fail_rename(Int32(failing))
      let error = #expect(throws: ModelFileError.self) {
        try AtomicFile.write(
          ["model", "history", "curve"].map { (folder[$0], Data("new".utf8)) },
          removing: [folder["none"], folder["report"]])
      }
      fail_rename(0)
      let name = ["history", "curve", "report", "model", "history", "curve"][failing - 1]
      let verb = failing <= 3 ? "replace" : "write"
      #expect(error?.description == "\(folder[name]): cannot \(verb): Operation not permitted")
      // All that was there before, or the new model and nothing but its own.
      let expected =
        [
          5: ["model": "new"], 6: ["history": "new", "model": "new"],
        ][failing] ?? ["curve": "old", "history": "old", "model": "old", "report": "old"]
      #expect(folder.contents == expected.keys.sorted(), "\(failing)")
      for (name, text) in expected { #expect(try folder.text(of: name) == text, "\(failing)") }
    }
  }

  @Test func whatBelongedToTheFileBeforeGoesWithIt() throws {
    let folder = try TemporaryFolder()
    for name in ["model", "report", "mine/report"] {
      try folder.write(Array("old".utf8), to: name)
    }
    #expect(symlink("mine/report", folder["link"]) == 0)
    try AtomicFile.write(
      [(folder["model"], Data("new".utf8))],
      removing: ["report", "link", "none", "mine"].map { folder[$0] })
    // A link goes and its target stays, and so does a folder, which no program of ours has made.
    #expect(folder.contents == ["mine", "mine/report", "model"])
    #expect(try folder.text(of: "model") == "new")
  }

  @Test func permissionsStay() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "file")
    #expect(chmod(folder["file"], 0o640) == 0)
    try AtomicFile.write(Data([2]), to: folder["file"])
    var status = stat()
    #expect(stat(folder["file"], &status) == 0 && status.st_mode & 0o777 == 0o640)
  }

  @Test func theFileBeforeIsKept() throws {
    let folder = try TemporaryFolder()
    for text in ["1", "2", "3"] {
      try AtomicFile.write(
        Data(text.utf8), to: folder["file"], keepingPreviousAt: folder["previous"])
    }
    #expect(try folder.text(of: "file") + folder.text(of: "previous") == "32")
    #expect(folder.contents == ["file", "previous"])
  }

  @Test func leftoversAreRemovedUnlessTheyAreBeingWritten() throws {
    let folder = try TemporaryFolder()
    for name in [".maru-1x.tmp", ".maru-busy.tmp", ".maru", "maru-2.tmp", ".maru-3.png"] {
      try folder.write([1], to: name)
    }
    let descriptor = open(folder[".maru-busy.tmp"], O_RDONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try AtomicFile.write(Data([1]), to: folder["file"])
    #expect(folder.contents == [".maru", ".maru-3.png", ".maru-busy.tmp", "file", "maru-2.tmp"])
  }

  @Test func writersSurviveTheRemovalOfLeftovers() throws {
    let folder = try TemporaryFolder()
    let path = folder.path
    let isDone = Atomic<Bool>(false)
    let removers = DispatchGroup()
    for _ in 0..<2 {
      DispatchQueue.global().async(group: removers) {
        while !isDone.load(ordering: .relaxed) { AtomicFile.removeLeftovers(in: path) }
      }
    }
    var failures: [String] = []
    for _ in 0..<3_000 {
      do {
        try AtomicFile.write(
          Data([1]), to: folder["file"], keepingPreviousAt: folder["previous"])
      } catch { failures.append("\(error)") }
    }
    isDone.store(true, ordering: .relaxed)
    removers.wait()
    #expect(failures.isEmpty)
    #expect(folder.contents == ["file", "previous"])
  }

  @Test func checkLeavesNothingBehind() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("old".utf8), to: "file")
    try AtomicFile.check(folder["file"])
    try AtomicFile.check(folder["new"])
    #expect(try folder.text(of: "file") == "old")
    #expect(folder.contents == ["file"])
  }
}

struct NumPyFileTests {
  @Test(arguments: [[], [5], [2, 3], [2, 1, 4]])
  func bytesAreThoseOfNumPy(_ sizes: [Int]) throws {
    let folder = try TemporaryFolder()
    let shape = Shape(sizes)
    let tensor = Tensor((0..<shape.count).map { Float($0) - 1.5 }, shape: shape)
    try NumPyFile.write(tensor, to: folder["array.npy"])
    #expect(try folder.bytes(of: "array.npy") == goldenBytes("rank\(sizes.count).npy"))
    #expect(folder.contents == ["array.npy"])
  }
}
