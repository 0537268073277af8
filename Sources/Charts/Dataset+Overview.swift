import Datasets
import Tensors
import Text
import Training

extension Dataset {
  /// What the samples are called.
  package var noun: String { train.images.shape.rank >= 2 ? "images" : "samples" }

  /// One line on what was loaded.
  package var overview: String {
    let shape = train.images.shape.sizes.map(String.init).joined(separator: "×")
    let names = label?.task == .regression ? label?.targets.map(\.name) : nil
    let goal = names.map { names in
      let shown = names.prefix(3).map { "'\($0.printable)'" }.joined(separator: ", ")
      return shown + (names.count > 3 ? " and \(names.count - 3) more" : "") + " to predict"
    }
    return "\(name.printable): \(train.count.grouped) training and \(test.count.grouped) test "
      + "\(noun) of \(shape), \(goal ?? "\(classNames.count) classes")"
  }
}
