import ArgumentParser
import Maru

/// The file that a picture of the results goes to.
struct ChartOption: ParsableArguments {
  @Option(
    name: .customLong("chart"),
    help: ArgumentHelp("Draw the results to this .svg or .png file.", valueName: "file"))
  var path: String?

  func validate() throws {
    guard let path else { return }
    do { _ = try Chart.Format(of: path) } catch { throw ValidationError("--chart: \(error)") }
  }

  /// Makes sure that the picture can be drawn and written, before the measurements.
  func check() throws {
    guard let path else { return }
    _ = try Gnuplot()
    try AtomicFile.check(path)
  }

  /// Makes and draws the picture that was asked for, if any.
  func write(_ chart: @autoclosure () -> Chart) throws {
    if let path { try AtomicFile.write(chart().contents(for: path), to: path) }
  }

  /// How many threads, in words.
  static func threads(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }
}
