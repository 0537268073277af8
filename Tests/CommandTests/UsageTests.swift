import FileTestSupport
import Testing

/// A command line that is wrong, what is said of it, and where to read on.
struct WrongUsage: Sendable, CustomTestStringConvertible {
  let arguments: [String]
  let message: String
  let hint: String?

  init(_ line: String, _ message: String, hint: String? = "maru train --help") {
    arguments = Command.words(line)
    self.message = message
    self.hint = hint
  }

  var testDescription: String { arguments.joined(separator: " ") }
}

struct UsageTests {
  @Test func versionIsOneLine() throws {
    let result = try Command.maru("--version")
    expectSuccess(result)
    #expect(result.output == "0.1.0\n")
  }

  /// The program that makes the man page of it leaves out all other characters.
  @Test func helpIsASCII() throws {
    let result = try Command.maru("--experimental-dump-help")
    expectSuccess(result)
    #expect(result.outputLines.filter { !$0.allSatisfy(\.isASCII) } == [])
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func shellsCompleteOptions(_ shell: String) throws {
    let result = try Command.maru("--generate-completion-script \(shell)")
    expectSuccess(result)
    #expect(result.output.contains("early-stopping"))
  }

  @Test(arguments: ["", "--help", "help"])
  func helpNamesEveryCommand(_ line: String) throws {
    let result = try Command.maru(line)
    expectSuccess(result)
    #expect(
      result.output == """
        OVERVIEW: Trains dense neural networks on CPUs, over OpenBLAS.

        USAGE: maru <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        SUBCOMMANDS:
          train                   Train a network, and save it with its history.
          fit-linear              Fit a linear function in one step, by least squares.
          evaluate                Score a model on the test part of a data set.
          predict                 Predict the classes of test images, or of your own.
          summary                 Print the layers of a model, and draw its weights.
          compare                 Print the settings and results of several runs side
                                  by side.
          plot                    Draw the accuracy or the loss of a run over its
                                  epochs.
          export                  Write a model for another program.
          import                  Make a model of a PyTorch network's weights.
          data                    List, look at and download data sets.
          doctor                  Tell what processor, BLAS, kernels and threads this
                                  is, and how fast they multiply.

          See 'maru help <subcommand>' for detailed help.

        """)
  }

  @Test func helpOfACommandNamesEveryOption() throws {
    let result = try Command.maru("train --help")
    expectSuccess(result)
    let options = [
      "exercise", "dataset", "data-directory", "layers", "optimizer", "learning-rate",
      "l2", "batch-size", "epochs", "tolerance", "validation-split", "split", "seed", "threads",
      "output", "progress",
    ]
    #expect(options.filter { !result.output.contains("\n  --\($0) <") } == [])
  }

  private static let wrongUsages: [WrongUsage] = [
    .init("train --epochs 0", "--epochs: expected at least 1, got 0"),
    .init("train --epochs=-1", "--epochs: expected at least 1, got -1"),
    .init("train --epochs -3", "--epochs: expected at least 1, got -3"),
    .init("train --learning-rate -0.5", "--learning-rate: expected a number above 0, got -0.5"),
    .init(
      "train --validation-split -0.1",
      "--validation-split: expected a number from 0 to below 1, got -0.1"),
    .init("train --threads -2", "--threads: expected 1 to 1024, got -2"),
    .init("train --learning-rate 0", "--learning-rate: expected a number above 0, got 0.0"),
    .init("train --learning-rate=-1", "--learning-rate: expected a number above 0, got -1.0"),
    .init("train --learning-rate nan", "--learning-rate: expected a number above 0, got nan"),
    .init("train --learning-rate 1e999", "--learning-rate: expected a number above 0, got inf"),
    .init("train --learning-rate 1e-999", "--learning-rate: expected a number above 0, got 0.0"),
    .init("train --l2 -1", "--l2: expected a number from 0, got -1.0"),
    .init("train --l2 nan", "--l2: expected a number from 0, got nan"),
    .init(
      "train --tolerance 0.1", "--tolerance: expected with --optimizer lbfgs, which it ends"),
    .init(
      "train --optimizer adam --tolerance 0.1",
      "--tolerance: expected with --optimizer lbfgs, which it ends"),
    .init(
      "train --optimizer lbfgs --tolerance 1",
      "--tolerance: expected a number from 0 to below 1, got 1.0"),
    .init(
      "train --optimizer lbfgs --tolerance -1e-3",
      "--tolerance: expected a number from 0 to below 1, got -0.001"),
    .init(
      "train --optimizer lbfgs --batch-size 64",
      "--batch-size: expected full with --optimizer lbfgs, which takes all samples, got 64"),
    .init(
      "train --optimizer lbfgs --learning-rate 0.1",
      "--learning-rate: expected without --optimizer lbfgs, which finds its steps itself"),
    .init(
      "train --validation-split 1",
      "--validation-split: expected a number from 0 to below 1, got 1.0"),
    .init(
      "train --validation-split=-0.1",
      "--validation-split: expected a number from 0 to below 1, got -0.1"),
    .init(
      "train --validation-split nan",
      "--validation-split: expected a number from 0 to below 1, got nan"),
    .init(
      "train --validation-split 1e999",
      "--validation-split: expected a number from 0 to below 1, got inf"),
    .init("train --threads 0", "--threads: expected 1 to 1024, got 0"),
    .init("train --threads 1025", "--threads: expected 1 to 1024, got 1025"),
    .init(
      "fit-linear --dataset digits --ridge -1", "--ridge: expected auto or a number from 0, got -1",
      hint: "maru fit-linear --help"),
    .init(
      "fit-linear --dataset digits --ridge nan",
      "--ridge: expected auto or a number from 0, got nan", hint: "maru fit-linear --help"),
    .init(
      "fit-linear --dataset digits --validation-split 0",
      "--validation-split: expected a number above 0 and below 1, got 0.0",
      hint: "maru fit-linear --help"),
    .init(
      "fit-linear --dataset digits --ridge 1 --validation-split 0.5",
      "--validation-split: expected with --ridge auto, which is chosen by it",
      hint: "maru fit-linear --help"),
    .init(
      "fit-linear --dataset digits --threads 0", "--threads: expected 1 to 1024, got 0",
      hint: "maru fit-linear --help"),
    .init(
      "predict model --dataset digits --count=-1", "--count: expected a number from 0, got -1",
      hint: "maru predict --help"),
    .init(
      "predict model --dataset digits --count -1", "--count: expected a number from 0, got -1",
      hint: "maru predict --help"),
    .init(
      "predict model",
      "expected either --dataset or PNG images after the model, got neither",
      hint: "maru predict --help"),
    .init(
      "predict model a.png b.png --dataset digits",
      "expected either --dataset or PNG images after the model, got both",
      hint: "maru predict --help"),
    .init(
      "predict model a.png --count 3",
      "--count: expected with --dataset, since all images are printed", hint: "maru predict --help"),
    .init(
      "predict model --dataset digits --logits",
      "--logits: expected with --output, whose contents it changes", hint: "maru predict --help"),
    .init(
      "compare runs", "compare: expected two runs or more, got 1", hint: "maru compare --help"),
    .init(
      "predict model a.png --chart a.svg",
      "--chart: expected with --dataset, whose true classes it shows", hint: "maru predict --help"),
    .init(
      "predict model --dataset digits --chart same.png --mistakes ./same.png",
      "--mistakes: expected another file than that of --chart", hint: "maru predict --help"),
    .init(
      "predict model --dataset digits --output same.png --confusion same.png",
      "--confusion: expected another file than that of --output", hint: "maru predict --help"),
    .init(
      "data show digits --count -1", "--count: expected 1 to 1000, got -1",
      hint: "maru data show --help"),
    .init(
      "data show digits --index 60000", "--index: expected 0 to 59999, got 60000", hint: nil),
    .init(
      "data show digits --count 0 --output a.png", "--count: expected 1 to 1000, got 0",
      hint: "maru data show --help"),
    .init(
      "data show digits --count 2 --index 2 --output a.png", "--index: expected without --count",
      hint: "maru data show --help"),
    .init(
      "data fetch digits",
      "data fetch: 'digits' cannot be downloaded; expected mnist, fashion-mnist", hint: nil),
  ]

  @Test(arguments: wrongUsages)
  func wrongValueIsOneLineAndAHint(_ usage: WrongUsage) throws {
    expectFailure(try Command.maru(usage.arguments), 64, usage.message, hint: usage.hint)
  }

  /// The words are the argument parser's own, so they need only name what is wrong.
  @Test(arguments: [
    ("frobnicate", ["'frobnicate'"]),
    ("train digits", ["'digits'"]),
    ("train --epoch 1", ["'--epoch'", "'--epochs'"]),
    ("train --output", ["'--output <dir>'"]),
    ("train --epochs --threads 1", ["'--threads'", "'--epochs <epochs>'"]),
    ("train --epochs 1.5", ["'1.5'", "'--epochs <epochs>'"]),
    ("train --epochs 9223372036854775808", ["'9223372036854775808'", "'--epochs <epochs>'"]),
    ("train --learning-rate fast", ["'fast'", "'--learning-rate <rate>'"]),
    ("train --validation-split half", ["'half'", "'--validation-split <validation-split>'"]),
    ("train --batch-size 0", ["'0'", "'--batch-size <n|full>'"]),
    ("train --batch-size=-8", ["'-8'", "'--batch-size <n|full>'"]),
    ("train --batch-size -8", ["'-8'", "'--batch-size <n|full>'"]),
    ("train --batch-size nan", ["'nan'", "'--batch-size <n|full>'"]),
    ("train --batch-size 99999999999999999999", ["'99999999999999999999'"]),
    ("train --seed=-1", ["'-1'", "'--seed <seed>'"]),
    ("train --seed -1", ["'-1'", "'--seed <seed>'"]),
    ("train --seed 18446744073709551616", ["'18446744073709551616'", "'--seed <seed>'"]),
    ("train --threads 1e3", ["'1e3'", "'--threads <threads>'"]),
    ("train --progress loud", ["'loud'", "'--progress <progress>'", "'json'"]),
    ("train --split first", ["'first'", "'--split <split>'", "'stratified'"]),
    ("train --exercise rnn", ["'rnn'", "'--exercise <exercise>'", "'mlp'"]),
    ("train --optimizer lion", ["'lion'", "'--optimizer <optimizer>'", " - adamw"]),
    ("evaluate", ["'<model>'"]),
    ("evaluate model", ["'--dataset <dataset>'"]),
    ("predict", ["'<model>'"]),
    ("predict model --dataset digits --count 1e3", ["'1e3'", "'--count <count>'"]),
    ("summary", ["'<model>'"]),
    ("summary model more", ["'more'"]),
    ("compare", ["'<runs> ...'"]),
    ("data show", ["'<dataset>'"]),
    ("data sell", ["'sell'"]),
    ("doctor --cure", ["'--cure'"]),
  ])
  func whatTheParserRefusesIsOneLineAndAHint(_ line: String, _ names: [String]) throws {
    let result = try Command.maru(line)
    #expect(result.exitCode == 64 && result.output == "")
    try #require(result.errorLines.count == 2)
    #expect(result.errorLines[0].hasPrefix("maru: error: "))
    for name in names { #expect(result.errorLines[0].contains(name), "\(result.errorLines[0])") }
    let command = Command.words(line).prefix {
      !["digits", "model", "sell", "frobnicate"].contains($0)
    }
    .prefix { !$0.hasPrefix("-") }
    #expect(
      result.errorLines[1] == "  See '\((["maru"] + command).joined(separator: " ")) --help' for "
        + "more information.")
  }

  @Test func controlCharactersOfAnArgumentAreShownNotSent() throws {
    let result = try Command.maru(["summary", "a\nb\u{1B}[31m"])
    expectFailure(result, 66, "a\\nb\\u{1B}[31m: cannot read: No such file or directory")
  }
}
