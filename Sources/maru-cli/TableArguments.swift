import ArgumentParser
import Foundation
import Maru

extension TableOptions.Decimal: ExpressibleByArgument {}
extension Preparation.Task: ExpressibleByArgument {}
extension Preparation.Scale: ExpressibleByArgument {}
extension Preparation.Missing: ExpressibleByArgument {}

extension TableOptions.Separator: ExpressibleByArgument {
  /// The character itself, or its name where a shell makes it hard to give.
  public init?(argument: String) {
    let names = [
      "comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "blank": " ",
    ]
    self.init(rawValue: names[argument.lowercased()] ?? argument)
  }

  /// The name of the case.
  public var defaultValueDescription: String { "\(self)" }
  /// What may be given.
  public static var allValueStrings: [String] { [",", ";", "tab", "|", "blank"] }
}

/// How the text of a table is written; shared by all commands that read one.
struct TableTextOptions: ParsableArguments {
  @Option(
    help: "What stands between the fields of a table. (default: what is found)")
  var separator: TableOptions.Separator?
  @Option(help: "The decimal mark of a table's numbers. (default: what is found)")
  var decimal: TableOptions.Decimal?
  @Flag(
    inversion: .prefixedNo,
    help: "Whether a table's first row has the names of its columns. (default: what is found)")
  var header: Bool?

  var options: TableOptions {
    TableOptions(separator: separator, decimal: decimal, hasHeader: header)
  }

  /// The options that were given.
  var given: [String] {
    [
      ("--separator", separator != nil), ("--decimal", decimal != nil),
      (header == true ? "--header" : "--no-header", header != nil),
    ].filter(\.1).map(\.0)
  }
}

/// How a table becomes samples; shared by the commands that learn from one.
struct TableArguments: ParsableArguments {
  @OptionGroup var text: TableTextOptions
  @Option(
    help: ArgumentHelp(
      "The column of a table to predict, or columns of numbers with commas between. (default: one with "
        + "a usual name, or by its place)", valueName: "name|number,..."))
  var label: [String] = []
  @Option(
    help: ArgumentHelp(
      "Columns of a table to leave out, with commas between.", valueName: "name|number,..."))
  var ignore: [String] = []
  @Option(help: "What to predict. (default: what the label's values look like)")
  var task: Preparation.Task?
  @Option(
    help: "How a table's numbers are scaled. (default: standard; for a table of pixels 255)")
  var scale: Preparation.Scale?
  @Option(help: "What becomes of values that are missing in a table. (default: mean)")
  var missing: Preparation.Missing?
  @Option(
    help: ArgumentHelp("A table to test with, instead of a part of the rows.", valueName: "file"))
  var test: String?
  @Option(
    help: ArgumentHelp(
      "The size to bring the pictures of a folder to, as 64x64. (default: the one that all have)",
      valueName: "WxH"))
  var imageSize: PictureSize?
  @Option(
    parsing: .unconditional,
    help: "The part of a table's rows, or of pictures, to test with. (default: 0.2)")
  var testSplit: Double?

  func validate() throws {
    if let testSplit, !(0 < testSplit && testSplit < 1) {
      throw ValidationError(
        "--test-split: expected a number above 0 and below 1, got \(testSplit)")
    }
    if test != nil && testSplit != nil {
      throw ValidationError(
        "--test-split: expected without --test, which has all rows to test with")
    }
    if text.separator == .comma && text.decimal == .comma {
      throw ValidationError("--decimal ,: expected with another --separator than a comma")
    }
  }

  /// The options that were given.
  var given: [String] {
    text.given
      + [
        ("--label", !label.isEmpty), ("--ignore", !ignore.isEmpty), ("--task", task != nil),
        ("--scale", scale != nil), ("--missing", missing != nil), ("--test", test != nil),
      ].filter(\.1).map(\.0)
  }

  /// An option that was given, but that a model which is trained further has its own value of.
  func given(against kept: LearnedInputs, _ source: DatasetSource) -> String? {
    if kept.pictures != nil, source.isOfPictures, imageSize != nil { return "--image-size" }
    guard kept.table != nil, case .csv = source else { return nil }
    return [
      ("--ignore", !ignore.isEmpty), ("--scale", scale != nil), ("--missing", missing != nil),
    ].first { $0.1 }?.0
  }

  /// Throws a failure where an option was given for what is no table.
  func check(with source: DatasetSource) throws {
    if case .csv = source {
      guard imageSize == nil else {
        throw Failure.usage(
          "--image-size: expected with a folder of pictures, but \(source) is none")
      }
      return
    }
    if case .numPyArchive = source, given == ["--task"], imageSize == nil, testSplit == nil {
      return
    }
    if let option = given.first {
      throw Failure.usage("\(option): expected with a table, but \(source) is none")
    }
    if case .directory = source { return }
    if let option = imageSize != nil ? "--image-size" : testSplit != nil ? "--test-split" : nil {
      throw Failure.usage("\(option): expected with a folder of pictures, but \(source) is none")
    }
  }

  func settings(seed: UInt64 = 0, split: SplitName? = nil) -> TableSettings {
    TableSettings(
      options: text.options, labels: label, ignored: ignore, task: task, scale: scale,
      missing: missing ?? .mean, testFile: test, testSplit: testSplit ?? 0.2,
      split: split.flatMap { .init(rawValue: $0.rawValue) } ?? .stratified, seed: seed,
      imageSize: imageSize)
  }
}

extension PictureSize: ExpressibleByArgument {
  /// Two numbers with an x between, or one for both sides.
  public init?(argument: String) {
    let sides = argument.lowercased().split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "x" || $0 == "×" }
    ).map { Int($0) }
    guard let width = sides.first ?? nil, let height = sides.last ?? nil, sides.count <= 2,
      1...8192 ~= width, 1...8192 ~= height
    else { return nil }
    self.init(width: width, height: height)
  }
}

extension TableFindings {
  /// Says what looks wrong; and what was guessed, where people are told.
  func tell(lines isTold: Bool) {
    let told = (isTold ? lines : []) + warnings.map { "warning: \($0)" }
    let width = Terminal.standardError.limit ?? .max
    for line in told.flatMap({ $0.wrapped(to: width) }) { Messages.print("\(line)") }
  }
}

extension LabelledImages {
  /// What a model should answer.
  var goal: Targets { targets.map { .values($0) } ?? .classes(labels) }
}

extension Dataset {
  /// Whether numbers are predicted.
  var isOfNumbers: Bool { label?.task == .regression }

  /// How many outputs a model of it has.
  var outputs: Int { label?.outputs ?? classNames.count }
}
