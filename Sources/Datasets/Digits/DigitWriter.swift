import Tensors

/// Writes one digit in a random hand.
///
/// The points of a style are shaken one by one, the figure is bent by a smooth random field,
/// widened, slanted and turned, and then brought to the middle of the canvas, 20 pixels high or
/// wide, as the digits of MNIST are.
struct DigitWriter {
  private typealias Place = DigitPen.Place

  private var random: RandomGenerator
  private var pen = DigitPen()
  private var path: [Place] = []
  private var strokeEnds: [Int] = []

  init() { random = RandomGenerator(seed: 0) }

  /// Draws a digit of the given class; `random` alone decides the hand.
  mutating func write(
    _ digit: Int, with random: RandomGenerator, into pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    self.random = random
    let styles = DigitShapes.styles[digit]
    trace(styles[Int(self.random.next() >> 32) % styles.count])
    bend()
    slantAndTurn()
    fit()
    var first = 0
    for end in strokeEnds {
      for index in first + 1..<end { pen.line(from: path[index - 1], to: path[index]) }
      first = end
    }
    pen.develop(
      into: pixels, ink: self.random.uniform(225, 255), softness: self.random.uniform(0.8, 1.4))
  }

  /// Lays the path through the shaken points of a style: Catmull-Rom curves (Catmull and Rom 1974)
  /// in four steps each.
  private mutating func trace(_ style: DigitShapes.Style) {
    path.removeAll(keepingCapacity: true)
    strokeEnds.removeAll(keepingCapacity: true)
    let radius = random.uniform(0.8, 1.75)
    let shake = random.uniform(1, 4.5)
    for stroke in style {
      var points: [Place] = []
      for (index, point) in stroke.enumerated() {
        if index > 0, point == stroke[index - 1] {
          points.append(points[index - 1])
        } else {
          let pressure = radius * (1 + 0.12 * bell())
          points.append(
            Place(point.x + shake * bell(), point.y + shake * bell(), pressure, 0))
        }
      }
      path.append(points[0])
      for index in 1..<points.count where stroke[index] != stroke[index - 1] {
        let (before, after) = (points[max(index - 2, 0)], points[min(index + 1, points.count - 1)])
        appendCurve(before, points[index - 1], points[index], after)
      }
      strokeEnds.append(path.count)
    }
  }

  private mutating func appendCurve(_ p0: Place, _ p1: Place, _ p2: Place, _ p3: Place) {
    let (leaving, arriving) = ((p2 - p0) * 0.5, (p3 - p1) * 0.5)
    for step in 1...4 {
      let t = Float(step) * 0.25
      let (t2, t3) = (t * t, t * t * t)
      let start = p1 * (2 * t3 - 3 * t2 + 1) + leaving * (t3 - 2 * t2 + t)
      path.append(start + p2 * (3 * t2 - 2 * t3) + arriving * (t3 - t2))
    }
  }

  /// Moves the path by a smooth field: random vectors on a 4×4 grid, blended by quadratic B-splines.
  private mutating func bend() {
    let strength = random.uniform(2, 9)
    var grid: [Place] = []
    for _ in 0..<16 { grid.append(Place(bell(), bell(), 0, 0) * strength) }
    for index in path.indices {
      let (column, xWeights) = Self.spline(path[index].x / 70 * 2)
      let (row, yWeights) = Self.spline(path[index].y / 100 * 2)
      var shift = Place.zero
      for y in 0..<3 {
        for x in 0..<3 {
          shift += grid[(row + y) * 4 + column + x] * (xWeights[x] * yWeights[y])
        }
      }
      path[index] += shift
    }
  }

  /// The first of the three knots around a position in 0…2, and their weights, which add up to 1.
  private static func spline(_ position: Float) -> (first: Int, weights: SIMD4<Float>) {
    let clamped = min(max(position, 0), 1.9999)
    let first = Int(clamped)
    let t = clamped - Float(first)
    let (left, right) = (0.5 * (1 - t) * (1 - t), 0.5 * t * t)
    return (first, SIMD4(left, 1 - left - right, right, 0))
  }

  private mutating func slantAndTurn() {
    let width = 1 + 0.16 * bell()
    let slant = 0.22 * bell() + 0.08
    // Half the tangent of the angle gives sine and cosine without the library's, whose last bit
    // depends on the machine.
    let half = 0.07 * bell()
    let (cosine, sine) = ((1 - half * half) / (1 + half * half), 2 * half / (1 + half * half))
    for index in path.indices {
      let place = path[index]
      let x = place.x * width + slant * (50 - place.y)
      path[index].x = x * cosine - place.y * sine
      path[index].y = x * sine + place.y * cosine
    }
  }

  /// Scales the path so that the longer side of its box is about 20 pixels, and puts the middle of
  /// its ink about the middle of the canvas.
  private mutating func fit() {
    var (low, high) = (path[0], path[0])
    var sum = Place.zero
    for place in path {
      low = pointwiseMin(low, place)
      high = pointwiseMax(high, place)
      sum += place
    }
    let size = max(high.x - low.x, high.y - low.y)
    let scale = random.uniform(16.5, 19) / size
    let middle = (low + high) * 0.35 + sum / Float(path.count) * 0.3
    // The widest pen with its soft edge reaches 3.2 pixels beyond the path, and the edge
    // of the canvas stays free.
    let center = Place(14 + 0.8 * bell(), 14 + 0.8 * bell(), 0, 0)
    let (least, most) = (4 - (low - middle) * scale, 24 - (high - middle) * scale)
    let (x, y) = (
      min(max(center.x, least.x), most.x), min(max(center.y, least.y), most.y)
    )
    for index in path.indices {
      let place = path[index]
      path[index] = Place(
        (place.x - middle.x) * scale + x, (place.y - middle.y) * scale + y, place.z, 0)
    }
  }

  /// A random number of mean 0 and variance 1, nearly normal and within ±3.5: a sum of four uniform
  /// ones, since the logarithm and cosine of a true normal one depend on the machine.
  private mutating func bell() -> Float {
    let sum = (random.uniform() + random.uniform()) + (random.uniform() + random.uniform())
    return (sum - 2) * 1.7320508
  }
}
