import Tensors

/// A picture brought into the form of a model's input, and what was done to it.
public struct FittedImage: Sendable, CustomStringConvertible {
  /// How a model's own images were made, so that a picture is made like them.
  public enum Style: Sendable {
    /// As MNIST: the longer side of what is written fills 20 of 28 pixels, and its centre of mass
    /// lies in the middle.
    case handwriting
    /// As Fashion-MNIST: the longer side of what is shown fills all pixels, and it lies in the
    /// middle.
    case object

    /// The style of images of these classes: handwriting where each name is one character.
    public init(classNames: [String]) {
      let areCharacters = !classNames.isEmpty && classNames.allSatisfy { $0.count == 1 }
      self = areCharacters ? .handwriting : .object
    }
  }

  /// The picture as the only image.
  public let image: Images
  /// What was done, as in `200×300 cropped to 120×180 → 28×28, grey, inverted (light background)`.
  public let description: String
}

extension GreyImage {
  /// The picture as input of a model that was trained on light shapes on black.
  ///
  /// The background is the median of the pixels on the border; where it is light, the picture is
  /// inverted. A picture of exactly the asked size is left as it is otherwise. Any other is cropped
  /// to what differs from the background by at least a quarter of the most, brought to the size by
  /// the means of areas, in proportion, and their levels are stretched: the background becomes 0,
  /// the mean that differs most 255, so that thin strokes do not come out faint. No size at all
  /// traps.
  /// - Parameters:
  ///   - rows: the height that the model expects
  ///   - columns: the width that the model expects
  ///   - style: how much the shape fills, and what lies in the middle
  public func fitted(
    rows: Int, columns: Int, as style: FittedImage.Style
  ) -> FittedImage {
    require(
      rows > 0 && columns > 0, "GreyImage.fitted: expected a size, got \(columns)×\(rows)")
    let background = borderMedian
    let isLight = background >= 128
    var steps = ["\(width)×\(height)"]
    let result: [UInt8]
    if (height, width) == (rows, columns) {
      result = isLight ? pixels.map { 255 - $0 } : pixels
    } else {
      let differences = (0...255).map { UInt8(max(0, isLight ? background - $0 : $0 - background)) }
      let shape = GreyImage(
        pixels: pixels.map { differences[Int($0)] }, width: width, height: height)
      let box = shape.box
      if let box, box != Box(rows: 0..<height, columns: 0..<width) {
        steps[0] += " cropped to \(box.columns.count)×\(box.rows.count)"
      }
      steps[0] += " → \(columns)×\(rows)"
      result =
        box.map { shape.resized($0, rows, columns, style) }
        ?? [UInt8](repeating: 0, count: rows * columns)
    }
    steps.append("grey")
    if isLight { steps.append("inverted (light background)") }
    if result.allSatisfy({ $0 == result[0] }) { steps.append("blank") }
    return FittedImage(
      image: Images(pixels: result, shape: [rows, columns]),
      description: steps.joined(separator: ", "))
  }

  /// A light shape on 0 in another size, its lightest pixel 255.
  private func resized(
    _ box: Box, _ rows: Int, _ columns: Int, _ style: FittedImage.Style
  ) -> [UInt8] {
    let filled: Double
    let centre, target: (y: Double, x: Double)
    switch style {
    case .handwriting:
      filled = 20.0 / 28
      centre = centreOfMass(of: box)
      // MNIST's centres lie in the middle of pixel (14, 14), the first behind the half.
      target = (Double(rows / 2) + 0.5, Double(columns / 2) + 0.5)
    case .object:
      filled = 1
      centre = box.centre
      target = (Double(rows) / 2, Double(columns) / 2)
    }
    let step = max(
      Double(box.rows.count) / (Double(rows) * filled),
      Double(box.columns.count) / (Double(columns) * filled))
    let means = areaMeans(
      rows: Spans(count: rows, of: step, from: centre.y - target.y * step, within: height),
      columns: Spans(count: columns, of: step, from: centre.x - target.x * step, within: width))
    // What is written lies in a box around its centre, so that some of it is in the frame.
    let scale = 255 / (means.max() ?? 1)
    return means.map { UInt8(min(255, ($0 * scale).rounded())) }
  }
}
