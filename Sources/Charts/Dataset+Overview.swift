import Datasets
import Training

extension Dataset {
  /// One line on what was loaded.
  package var overview: String {
    let shape = train.images.shape.sizes.map(String.init).joined(separator: "×")
    return "\(name): \(train.count.grouped) training and \(test.count.grouped) test images "
      + "of \(shape), \(classNames.count) classes"
  }
}
