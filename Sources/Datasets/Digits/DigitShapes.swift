/// How the ten digits are written by hand: a few styles each, each style a few strokes of the pen.
///
/// A stroke is a list of points (x to the right, y downwards, a digit 100 high) that a smooth curve
/// passes through; a point written twice is a corner. Shaking the points gives as many hands as
/// wanted.
enum DigitShapes {
  typealias Point = (x: Float, y: Float)
  typealias Stroke = [Point]
  typealias Style = [Stroke]

  /// The styles of each digit from 0 to 9.
  static let styles: [[Style]] = [
    zeros, ones, twos, threes, fours, fives, sixes, sevens, eights, nines,
  ]

  private static let zeros: [Style] = [
    // A round one, begun at the top and closed there.
    [[(36, 1), (14, 12), (3, 42), (8, 80), (32, 99), (57, 84), (66, 48), (54, 12), (34, 2)]],
    // A narrow one.
    [[(30, 0), (12, 20), (7, 55), (16, 90), (30, 100), (44, 85), (51, 48), (44, 14), (28, 1)]],
    // One whose end crosses its beginning.
    [
      [
        (52, 12), (34, 2), (12, 22), (3, 58), (16, 92), (38, 98), (60, 74), (64, 36), (48, 8),
        (28, 10),
      ]
    ],
  ]

  private static let ones: [Style] = [
    [[(30, 0), (30, 34), (30, 67), (30, 100)]],
    [[(12, 22), (32, 1), (32, 1), (32, 50), (31, 100)]],
    [[(10, 20), (30, 1), (30, 1), (30, 50), (30, 99)], [(8, 99), (30, 98), (54, 99)]],
  ]

  private static let twos: [Style] = [
    // With a corner at the foot.
    [
      [
        (8, 24), (20, 5), (40, 1), (56, 16), (52, 40), (30, 70), (6, 97), (6, 97), (34, 96),
        (64, 98),
      ]
    ],
    // With a loop at the foot.
    [
      [
        (6, 20), (24, 3), (48, 6), (56, 28), (42, 58), (20, 88), (6, 94), (8, 80), (24, 82),
        (44, 97), (68, 92),
      ]
    ],
    // With a flat foot drawn in one swing.
    [[(10, 14), (30, 2), (54, 14), (52, 42), (28, 76), (10, 96), (30, 97), (62, 90)]],
  ]

  private static let threes: [Style] = [
    [
      [
        (8, 14), (26, 1), (50, 8), (52, 32), (28, 46), (28, 46), (54, 56), (60, 80), (38, 99),
        (6, 90),
      ]
    ],
    // With a flat top.
    [[(8, 3), (56, 2), (56, 2), (28, 40), (28, 40), (54, 52), (60, 76), (42, 97), (8, 94)]],
    // In one swing, with a small loop in the middle.
    [
      [
        (10, 10), (34, 0), (54, 14), (44, 38), (24, 48), (26, 44), (48, 50), (62, 72), (46, 96),
        (20, 100), (4, 86),
      ]
    ],
  ]

  private static let fours: [Style] = [
    // Open at the top.
    [[(14, 2), (10, 28), (6, 54), (6, 54), (32, 56), (64, 50)], [(52, 4), (50, 50), (46, 100)]],
    // Closed: down, across, and the stem.
    [[(46, 2), (26, 32), (4, 64), (4, 64), (36, 64), (70, 62)], [(46, 2), (47, 50), (48, 100)]],
    // In one stroke, the stem drawn back up and down.
    [
      [
        (10, 6), (8, 34), (20, 54), (40, 48), (56, 8), (56, 8), (54, 40), (50, 72), (48, 100),
      ]
    ],
  ]

  private static let fives: [Style] = [
    [
      [(16, 4), (12, 24), (10, 44), (10, 44), (38, 38), (60, 58), (56, 86), (30, 99), (4, 90)],
      [(16, 4), (38, 3), (62, 2)],
    ],
    // In one stroke, begun at the right end of its bar.
    [
      [
        (60, 3), (18, 5), (18, 5), (10, 46), (10, 46), (36, 42), (56, 60), (50, 88), (26, 99),
        (4, 92),
      ]
    ],
    // Softly, almost an S.
    [[(58, 4), (32, 4), (18, 18), (22, 40), (46, 52), (56, 74), (40, 96), (8, 94)]],
  ]

  private static let sixes: [Style] = [
    [
      [
        (50, 2), (26, 22), (9, 54), (12, 86), (32, 99), (54, 88), (54, 64), (34, 54), (14, 70),
      ]
    ],
    // Straight down, with a low bowl.
    [
      [
        (28, 0), (14, 32), (7, 68), (18, 96), (42, 97), (55, 80), (44, 62), (24, 64), (10, 80),
      ]
    ],
    // With a hook at the top.
    [
      [
        (58, 12), (42, 2), (20, 20), (6, 54), (12, 90), (36, 99), (58, 82), (50, 58), (28, 52),
        (10, 68),
      ]
    ],
  ]

  private static let sevens: [Style] = [
    [[(6, 6), (30, 5), (60, 3), (60, 3), (42, 44), (26, 100)]],
    // With a bar through the stem.
    [[(6, 8), (32, 5), (62, 4), (62, 4), (42, 46), (28, 100)], [(20, 52), (40, 50), (60, 48)]],
    // With a serif, and a bent stem.
    [[(8, 22), (8, 5), (8, 5), (34, 8), (62, 4), (62, 4), (50, 30), (40, 62), (38, 100)]],
  ]

  private static let eights: [Style] = [
    // An S that returns.
    [
      [
        (52, 12), (32, 1), (12, 14), (18, 38), (44, 56), (56, 78), (36, 98), (10, 84), (18, 60),
        (46, 38), (54, 14),
      ]
    ],
    // Two rings.
    [
      [(32, 46), (12, 34), (14, 10), (34, 1), (52, 12), (50, 36), (30, 46)],
      [(30, 46), (8, 62), (10, 90), (32, 99), (56, 88), (54, 60), (32, 47)],
    ],
    // Begun at the crossing.
    [
      [
        (34, 48), (14, 30), (22, 4), (46, 4), (52, 26), (30, 50), (10, 76), (22, 98), (48, 94),
        (52, 70), (32, 46),
      ]
    ],
  ]

  private static let nines: [Style] = [
    // A ring and a straight stem.
    [
      [(54, 16), (36, 2), (12, 14), (8, 38), (28, 50), (50, 34), (56, 10)],
      [(56, 8), (54, 50), (50, 100)],
    ],
    // In one stroke, the stem bent to the left.
    [
      [
        (54, 20), (34, 1), (10, 18), (14, 44), (38, 46), (56, 20), (56, 20), (58, 56), (42, 90),
        (14, 98),
      ]
    ],
    // With a slanting stem.
    [[(54, 14), (30, 2), (8, 24), (20, 46), (46, 34), (57, 8), (57, 8), (46, 52), (30, 100)]],
  ]
}
