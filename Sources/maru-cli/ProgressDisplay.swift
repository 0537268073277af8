import ArgumentParser
import Foundation
import Maru
import Text

/// How training is reported while it runs, on standard error.
enum ProgressMode: String, CaseIterable, ExpressibleByArgument {
  /// A bar on a terminal, else lines.
  case auto
  /// Keras's line, redrawn in place on a terminal that can.
  case bar
  /// One line per epoch.
  case lines
  /// One JSON object per epoch.
  case json
  /// No progress, messages or tables.
  case none

  /// Whether messages and tables are wanted beside.
  var isForPeople: Bool { self != .json && self != .none }

  /// Whether it is Keras's line.
  var drawsBar: Bool { self == .bar || self == .auto && Terminal.standardError.takesCodes }

  /// The callback that reports, or nil for none.
  func callback() -> (any Callback)? {
    switch self {
    case .auto, .bar: drawsBar ? ProgressBar() : ProgressLines()
    case .lines: ProgressLines()
    case .json: ProgressJSON()
    case .none: nil
    }
  }
}

/// Keras's progress line: epoch, steps, a bar, the time of a step, the figures so far; then the
/// validation's figures behind.
final class ProgressBar: Callback {
  private static let width = 20
  /// A shorter bar shows nothing.
  private static let leastWidth = 5
  private static let redrawEvery = Duration.milliseconds(60)
  /// How many times as long as a drawing the time to the next is: some metrics sort all samples.
  private static let leastPause = 50
  /// Else a line is drawn once per epoch, without colours.
  private let takesCodes = Terminal.standardError.takesCodes
  private var nextDraw = ContinuousClock.now
  private var epochStarted = ContinuousClock.now
  private var isLineOpen = false
  private var progress: TrainingProgress?

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    self.progress = progress
    startEpoch(progress.epoch, of: progress.epochs)
  }

  func stepDidEnd(_ progress: TrainingProgress) -> Decision {
    let now = ContinuousClock.now
    let isDue = now >= nextDraw && progress.step < progress.steps
    if takesCodes && isDue && Interrupts.received == nil {
      let figures =
        progress.metrics.indices.map { (progress.metrics[$0].name, progress.metric($0)) }
        + [("loss", progress.loss)]
      draw(progress, seconds: (now - epochStarted).inSeconds, figures: figures, isLast: false)
      nextDraw = now + max(Self.redrawEvery, (ContinuousClock.now - now) * Self.leastPause)
    }
    return .proceed
  }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    guard let progress else { return .proceed }
    draw(
      progress, seconds: record.seconds, figures: Self.inKerasOrder(record.values), isLast: true)
    if record.epoch < progress.epochs { startEpoch(record.epoch + 1, of: progress.epochs) }
    return .proceed
  }

  func trainingDidPause(_ state: TrainingState, model: Sequential) {
    if Interrupts.received == nil || !isLineOpen { return }
    // Drawn at the moment of the answer, the bar may stand below it.
    Messages.draw(Interrupts.hasTold ? "\r\u{1B}[K" : "\n")
    isLineOpen = false
  }

  private func startEpoch(_ epoch: Int, of epochs: Int) {
    epochStarted = .now
    nextDraw = epochStarted + Self.redrawEvery
    if epoch <= epochs { Messages.print("Epoch \(epoch)/\(epochs)") }
  }

  private func draw(
    _ progress: TrainingProgress, seconds: Double, figures: [(String, Double)], isLast: Bool
  ) {
    let done = "\(progress.step)".padded(to: "\(progress.steps)".count, left: true)
    let steps = "\(done)/\(progress.steps) "
    let stepTime = (seconds / Double(max(progress.step, 1))).asStepTime
    let time = "\(Int(seconds.rounded()))s \(stepTime)/step"
    let texts = figures.map { "- \($0): \($1.fixed(4))" }
    let tail = ([time] + texts).joined(separator: " ")
    // A line that wraps can't be redrawn in place, so a narrow terminal gets less of the bar, and none
    // of what does not fit; the last one, which stays, goes on below. The last column stays free: the
    // cursor stands there.
    let room = Terminal.width(of: STDERR_FILENO).map { $0 - 1 } ?? .max
    let width = min(Self.width, room - steps.count - (isLast ? time : tail).count - 1)
    let head = steps + (width < Self.leastWidth ? "" : bar(width, progress) + " ")
    let line =
      isLast
      ? ([head + time] + texts).filled(to: room, indent: steps.count)
      : head + tail.prefix(max(0, room - steps.count))
    let clearing = takesCodes ? "\u{1B}[K" : ""
    Messages.draw(
      (takesCodes ? "\r" : "") + line.replacing("\n", with: clearing + "\n") + clearing
        + (isLast ? "\n" : ""))
    isLineOpen = !isLast
  }

  /// What is done in green, the rest in white; the whole epoch where there are no colours.
  private func bar(_ width: Int, _ progress: TrainingProgress) -> String {
    let done = takesCodes ? width * progress.step / progress.steps : width
    let parts = [done, width - done].map { String(repeating: "━", count: $0) }
    return takesCodes ? "\u{1B}[32m\(parts[0])\u{1B}[37m\(parts[1])\u{1B}[0m" : parts[0]
  }

  /// Metrics before the loss, training before validation, as Keras prints them.
  static func inKerasOrder(_ figures: Figures) -> [(String, Double)] {
    let isValidation = { (name: String) in name.hasPrefix("val_") }
    let isLoss = { (name: String) in name.hasSuffix("loss") }
    return [false, true].flatMap { validation in
      [false, true].flatMap { loss in
        figures.filter { isValidation($0.name) == validation && isLoss($0.name) == loss }
          .map { ($0.name, $0.value) }
      }
    }
  }
}

/// One line per epoch, for pipes and files.
final class ProgressLines: Callback {
  private var progress: TrainingProgress?

  func trainingWillBegin(_ progress: TrainingProgress, model: Sequential) {
    self.progress = progress
  }

  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    guard let progress else { return .proceed }
    let figures = ProgressBar.inKerasOrder(record.values)
    let time = (record.seconds / Double(progress.steps)).asStepTime
    let pieces =
      ["Epoch \(record.epoch)/\(progress.epochs)", "- \((record.seconds * 1e3).fixed(0))ms"]
      + ["- \(time)/step"] + figures.map { "- \($0): \($1.fixed(4))" }
    let line = pieces.filled(to: Terminal.width(of: STDERR_FILENO), indent: 2)
    Messages.print(lines: line + "\n")
    return .proceed
  }
}

/// One JSON object per epoch: `{"epoch": 1, "loss": 0.5, …, "seconds": 0.02}`.
final class ProgressJSON: Callback {
  func epochDidEnd(_ record: EpochRecord, model: Sequential) -> Decision {
    let figures = record.values.map { "\"\($0.name)\": \($0.value.asJSON)" }
    let fields = ["\"epoch\": \(record.epoch)"] + figures + ["\"seconds\": \(record.seconds)"]
    Messages.print("{\(fields.joined(separator: ", "))}")
    return .proceed
  }
}
