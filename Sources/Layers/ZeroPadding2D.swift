/// Puts zeros around images.
///
/// No parameters. Shapes: `X` [batch, height, width, channels], or [batch, height, width] of one channel →
/// `Y` [batch, height + top + bottom, width + left + right, channels].
public struct ZeroPadding2D: Layer {
  /// The rows above and below, and the columns at the left and at the right.
  public let top, left, bottom, right: Int

  /// Creates the layer; all numbers are at least 0.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    require(
      min(top, left, bottom, right) >= 0,
      "ZeroPadding2D: expected sizes from 0, got \(top), \(left), \(bottom) and \(right)")
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
  }

  /// Creates the layer with as much at each side.
  public init(_ size: Int) { self.init(top: size, left: size, bottom: size, right: size) }

  /// [height, width, channels] → the same with more places.
  public func plan(_ input: Shape, _ context: PlanContext) throws(LayerError) -> LayerPlan {
    guard 2...3 ~= input.rank && input.count >= 1 else {
      throw LayerError(
        "ZeroPadding2D expects images [height, width, channels], got shape \(input)")
    }
    let channels = input.rank == 3 ? input[2] : 1
    let output: Shape = [input[0] + top + bottom, input[1] + left + right, channels]
    let row = channels * Layout.laneCount
    let (from, to) = (input[1] * row, output[1] * row)
    let first = top * to + left * row
    var plan = LayerPlan(
      output: output,
      forward: [
        Phase(reads: [.input: .part], writes: [.output: .part], split: .samples) {
          operands, part, _ in
          for block in part.range {
            let (x, y) = (operands.x.row(block), operands.y.row(block))
            y.update(repeating: 0, count: operands.y.columns)
            for line in 0..<input[0] {
              (y + first + line * to).update(from: x + line * from, count: from)
            }
          }
        }
      ],
      inputGradient: [
        Phase(reads: [.outputGradient: .part], writes: [.inputGradient: .part], split: .samples) {
          operands, part, _ in
          for block in part.range {
            let (dX, dY) = (operands.dX.row(block), operands.dY.row(block))
            for line in 0..<input[0] {
              (dX + line * from).update(from: dY + first + line * to, count: from)
            }
          }
        }
      ])
    plan.layout = .lanes
    return plan
  }
}
