import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Downloads the files of a data set and keeps them only if they are the right ones.
///
/// Each file is asked of one mirror after the other. What arrives is written beside its final place,
/// inflated, compared with the known SHA-256, and then moved there in one step, so that a folder
/// never holds half a file under the name of a whole one. A file that is there and right is left
/// alone.
public struct DatasetFetcher: Sendable {
  /// How far the download of one file has come.
  public struct Progress: Sendable, Hashable {
    /// The name of the file.
    public let fileName: String
    /// The bytes received so far.
    public let receivedByteCount: Int
    /// All bytes of the file, where the server has told.
    public let totalByteCount: Int?
  }

  /// The addresses of folders to ask, in order, in place of the data set's own.
  public let mirrors: [String]?
  /// How long a server may be silent.
  public let stallTimeout: Duration
  /// How long one file may take in all.
  public let totalTimeout: Duration

  /// Creates a fetcher.
  /// - Parameters:
  ///   - mirrors: addresses of folders to ask, in order; the data set's own by default
  ///   - stallTimeout: how long a server may be silent, before its answer or within it
  ///   - totalTimeout: how long one file may take from one server
  public init(
    mirrors: [String]? = nil, stallTimeout: Duration = .seconds(20),
    totalTimeout: Duration = .seconds(900)
  ) {
    self.mirrors = mirrors
    self.stallTimeout = stallTimeout
    self.totalTimeout = totalTimeout
  }

  /// Downloads the files that are missing or wrong.
  ///
  /// It waits for servers without blocking a thread. Only checking a file, which was there or has
  /// arrived, blocks one, for some tenths of a second.
  /// - Parameters:
  ///   - dataset: the data set
  ///   - directory: the folder for data sets, which gets a folder of the set's name;
  ///     ``Dataset/cacheDirectory(environment:)`` is where ``Dataset/load(_:dataDirectory:environment:table:memory:)``
  ///     looks
  ///   - progress: called with each piece that arrives, from another thread
  /// - Returns: The folder that holds the four files.
  /// - Throws: ``DatasetError`` of kind `network` that names each mirror and why it failed, of kind
  ///   `inputOutput` where a file can't be written, `malformed` where a wrong file is in the way,
  ///   and `cancelled` once the task is. No temporary file is left behind.
  public func fetch(
    _ dataset: PublishedDataset, into directory: String,
    progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws(DatasetError) -> String {
    let folder = DatasetFolder.join(directory, dataset.name)
    let isNew = FileAccess.kind(of: folder) == .nothing
    let isParentNew = FileAccess.kind(of: directory) == .nothing
    // Foundation's call makes the folders above as well. Where it fails, so does writing a file
    // there, which then says why.
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    // Takes the folders back unless they hold a file.
    defer {
      if isNew { rmdir(folder) }
      if isParentNew { rmdir(directory) }
    }
    for part in PublishedDataset.Part.allCases {
      guard let file = dataset.files[part] else { continue }
      if try isPresent(part, file, in: folder) { continue }
      try await fetch(part, file, of: dataset, into: folder, progress: progress)
    }
    return folder
  }

  /// Whether the file that would be loaded is there and right.
  ///
  /// A wrong one that the download will not replace is an error, since it would go on being loaded.
  private func isPresent(
    _ part: PublishedDataset.Part, _ file: PublishedDataset.File, in folder: String
  ) throws(DatasetError) -> Bool {
    guard let path = DatasetFolder(folder).files[part] else { return false }
    if case .expected = try DownloadedFile.contents(of: path, expecting: file) { return true }
    guard path.hasSuffix(part.fileName + ".gz") else {
      throw .malformed(path, expected: "the file of that name or none", found: "another one")
    }
    return false
  }

  private func fetch(
    _ part: PublishedDataset.Part, _ file: PublishedDataset.File, of dataset: PublishedDataset,
    into folder: String, progress: @escaping @Sendable (Progress) -> Void
  ) async throws(DatasetError) {
    let name = part.fileName + ".gz"
    var failures: [String] = []
    for mirror in mirrors ?? dataset.mirrors {
      let address = DatasetFolder.join(mirror, name)
      let temporary = try DownloadedFile(in: folder, name: name)
      defer { temporary.remove() }
      let download = Download(
        to: temporary, limit: Gzip.largestArchive(of: file.byteCount),
        stallTimeout: stallTimeout, totalTimeout: totalTimeout
      ) { received, total in
        progress(
          Progress(fileName: name, receivedByteCount: received, totalByteCount: total))
      }
      let failure = await download.run(address)
      if Task.isCancelled { throw DatasetError(.cancelled, path: dataset.name, "cancelled") }
      switch failure {
      case .local(let error): throw error
      case .remote(let reason): failures.append("\(mirror) \(reason)")
      case nil:
        switch try DownloadedFile.contents(of: temporary.path, expecting: file) {
        case .other(let contents): failures.append("\(mirror) sent \(contents)")
        case .expected(let isArchive):
          // Some servers inflate on the way.
          let kept = isArchive ? name : part.fileName
          return try temporary.keep(as: DatasetFolder.join(folder, kept))
        }
      }
    }
    throw DatasetError(
      .network, path: "\(dataset.name)/\(name)",
      "no mirror delivered it: \(failures.joined(separator: "; "))")
  }
}

extension Dataset {
  /// The user's folder for data sets that can be had again: `$XDG_CACHE_HOME/maru`, or
  /// `~/.cache/maru`; `nil` where the environment names neither.
  public static func cacheDirectory(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String? {
    DatasetFolder.cacheFolder(environment: environment)
  }
}
