import Layers

/// What becomes of the order of a sample's values on the way through layers, in a program that keeps
/// images as [channels, height, width].
///
/// Layers in lanes take images, and are given them so; others are given what they would have here,
/// but those whose weights can be put in order instead (`UnitLayer`).
package struct ChannelsFirst {
  /// The image [height, width, channels] whose values have channels first, also where it is flattened;
  /// nil where all values lie as they do here.
  package private(set) var image: Shape?

  /// A change of the axes of a batch.
  package enum Step {
    /// The axis behind that of the samples becomes several.
    case unflatten([Int])
    /// The axes behind that of the samples, up to one of them, become one.
    case flatten(through: Int)
    /// Axes by their old places.
    case permute([Int])
  }

  package init() {}

  /// What brings values into the order that a layer takes.
  package mutating func steps(
    before layer: any Layer, _ plan: LayerPlan, on shape: Shape
  ) -> [Step] {
    switch plan.firstLayout {
    case nil: []
    case .lanes: stepsToFirst(shape)
    case .rows: layer is any UnitLayer ? [] : stepsToLast(shape)
    }
  }

  /// What brings values into the order that others, in front of the same layers, have.
  package mutating func steps(to other: ChannelsFirst, on shape: Shape) -> [Step] {
    other.image == nil ? stepsToLast(shape) : stepsToFirst(shape)
  }

  private mutating func stepsToFirst(_ shape: Shape) -> [Step] {
    guard image == nil, shape.rank >= 2 else { return [] }
    image = shape.rank == 2 ? Shape(shape.sizes + [1]) : shape
    return shape.rank == 2 ? [.unflatten([1, shape[0]])] : [.permute([0, 3, 1, 2])]
  }

  private mutating func stepsToLast(_ shape: Shape) -> [Step] {
    guard let image else { return [] }
    self.image = nil
    let toLast = Step.permute([0, 2, 3, 1])
    switch shape.rank {
    case 1: return [.unflatten([image[2], image[0], image[1]]), toLast, .flatten(through: 3)]
    case 2: return [.flatten(through: 2)]
    default: return [toLast]
    }
  }

  /// Goes on to what a layer gives.
  package mutating func pass(_ plan: LayerPlan) {
    switch plan.firstLayout {
    case nil: break
    case .lanes: image = plan.output.rank == 3 ? plan.output : plan.output.rank == 2 ? image : nil
    case .rows: image = nil
    }
    // In a vector of one place, or of one channel, either order is the same.
    if plan.output.rank == 1, let image, image[2] == 1 || image[0] * image[1] == 1 {
      self.image = nil
    }
  }

  /// The shape of a sample in the other program.
  package func shape(_ shape: Shape) -> Shape {
    guard let image, shape.rank > 1 else { return shape }
    return [image[2], image[0], image[1]]
  }

  /// The other program's shape of a sample after a step.
  package static func shape(_ shape: Shape, after step: Step) -> Shape {
    switch step {
    case .unflatten(let sizes): Shape(sizes + shape.sizes.dropFirst())
    case .flatten(let last):
      Shape([shape.sizes.prefix(last).reduce(1, *)] + shape.sizes.dropFirst(last))
    case .permute(let axes): Shape(axes.dropFirst().map { shape[$0 - 1] })
    }
  }

  /// The `weight` of a layer whose input this is, as the other program has it.
  package func theirs(_ weight: Tensor) -> Tensor {
    guard let sizes = imageSizes(of: weight) else { return weight }
    let theirs = weight.swappingAxes(sizes[0] * sizes[1], sizes[2])
    return weight.shape.rank == 2
      ? theirs : theirs.reshaped(to: [weight.shape[0], sizes[2], sizes[0], sizes[1]])
  }

  /// The `weight` of the other program's, as it is here.
  package func ours(_ weight: Tensor) -> Tensor {
    if weight.shape.rank == 2 {
      guard let sizes = imageSizes(of: weight) else { return weight }
      return weight.swappingAxes(sizes[2], sizes[0] * sizes[1])
    }
    guard weight.shape.rank == 4 else { return weight }
    let (channels, height, width) = (weight.shape[1], weight.shape[2], weight.shape[3])
    return weight.swappingAxes(channels, height * width)
      .reshaped(to: [weight.shape[0], height, width, channels])
  }

  /// Height, width and channels of what each row of a weight goes over.
  private func imageSizes(of weight: Tensor) -> [Int]? {
    switch weight.shape.rank {
    case 4: Array(weight.shape.sizes.dropFirst())
    case 2 where image?.count == weight.shape[1]: image?.sizes
    default: nil
    }
  }
}

extension Tensor {
  /// Each row, seen as [rows, columns], transposed.
  fileprivate func swappingAxes(_ rows: Int, _ columns: Int) -> Tensor {
    let (count, size) = (shape[0], rows * columns)
    return Tensor(shape: shape) { target in
      withUnsafeBufferPointer { source in
        for index in 0..<count {
          for row in 0..<rows {
            for column in 0..<columns {
              target[index * size + column * rows + row] =
                source[index * size + row * columns + column]
            }
          }
        }
      }
    }
  }
}
