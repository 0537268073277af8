import Foundation
import Maru

/// The folder of `--output`, made where it is missing.
struct OutputFolder {
  let path: String
  /// The folders that have to be made, innermost first.
  private let missing: [String]

  /// Looks which folders there are, and makes none.
  init(_ path: String) throws {
    if path.isEmpty { throw Failure.usage("--output: expected a folder, got an empty name") }
    self.path = path
    var missing: [String] = []
    var folder = path
    while !FileManager.default.fileExists(atPath: folder) {
      missing.append(folder)
      folder = AtomicFile.folder(of: folder)
    }
    self.missing = missing
  }

  /// Makes it, so that it lasts.
  func create() throws {
    for folder in missing.reversed() {
      if mkdir(folder, 0o777) == 0 {
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

  /// Takes back the folders that were missing, where nothing is in them.
  func removeIfEmpty() {
    for folder in missing { rmdir(folder) }
  }
}
