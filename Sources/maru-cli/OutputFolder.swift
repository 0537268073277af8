import Foundation
import Maru

/// The folder of `--output`, made where it is missing.
final class OutputFolder {
  let path: String
  /// The folders that this process has made, innermost first.
  private var made: [String] = []

  init(_ path: String) throws {
    if path.isEmpty { throw Failure.usage("--output: expected a folder, got an empty name") }
    self.path = path
  }

  /// Makes it, so that it lasts.
  func create() throws {
    var missing: [String] = []
    var folder = path
    while !FileManager.default.fileExists(atPath: folder) {
      missing.append(folder)
      folder = AtomicFile.folder(of: folder)
    }
    for folder in missing.reversed() {
      if mkdir(folder, 0o777) == 0 {
        made.insert(folder, at: 0)
        AtomicFile.synchronize(AtomicFile.folder(of: folder))
      } else if errno != EEXIST {
        let reason = String(cString: strerror(errno))
        removeIfEmpty()
        throw Failure.inputOutput("--output \(path): cannot create the folder: \(reason)")
      }
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { throw Failure.inputOutput("--output \(path): expected a folder, found a file") }
  }

  /// Takes back the folders that were made, where nothing is in them.
  func removeIfEmpty() {
    for folder in made { rmdir(folder) }
  }
}
