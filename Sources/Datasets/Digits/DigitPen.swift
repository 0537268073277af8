/// Draws strokes on a small canvas, anti-aliased.
///
/// It keeps for each pixel how deep its centre lies under the pen's path, and turns the depth into
/// ink at the end; so a stroke that crosses itself is not darker there. All arithmetic is additions,
/// products, quotients and square roots, which IEEE 754 fixes to the bit: the same strokes give the
/// same bytes on every machine.
struct DigitPen {
  /// A place of the pen: x and y in pixels, and the pen's radius there.
  typealias Place = SIMD4<Float>

  /// Width and height of the canvas in pixels.
  static let size = 28

  private static let none: Float = -1000
  private var depths = [Float](repeating: DigitPen.none, count: size * size)

  /// Draws a straight line from one place to another, the radius changing evenly between them.
  mutating func line(from start: Place, to end: Place) {
    let reach = max(start.z, end.z) + 1.5
    let left = Self.pixel(min(start.x, end.x) - reach)
    let right = Self.pixel(max(start.x, end.x) + reach)
    let top = Self.pixel(min(start.y, end.y) - reach)
    let bottom = Self.pixel(max(start.y, end.y) + reach)
    let step = end - start
    let length = step.x * step.x + step.y * step.y
    let scale = length > 0 ? 1 / length : 0
    depths.withUnsafeMutableBufferPointer { depths in
      for row in top...bottom {
        let y = Float(row) + 0.5 - start.y
        for column in left...right {
          let x = Float(column) + 0.5 - start.x
          // The nearest point of the line is start + t · step.
          let t = min(max((x * step.x + y * step.y) * scale, 0), 1)
          let (dx, dy) = (x - t * step.x, y - t * step.y)
          let depth = start.z + t * step.z - (dx * dx + dy * dy).squareRoot()
          let index = row * Self.size + column
          depths[index] = max(depths[index], depth)
        }
      }
    }
  }

  /// Writes the canvas as bytes and clears it: from 0 for no ink to `ink` under the pen, over an
  /// edge `softness` pixels wide.
  mutating func develop(
    into pixels: UnsafeMutableBufferPointer<UInt8>, ink: Float, softness: Float
  ) {
    for index in pixels.indices {
      let cover = min(max(depths[index] / softness + 0.5, 0), 1)
      pixels[index] = UInt8(ink * cover * cover * (3 - 2 * cover) + 0.5)
      depths[index] = Self.none
    }
  }

  private static func pixel(_ coordinate: Float) -> Int {
    Int(min(max(coordinate, 0), Float(size - 1)))
  }
}
