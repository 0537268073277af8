import Foundation
import Synchronization

/// Whole files, written so that a reader finds either the old contents or the new.
///
/// The first time that a process writes into a folder, the temporary files that killed processes have
/// left there are removed.
public enum AtomicFile {
  /// Writes a file: to a temporary one in the same folder, flushed to the disk, then renamed.
  ///
  /// Where anything fails, the temporary file is removed, and what was at `path` before stays. A
  /// symbolic link stays one, and its target is replaced, by a file of the same permissions; a folder or
  /// a device is refused.
  public static func write(_ contents: Data, to path: String) throws(ModelFileError) {
    try write([(path, contents)])
  }

  /// Writes a file as ``write(_:to:)``, and keeps the one that it replaces under another name.
  ///
  /// There is a whole file at `path` at every moment, where the file system has links.
  public static func write(
    _ contents: Data, to path: String, keepingPreviousAt previous: String
  ) throws(ModelFileError) {
    let staged = try StagedFile(contents, for: path)
    defer { staged.discard() }
    if access(staged.target, F_OK) == 0 {
      // A link under another name first, since one does not replace what is there.
      let second = staged.temporary + StagedFile.suffix
      defer { unlink(second) }
      while true {
        let isLinked = link(staged.target, second) == 0
        if rename(isLinked ? second : staged.target, previous) == 0 { break }
        // Nobody holds the link, so that another process may have taken it for a leftover.
        guard isLinked && errno == ENOENT else { throw .system("write", path: previous) }
      }
    }
    try staged.commit()
    synchronize(staged.folder)
  }

  /// Writes files that belong to the first one, such as a model, and never leaves some that belong to
  /// another one beside it.
  ///
  /// All are on the disk under other names before anything changes, so that a full disk leaves what
  /// was there before. Then what is to be replaced or removed, but for the first file, is set aside;
  /// then the first file gets its name; then the others get theirs; then what was set aside goes.
  /// So at each moment there is the old first file with nothing but its own, or the new one with
  /// nothing but its own. Where the system refuses to set aside, or to name the first file, all that
  /// was there before is put back; where it refuses a later one, the new first file stays, with those
  /// that have their names. Who is killed meanwhile may leave the old first file alone.
  /// - Parameters:
  ///   - files: the paths, and what is to be in them
  ///   - stale: what else belongs to the file that was first before, if it is there
  public static func write(
    _ files: [(path: String, contents: Data)], removing stale: [String] = []
  ) throws(ModelFileError) {
    var staged: [StagedFile] = []
    defer { for file in staged { file.discard() } }
    for file in files { staged.append(try StagedFile(file.contents, for: file.path)) }
    var aside: [AsideFile] = []
    do throws(ModelFileError) {
      for path in staged.dropFirst().map(\.target) + stale {
        if let file = try AsideFile(path) { aside.append(file) }
      }
      try staged.first?.commit()
    } catch {
      for file in aside.reversed() { file.putBack() }
      throw error
    }
    defer {
      for file in aside { file.remove() }
      for folder in Set(staged.map(\.folder)) { synchronize(folder) }
    }
    for file in staged.dropFirst() { try file.commit() }
  }

  /// Makes sure that a file can be written, and leaves nothing behind.
  public static func check(_ path: String) throws(ModelFileError) {
    try StagedFile(Data(), for: path).discard()
    // Of what a file system's attributes protect (chattr), no other call tells before the rename.
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor >= 0 { close(descriptor) }
    if descriptor < 0 && errno == EPERM { throw .system("write", path: path) }
  }

  /// The folder that a path lies in.
  ///
  /// Not by Foundation's `deletingLastPathComponent`, which traps for a name of one letter on Linux.
  public static func folder(of path: String) -> String {
    guard let slash = path.dropLast(path.hasSuffix("/") ? 1 : 0).lastIndex(of: "/") else {
      return "."
    }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Removes the temporary files that processes which were killed have left in a folder; those that
  /// are being written stay.
  package static func removeLeftovers(in folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(StagedFile.prefix) && name.hasSuffix(StagedFile.suffix) {
      let descriptor = open(folder + "/" + name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      if descriptor < 0 { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(folder + "/" + name) }
      close(descriptor)
    }
  }

  /// Makes a rename in a folder, or a folder in it, last; a file system that cannot has nothing to add.
  package static func synchronize(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }
}

/// A file that is to go, under a temporary name until it may.
private struct AsideFile {
  private let path, temporary: String

  /// Gives the file the other name; nil where there is none, as where a folder has its name.
  init?(_ path: String) throws(ModelFileError) {
    var status = stat()
    guard lstat(path, &status) == 0, [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) else {
      return nil
    }
    self.path = path
    temporary = StagedFile.temporaryPath(in: AtomicFile.folder(of: path))
    guard rename(path, temporary) == 0 else { throw .system("replace", path: path) }
  }

  func putBack() { rename(temporary, path) }
  func remove() { unlink(temporary) }
}

/// Contents on the disk under a temporary name, to be renamed.
///
/// The file is locked as long as its process works on it, so that others can tell it from one that
/// was left behind.
private struct StagedFile {
  static let prefix = ".maru-"
  static let suffix = ".tmp"
  /// The folders that this process has looked through for leftovers.
  private static let tidied = Mutex<Set<String>>([])

  /// The path as it was asked for, and the file that it leads to.
  let path, target: String
  let folder, temporary: String
  private let descriptor: Int32

  init(_ contents: Data, for path: String) throws(ModelFileError) {
    self.path = path
    target = try Self.target(of: path)
    folder = AtomicFile.folder(of: target)
    if Self.tidied.withLock({ [folder] in $0.insert(folder).inserted }) {
      AtomicFile.removeLeftovers(in: folder)
    }
    (temporary, descriptor) = try Self.open(in: folder, for: path)
    var status = stat()
    if stat(target, &status) == 0 { fchmod(descriptor, status.st_mode & 0o777) }
    do throws(ModelFileError) {
      try Self.writeAll(contents, to: descriptor, path: path)
      guard fsync(descriptor) == 0 else { throw ModelFileError.system("write", path: path) }
    } catch {
      discard()
      throw error
    }
  }

  /// Gives the file its name.
  func commit() throws(ModelFileError) {
    guard rename(temporary, target) == 0 else { throw .system("write", path: path) }
  }

  /// Removes the file where it still has its temporary name, and lets go of it.
  func discard() {
    unlink(temporary)
    close(descriptor)
  }

  /// A name that no other file has.
  static func temporaryPath(in folder: String) -> String {
    // Not the process's number: in a container it is the same in every run.
    let number = String(UInt64.random(in: 0 ... .max), radix: 36)
    return "\(folder)/\(prefix)\(number)\(suffix)"
  }

  /// Makes a temporary file and locks it.
  private static func open(
    in folder: String, for path: String
  ) throws(ModelFileError) -> (path: String, descriptor: Int32) {
    while true {
      let temporary = temporaryPath(in: folder)
      let descriptor = Foundation.open(
        temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw .system("write", path: path) }
      // Until it was locked, another process may have taken it for a leftover.
      let isTaken = flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
      var status = stat()
      if !isTaken && fstat(descriptor, &status) == 0 && status.st_nlink > 0 {
        return (temporary, descriptor)
      }
      close(descriptor)
    }
  }

  private static func target(of path: String) throws(ModelFileError) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ModelFileError(
        .inputOutput, path: path, "cannot write: expected a file, found a folder or a device")
    }
    guard let resolved = realpath(path, nil) else { throw .system("write", path: path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func writeAll(
    _ contents: Data, to descriptor: Int32, path: String
  ) throws(ModelFileError) {
    var written = 0
    while written < contents.count {
      let result = contents.withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress! + written, contents.count - written)
      }
      if result < 0 && errno == EINTR { continue }
      guard result > 0 else { throw .system("write", path: path) }
      written += result
    }
  }
}
