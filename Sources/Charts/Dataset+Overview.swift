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
    let goal =
      preparation.map {
        $0.label.task == .regression ? "'\($0.label.name.printable)' to predict" : nil
      }
      ?? nil
    return "\(name.printable): \(train.count.grouped) training and \(test.count.grouped) test "
      + "\(noun) of \(shape), \(goal ?? "\(classNames.count) classes")"
  }
}
