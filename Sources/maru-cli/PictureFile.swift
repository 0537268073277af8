import ArgumentParser
import Foundation
import Maru

/// A file that a picture goes to.
///
/// Its name, its place and gnuplot are checked before any work, so that a command does not draw what
/// it cannot keep.
struct PictureFile {
  private let path: String

  /// Throws a mistake of usage where the name of the file is of no picture.
  static func checkName(_ path: String?, of option: String) throws {
    guard let path else { return }
    do { _ = try Chart.Format(of: path) } catch { throw ValidationError("\(option): \(error)") }
  }

  /// Makes sure that the picture can be drawn and the file written, and leaves nothing behind.
  /// - Parameters:
  ///   - path: where it goes
  ///   - option: what names that
  ///   - force: whether a file may be replaced
  init(checking path: String, of option: String, unless force: ForceOption) throws {
    self.path = path
    try force.check([path], of: path, by: option)
    _ = try Gnuplot()
    try AtomicFile.check(path)
  }

  /// Draws the picture, and says where it is.
  func write(_ chart: Chart) throws {
    let contents = try chart.contents(for: path)
    try Interrupts.heldBack { try AtomicFile.write(contents, to: path) }
    Results.print("saved: \(path)")
  }
}
