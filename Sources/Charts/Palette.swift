/// The colours of the pictures, which the colour-blind can tell apart.
enum Palette {
  /// Text, and the lines of the axes.
  static let ink = "#222222"
  /// Lines that only guide the eye.
  static let faint = "#d9d9d9"
  /// The frames of images and bars.
  static let outline = "#999999"
  /// The lesson's blue: training, and what is right.
  static let blue = "#0057d9"
  /// The lesson's red: validation, and what is wrong.
  static let red = "#d7191c"
  /// The lesson's grey: the other classes.
  static let grey = "#777777"

  /// One colour per run, by Okabe and Ito (2008).
  static let runs = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
  ]

  /// One colour per class, by Tol (2021), *Colour schemes*, "muted", and black.
  static let classes = [
    "#332288", "#cc6677", "#117733", "#ddaa33", "#55bbee", "#882255", "#44aa99", "#999933",
    "#aa4499", "#222222",
  ]

  /// From white to black, as the lesson draws images in its grids.
  static let binary = "set palette defined (0 '#ffffff', 1 '#000000')"

  /// The lesson's colours of a single image, matplotlib's viridis at nine places.
  static let viridis =
    "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e', 4 '#21918c', "
    + "5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')"

  /// From blue by white to red, for numbers around zero.
  static let diverging =
    "set palette defined (0 '#053061', 1 '#2166ac', 2 '#4393c3', 3 '#92c5de', 4 '#d1e5f0', "
    + "5 '#ffffff', 6 '#fddbc7', 7 '#f4a582', 8 '#d6604d', 9 '#b2182b', 10 '#67001f')"

  /// From white to blue, for counts.
  static let counts =
    "set palette defined (0 '#ffffff', 1 '#deebf7', 2 '#9ecae1', 3 '#4292c6', 4 '#08519c', "
    + "5 '#08306b')"

  /// The variables of ``ReportStyle`` that stand for colours, by red, green and blue as SVG has them.
  static let variables = Dictionary(
    uniqueKeysWithValues: [
      (ink, "--ink"), (faint, "--line"), (outline, "--outline"), (blue, "--blue"), (red, "--red"),
      (grey, "--soft"),
    ].map { color, variable in
      let number = Int(number(of: color))
      return ([16, 8, 0].map { "\(number >> $0 & 0xFF)" }.joined(separator: ","), variable)
    })

  /// A colour as one number, as gnuplot reads it from data.
  static func number(of color: String) -> Double {
    Double(Int(color.dropFirst(), radix: 16) ?? 0)
  }
}
