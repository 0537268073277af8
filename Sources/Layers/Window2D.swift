import CKernels

/// What a filter or a pool covers of an image at a time, and how it moves over it.
public struct Window2D: Sendable, Hashable, ExpressibleByIntegerLiteral {
  /// What lies beyond an image's border.
  public enum Padding: String, Sendable {
    /// Nothing: windows stay within the image, so the result is smaller.
    case valid
    /// Zeros, as many as it takes for a result of ⌈size / stride⌉; where they are odd, one more below and
    /// to the right, as in Keras.
    case same
  }

  /// Its size in places.
  public let height, width: Int
  /// How far it moves at a time, in places of the image.
  public let stride: Int
  /// How far its own places lie apart in the image; 1 for neighbours.
  public let dilation: Int
  /// What lies beyond the border.
  public let padding: Padding

  /// Describes a window; all numbers are at least 1.
  /// - Parameters:
  ///   - height: its rows
  ///   - width: its columns; as many as rows unless given
  ///   - stride: how far it moves at a time; 1 unless given
  ///   - dilation: how far its places lie apart; 1 unless given
  ///   - padding: `valid` unless given
  public init(
    _ height: Int, _ width: Int? = nil, stride: Int = 1, dilation: Int = 1,
    padding: Padding = .valid
  ) {
    self.height = height
    self.width = width ?? height
    (self.stride, self.dilation, self.padding) = (stride, dilation, padding)
    require(
      min(height, self.width, stride, dilation) >= 1,
      "Window2D: expected sizes, stride and dilation from 1, got \(height)×\(self.width), stride \(stride), dilation \(dilation)"
    )
  }

  /// A square that moves by one place.
  public init(integerLiteral value: Int) { self.init(value) }

  /// The sizes of its way over images of a shape.
  func sizes(
    over input: Shape, filters: Int? = nil, for layer: String
  ) throws(LayerError) -> MaruConvolution {
    guard input.rank == 3 || input.rank == 2, input.count >= 1 else {
      throw LayerError(
        "\(layer) expects images [height, width, channels], got shape \(input)")
    }
    let channels = input.rank == 3 ? input[2] : 1
    let sizes = MaruConvolution(
      vertical: axis(input[0], height), horizontal: axis(input[1], width), channels: channels,
      filters: filters ?? channels)
    guard sizes.vertical.output >= 1 && sizes.horizontal.output >= 1 else {
      throw LayerError(
        "\(layer) has windows of \(extent(height))×\(extent(width)), which do not fit into images of \(input[0])×\(input[1])"
      )
    }
    return sizes
  }

  /// The places beyond the borders of images of a shape that its windows touch.
  package func borders(
    of input: Shape
  ) -> (top: Int, left: Int, bottom: Int, right: Int) {
    func border(_ axis: MaruWindowAxis) -> (before: Int, after: Int) {
      let end = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
      return (axis.padding, max(end - axis.padding - axis.input, 0))
    }
    let (vertical, horizontal) = (
      border(axis(input[0], height)), border(axis(input[1], width))
    )
    return (vertical.before, horizontal.before, vertical.after, horizontal.after)
  }

  /// What it spans with the gaps of its dilation.
  private func extent(_ size: Int) -> Int { (size - 1) * dilation + 1 }

  private func axis(_ input: Int, _ size: Int) -> MaruWindowAxis {
    let (output, before): (Int, Int) =
      switch padding {
      case .valid: (input < extent(size) ? 0 : (input - extent(size)) / stride + 1, 0)
      case .same:
        (
          (input + stride - 1) / stride,
          max((((input + stride - 1) / stride - 1) * stride + extent(size) - input), 0) / 2
        )
      }
    return MaruWindowAxis(
      input: input, output: output, kernel: size, dilation: dilation, stride: stride,
      padding: before)
  }
}
