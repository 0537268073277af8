extension GreyImage {
  /// Part of a picture.
  struct Box: Equatable {
    let rows, columns: Range<Int>

    var centre: (y: Double, x: Double) {
      (
        Double(rows.lowerBound + rows.upperBound) / 2,
        Double(columns.lowerBound + columns.upperBound) / 2
      )
    }
  }

  /// The median of the pixels along the four sides.
  var borderMedian: Int {
    var counts = [Int](repeating: 0, count: 256)
    for y in 0..<height {
      let isWhole = y == 0 || y == height - 1
      for x in isWhole ? Array(0..<width) : [0, width - 1] {
        counts[Int(pixels[y * width + x])] += 1
      }
    }
    let half = counts.reduce(0, +) / 2
    var below = 0
    return counts.firstIndex { count in
      below += count
      return below > half
    } ?? 0
  }

  /// The smallest part that holds all pixels of at least a quarter of the largest; nil where all
  /// are 0.
  var box: Box? {
    let peak = Int(pixels.max() ?? 0)
    if peak == 0 { return nil }
    let least = UInt8((peak + 3) / 4)
    var (top, bottom, left, right) = (height, 0, width, 0)
    for y in 0..<height {
      let row = pixels[y * width..<(y + 1) * width]
      guard let first = row.firstIndex(where: { $0 >= least }),
        let last = row.lastIndex(where: { $0 >= least })
      else { continue }
      (top, bottom) = (min(top, y), y + 1)
      (left, right) = (min(left, first - row.startIndex), max(right, last - row.startIndex + 1))
    }
    return Box(rows: top..<bottom, columns: left..<right)
  }

  /// The mean place of the pixels in a part, each weighing what it is; pixel 0 has its middle at 0.5.
  func centreOfMass(of box: Box) -> (y: Double, x: Double) {
    var (mass, momentY, momentX) = (0, 0, 0)
    for y in box.rows {
      for x in box.columns {
        let weight = Int(pixels[y * width + x])
        mass += weight
        momentY += weight * y
        momentX += weight * x
      }
    }
    return (Double(momentY) / Double(mass) + 0.5, Double(momentX) / Double(mass) + 0.5)
  }

  /// Stretches of one axis, all of one length, and how much of each a pixel makes up.
  struct Spans {
    let weights: [[(index: Int, weight: Float)]]

    /// `count` stretches of `length` pixels from `start` on; what lies outside of the `size` pixels
    /// of the picture counts as 0.
    init(count: Int, of length: Double, from start: Double, within size: Int) {
      weights = (0..<count).map { cell in
        let (low, high) = (start + Double(cell) * length, start + Double(cell + 1) * length)
        let first = min(max(0, Int(low.rounded(.down))), size)
        let end = min(max(first, Int(high.rounded(.up))), size)
        return (first..<end).map { index in
          (index, Float((min(high, Double(index + 1)) - max(low, Double(index))) / length))
        }
      }
    }
  }

  /// The mean over each area of a grid, row by row.
  func areaMeans(rows: Spans, columns: Spans) -> [Float] {
    rows.weights.flatMap { row in
      var sums = [Float](repeating: 0, count: width)
      for (y, weight) in row {
        for x in 0..<width { sums[x] += weight * Float(pixels[y * width + x]) }
      }
      return columns.weights.map { column in
        column.reduce(0) { $0 + $1.weight * sums[$1.index] }
      }
    }
  }
}
