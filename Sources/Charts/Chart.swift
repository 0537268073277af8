import Foundation
import Training

/// A picture drawn by gnuplot.
///
/// ```swift
/// try Chart.accuracy(of: history).write(to: "accuracy.svg")
/// ```
///
/// Its background is white, so that it can be read on a dark page too. Making a chart costs little
/// and needs no gnuplot; drawing it does, and throws ``ChartError`` where there is none. Drawing
/// blocks the thread until gnuplot has ended.
public struct Chart: Sendable, Equatable {
  /// What stands above the picture.
  public let title: String
  /// The size of the picture in pixels.
  public let width, height: Int
  /// The commands with their data, without those that choose the form of the output.
  package let script: String

  /// The forms that a picture can have.
  package enum Format: String, CaseIterable {
    case svg, png

    /// The form that the ending of a path asks for.
    package init(of path: String) throws(ChartError) {
      let ending = path.split(separator: "/").last?.split(separator: ".").dropFirst().last ?? ""
      guard let format = Format(rawValue: ending.lowercased()) else {
        throw ChartError(
          kind: .unknownEnding, description: "\(path): expected a name that ends in .svg or .png")
      }
      self = format
    }
  }

  /// Writes an SVG or a PNG file, by the ending of the path; a reader finds all of it or none.
  ///
  /// Throws ``ChartError`` where there is no gnuplot, where the ending is another, and where the
  /// file cannot be written.
  public func write(to path: String) throws(ChartError) {
    let contents = try contents(for: path)
    do {
      try contents.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
      let code = (cause as NSError?)?.code
      let words = code.map { String(cString: strerror(Int32($0))) } ?? "\(error)"
      throw ChartError(kind: .inputOutput, description: "\(path): cannot write: \(words)")
    }
  }

  /// The contents of a file of that name.
  package func contents(for path: String) throws(ChartError) -> Data {
    switch try Format(of: path) {
    case .svg: Data((try svg() + "\n").utf8)
    case .png: Data(try png())
    }
  }

  /// The picture as an `<svg>` element, for a file of its own or to stand in a page of HTML.
  ///
  /// It needs nothing beside it, and its ids are no other chart's.
  public func svg() throws(ChartError) -> String { try finished(startSVG().get(), inPage: false) }

  /// The picture as the bytes of a PNG file, with the sign � for letters that no installed font has.
  public func png() throws(ChartError) -> [UInt8] {
    let script = FontCoverage.installed.replacingMissing(in: script)
    // Cairo takes points for what SVG takes as pixels; the scale makes text the same size in both.
    return Array(try start(script, "pngcairo fontscale 0.75").finish())
  }

  /// Several pictures as by ``svg()``, or why there is none, drawn by as many programs at once as there
  /// are processors; those for a report's page in the colours of its style, which follow light and dark.
  static func svgs(files: [Chart], inPage: [Chart]) -> [Result<String, ChartError>] {
    typealias Started = (chart: Chart, inPage: Bool, picture: Result<Gnuplot.Drawing, ChartError>)
    var started: [Started] = []
    var drawn: [Result<String, ChartError>] = []
    func finishFirst() {
      let (chart, inPage, picture) = started.removeFirst()
      drawn.append(
        Result { () throws(ChartError) in
          try chart.finished(try picture.get(), inPage: inPage)
        })
    }
    for (chart, inPage) in files.map({ ($0, false) }) + inPage.map({ ($0, true) }) {
      if started.count == Processors.usable { finishFirst() }
      var picture = chart.startSVG()
      // Where descriptors are short, one that is drawn gives its own back.
      while case .failure = picture, !started.isEmpty {
        finishFirst()
        picture = chart.startSVG()
      }
      started.append((chart, inPage, picture))
    }
    while !started.isEmpty { finishFirst() }
    return drawn
  }

  private func startSVG() -> Result<Gnuplot.Drawing, ChartError> {
    Result { () throws(ChartError) in try start(script, "svg name '\(identifier)'") }
  }

  private func finished(_ drawing: Gnuplot.Drawing, inPage: Bool) throws(ChartError) -> String {
    let svg = SVG.tidied(
      String(decoding: try drawing.finish(), as: UTF8.self), title: title, prefix: identifier)
    return inPage ? SVG.styled(svg) : svg
  }

  private func start(_ script: String, _ terminal: String) throws(ChartError) -> Gnuplot.Drawing {
    try Gnuplot().start(
      """
      set encoding utf8
      set terminal \(terminal) size \(width),\(height) noenhanced font 'sans-serif,13' \
      background '#ffffff' linewidth 1
      \(script)
      exit

      """)
  }

  /// A name that follows from what is drawn (by the hash FNV-1a), so that the same chart gives the
  /// same file.
  private var identifier: String {
    let hash = (title + script).utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    return "chart" + String(hash, radix: 36)
  }
}
