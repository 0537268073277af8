import Maru
import Text

/// What `predict` prints.
extension PredictCommand {
  /// Prints the first rows of numbers.
  func printNumbers(_ values: Tensor, _ names: [String]) {
    let shown = names.prefix(count ?? 15)
    let width = shown.map(\.cells).max() ?? 0
    let texts = shown.indices.map { row in
      (0..<values.shape[1]).map { Double(values[row, $0]).significant(5) }
    }
    let widths = (0..<values.shape[1]).map { column in
      texts.map { $0[column].cells }.max() ?? 0
    }
    for (name, texts) in zip(shown, texts) {
      let columns =
        widths.count == 1 ? texts : zip(texts, widths).map { $0.padded(to: $1, left: true) }
      Results.print(
        "\(name.padded(to: width, left: true))  \(columns.joined(separator: "  "))")
    }
  }

  /// Prints the share of right guesses among the rows that have labels, if any has.
  func tellAccuracy(_ guesses: [Guess], _ labels: [Int]?) {
    let known = zip(guesses, labels ?? []).filter { $1 >= 0 }
    if known.isEmpty { return }
    let right = known.count { $0.label == $1 }
    Results.print("accuracy score: \((Double(right) / Double(known.count)).fixed(4))")
  }

  /// Prints the first guesses, beside them what is right where that is known.
  /// - Parameter rows: what each sample is called; its number from 0 unless given
  func printFirst(
    _ guesses: [Guess], _ labels: [Int]?, names: [String], rows: [String]? = nil
  ) {
    let count = min(count ?? 15, guesses.count)
    let numbers = (0..<count).map { rows?[$0] ?? "\($0)" }
    let numberWidth = numbers.map(\.cells).max() ?? 0
    let names = Terminal.standardOutput.fitted(names, times: 2, beside: numberWidth + 13)
    let width = names.map(\.cells).max() ?? 0
    for index in 0..<count {
      let guess = guesses[index].label
      let percent = (100 * Double(guesses[index].probability)).fixed(0)
      let number = numbers[index].padded(to: numberWidth, left: true)
      let answer = "\(names[guess].padded(to: width)) \(percent.padded(to: 3, left: true))%"
      if let label = labels?[index], label >= 0 {
        Results.print("\(number)  \(guess == label ? "✓" : "✗") \(answer)  (\(names[label]))")
      } else {
        Results.print("\(number)  \(answer)")
      }
    }
  }
}
