import Datasets
import Foundation
import Synchronization
import Testing

/// Downloads from a server on this machine; no network is needed.
@Suite(.timeLimit(.minutes(1)))
struct DatasetFetcherTests {
  typealias Answer = LoopbackServer.Answer
  typealias Part = PublishedDataset.Part

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let firstName = Part.trainImages.fileName + ".gz"
  private static let firstFile = Pebbles.files[.trainImages] ?? []

  /// The answers of a mirror that has all files, under a folder.
  private static func mirror(_ name: String) -> [String: Answer] {
    Dictionary(
      uniqueKeysWithValues: Pebbles.files.map {
        ("/\(name)/\($0.key.fileName).gz", .file(gzip($0.value)))
      })
  }

  /// A fetcher that is patient, since a busy machine may keep even a good mirror silent for a while;
  /// where a fault is silence, it is as impatient as it can be without failing for good mirrors.
  private static func fetcher(_ mirrors: [String], fault: String = "") -> DatasetFetcher {
    DatasetFetcher(
      mirrors: mirrors, stallTimeout: .seconds(fault.hasPrefix("silent") ? 5 : 20),
      totalTimeout: .seconds(fault == "slow" ? 2 : 30))
  }

  private var complete: [String] {
    ["pebbles"] + Part.allCases.map { "pebbles/\($0.fileName).gz" }.sorted()
  }

  @Test func fetchesAllFilesAndReportsProgress() async throws {
    let server = try LoopbackServer(Self.mirror("good"))
    let reports = Mutex<[DatasetFetcher.Progress]>([])
    let path = try await Self.fetcher([server.address("good")])
      .fetch(Pebbles.dataset, into: folder.path) { report in
        reports.withLock { $0.append(report) }
      }
    #expect(path == folder.path + "/pebbles")
    #expect(folder.contents == complete)
    let dataset = try Dataset.load(.published(Pebbles.dataset), dataDirectory: folder.path)
    #expect(dataset.train.labels == [0, 2, 1, 2])
    for (part, bytes) in Pebbles.files {
      let last = reports.withLock { $0.last { $0.fileName == part.fileName + ".gz" } }
      #expect(last?.receivedByteCount == gzip(bytes).count)
      #expect(last?.totalByteCount == gzip(bytes).count)
    }
  }

  @Test func tasksThatComputeDoNotMakeAServerSilent() async throws {
    let server = try LoopbackServer(Self.mirror("good"))
    let end = ContinuousClock.now + .seconds(7)
    let fetcher = Self.fetcher([server.address("good")], fault: "silent")
    async let fetched = fetcher.fetch(Pebbles.dataset, into: folder.path)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount {
        group.addTask { while ContinuousClock.now < end {} }
      }
    }
    #expect(try await fetched == folder.path + "/pebbles")
  }

  @Test func filesThatAreRightAreNotFetchedAgain() async throws {
    let server = try LoopbackServer(Self.mirror("good"))
    let fetcher = Self.fetcher([server.address("good")])
    // A plain file counts as well; of the archives, one is damaged.
    try Pebbles.write(to: folder, under: "pebbles", changing: [.testLabels: [], .testImages: []])
    try folder.write([1, 2, 3], to: "pebbles/\(Part.testLabels.fileName).gz")
    _ = try await fetcher.fetch(Pebbles.dataset, into: folder.path)
    #expect(
      server.requests == [
        "/good/\(Part.testImages.fileName).gz", "/good/\(Part.testLabels.fileName).gz",
      ])
    _ = try await fetcher.fetch(Pebbles.dataset, into: folder.path)
    #expect(server.requests.count == 2)
  }

  @Test func wrongPlainFileIsNotShadowed() async throws {
    let server = try LoopbackServer(Self.mirror("good"))
    let path = try folder.write([1, 2, 3], to: "pebbles/\(Part.trainImages.fileName)")
    let error = await #expect(throws: DatasetError.self) {
      try await Self.fetcher([server.address("good")]).fetch(Pebbles.dataset, into: folder.path)
    }
    #expect(error?.kind == .malformed)
    #expect(
      error?.description == "\(path): expected the file of that name or none, found another one")
    #expect(server.requests.isEmpty)
  }

  @Test func archiveSentAlreadyInflatedIsKeptUnderThePlainName() async throws {
    var answers = Self.mirror("good")
    answers["/good/\(Self.firstName)"] = .unannounced(body: Self.firstFile)
    let server = try LoopbackServer(answers)
    _ = try await Self.fetcher([server.address("good")])
      .fetch(Pebbles.dataset, into: folder.path)
    let dataset = try Dataset.load(.published(Pebbles.dataset), dataDirectory: folder.path)
    #expect(dataset.train.count == 4)
    #expect(folder.contents.contains("pebbles/\(Part.trainImages.fileName)"))
    #expect(!folder.contents.contains("pebbles/\(Self.firstName)"))
  }

  /// What can be wrong with a mirror, and how the error says it after the mirror's address.
  private static let faults: [(name: String, answer: Answer, reason: String)] = [
    ("page", .file(Array("<!DOCTYPE html>".utf8)), "sent a web page in place of the file"),
    ("status", .whole(status: 403, body: Array("no".utf8)), "answered with status 403"),
    (
      "cut", .cut(body: Array(gzip(firstFile).dropLast(5)), promised: gzip(firstFile).count),
      "failed: "
    ),
    (
      "cut-quietly", .unannounced(body: Array(gzip(firstFile).dropLast(5))),
      "sent another file: expected a whole gzip archive, found damaged, cut off or foreign data"
    ),
    ("silent", .silence(after: []), "was silent for 5.0 seconds"),
    ("silent-inside", .silence(after: [0x1F, 0x8B, 8]), "was silent for 5.0 seconds"),
    ("slow", .trickle, "took longer than 2.0 seconds"),
    (
      "other", .file(gzip(firstFile.dropLast() + [77])),
      "sent another file: expected SHA-256 \(sha256(firstFile[...])), found "
    ),
    (
      "bomb", .file(gzip(firstFile + [UInt8](repeating: 0, count: 1 << 20))),
      "sent another file: expected an "
        + "archive of at most 40 bytes once inflated, found more"
    ),
    (
      "large", .file([UInt8](repeating: 7, count: 10_000)),
      "offers 10000 bytes, expected at most 4136"
    ),
    (
      "large-quietly", .unannounced(body: [UInt8](repeating: 7, count: 200_000)),
      "sends more than the 4136 bytes expected"
    ),
  ]

  @Test(arguments: faults.indices)
  func faultyMirrorIsPassedOver(_ index: Int) async throws {
    let fault = Self.faults[index]
    let answers = ["/\(fault.name)/\(Self.firstName)": fault.answer]
    let server = try LoopbackServer(answers.merging(Self.mirror("good")) { first, _ in first })
    let faulty = server.address(fault.name)

    let error = await #expect(throws: DatasetError.self) {
      try await Self.fetcher([faulty], fault: fault.name).fetch(Pebbles.dataset, into: folder.path)
    }
    #expect(error?.kind == .network)
    let beginning =
      "pebbles/\(Self.firstName): no mirror delivered it: \(faulty) \(fault.reason)"
    #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "no error")")
    #expect(folder.contents == [])

    _ = try await Self.fetcher([faulty, server.address("good")], fault: fault.name)
      .fetch(Pebbles.dataset, into: folder.path)
    #expect(folder.contents == complete)
    #expect(server.requests.filter { $0 == "/\(fault.name)/\(Self.firstName)" }.count == 2)
  }

  @Test func errorNamesEveryMirror() async throws {
    let server = try LoopbackServer(["/a/\(Self.firstName)": .whole(status: 500, body: [])])
    let mirrors = [server.address("a"), server.address("b"), "ftp://127.0.0.1/c/"]
    let error = await #expect(throws: DatasetError.self) {
      try await Self.fetcher(mirrors).fetch(Pebbles.dataset, into: folder.path)
    }
    #expect(
      error?.problem
        == "no mirror delivered it: \(mirrors[0]) answered with status 500; "
        + "\(mirrors[1]) answered with status 404; \(mirrors[2]) is no web address")
  }

  @Test func closedPortIsAFault() async throws {
    let error = await #expect(throws: DatasetError.self) {
      try await Self.fetcher(["http://127.0.0.1:1/"]).fetch(Pebbles.dataset, into: folder.path)
    }
    #expect(error?.kind == .network)
    #expect(error?.problem.contains("http://127.0.0.1:1/ failed: ") == true)
    #expect(folder.contents == [])
  }

  @Test func filesBeforeAFaultAreKept() async throws {
    var answers = Self.mirror("good")
    answers["/good/\(Part.testImages.fileName).gz"] = .whole(status: 503, body: [])
    let server = try LoopbackServer(answers)
    await #expect(throws: DatasetError.self) {
      try await Self.fetcher([server.address("good")]).fetch(Pebbles.dataset, into: folder.path)
    }
    #expect(
      folder.contents == [
        "pebbles", "pebbles/\(Part.trainImages.fileName).gz",
        "pebbles/\(Part.trainLabels.fileName).gz",
      ])
  }

  @Test func folderThatCannotBeWrittenIsAnErrorOfItsOwn() async throws {
    let server = try LoopbackServer(Self.mirror("good"))
    let file = try folder.write([1], to: "file")
    let error = await #expect(throws: DatasetError.self) {
      try await Self.fetcher([server.address("good")]).fetch(Pebbles.dataset, into: file)
    }
    #expect(error?.kind == .inputOutput)
    #expect(error?.path.hasPrefix(file) == true)
    #expect(server.requests.isEmpty)
  }

  @Test func cancellationLeavesNothingBehind() async throws {
    let server = try LoopbackServer(["/a/\(Self.firstName)": .silence(after: [0x1F, 0x8B])])
    let fetcher = DatasetFetcher(mirrors: [server.address("a"), server.address("b")])
    let task = Task { [folder] in try await fetcher.fetch(Pebbles.dataset, into: folder.path) }
    while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    task.cancel()
    let error = await #expect(throws: DatasetError.self) { try await task.value }
    #expect(error?.description == "pebbles: cancelled")
    #expect(error?.kind == .cancelled)
    #expect(folder.contents == [])
    #expect(server.requests.count == 1)
  }

  @Test func taskCancelledBeforehandFetchesNothing() async throws {
    let server = try LoopbackServer(Self.mirror("good"))
    let task = Task { [folder] in
      while !Task.isCancelled { await Task.yield() }
      return try await Self.fetcher([server.address("good")])
        .fetch(Pebbles.dataset, into: folder.path)
    }
    task.cancel()
    let error = await #expect(throws: DatasetError.self) { try await task.value }
    #expect(error?.kind == .cancelled)
    #expect(folder.contents == [])
  }
}
