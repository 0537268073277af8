import Datasets
import Testing

struct FittedImageTests {
  /// A black picture with a light drawing at a place.
  private static func canvas(
    _ width: Int, _ height: Int, x: Int, y: Int, _ drawing: GreyImage
  ) -> GreyImage {
    var pixels = [UInt8](repeating: 0, count: width * height)
    for row in 0..<drawing.height {
      for column in 0..<drawing.width {
        pixels[(y + row) * width + x + column] = drawing.pixels[row * drawing.width + column]
      }
    }
    return GreyImage(pixels: pixels, width: width, height: height)
  }

  /// Each pixel repeated in both directions.
  private static func enlarged(_ image: GreyImage, by factor: Int) -> GreyImage {
    let (width, height) = (image.width * factor, image.height * factor)
    let pixels = (0..<width * height).map { index in
      image.pixels[index / width / factor * image.width + index % width / factor]
    }
    return GreyImage(pixels: pixels, width: width, height: height)
  }

  private static func inverted(_ image: GreyImage) -> GreyImage {
    GreyImage(pixels: image.pixels.map { 255 - $0 }, width: image.width, height: image.height)
  }

  /// A slanted stroke with a foot, so that no axis is symmetrical.
  private static let drawing = GreyImage(
    pixels: (0..<40 * 60).map { index in
      let (x, y) = (index % 40, index / 40)
      return abs(x - 35 + y / 2) < 4 || y > 54 ? 250 : 0
    }, width: 40, height: 60)

  private func pixels(_ fitted: FittedImage) -> [UInt8] { Array(fitted.image.pixels) }

  @Test func pictureOfTheRightSizeIsLeftAsItIs() {
    let image = GreyImage(pixels: [0, 10, 0, 0, 200, 0, 0, 90, 3, 0, 0, 0], width: 3, height: 4)
    let fitted = image.fitted(rows: 4, columns: 3, as: .handwriting)
    #expect(pixels(fitted) == image.pixels)
    #expect(fitted.image.shape == [4, 3] && fitted.image.count == 1)
    #expect(fitted.description == "3×4, grey")
    let light = Self.inverted(image).fitted(rows: 4, columns: 3, as: .object)
    #expect(pixels(light) == image.pixels)
    #expect(light.description == "3×4, grey, inverted (light background)")
  }

  /// What fills its picture comes back from any enlargement, whatever the background.
  @Test(arguments: [2, 3, 7])
  func objectFillsTheSize(_ factor: Int) {
    let object = GreyImage(
      pixels: (0..<28 * 28).map { index in
        let (x, y) = (index % 28, index / 28)
        return x == 14 || (y > 8 && y < 20) ? UInt8(70 + x * 5 + (y == 10 ? 50 : 0)) : 0
      }, width: 28, height: 28)
    #expect(object.pixels.max() == 255)
    let large = Self.enlarged(object, by: factor)
    #expect(pixels(large.fitted(rows: 28, columns: 28, as: .object)) == object.pixels)
    #expect(
      pixels(Self.inverted(large).fitted(rows: 28, columns: 28, as: .object)) == object.pixels)
    let placed = Self.canvas(
      28 * factor + 100, 28 * factor + 30, x: 60, y: 7, large)
    #expect(pixels(placed.fitted(rows: 28, columns: 28, as: .object)) == object.pixels)
  }

  @Test func handwritingIsOfOneSizeInOnePlace() {
    var results: [[UInt8]] = []
    for (x, y, factor) in [(10, 10, 1), (300, 40, 1), (31, 200, 1), (20, 5, 3)] {
      let drawing = Self.enlarged(Self.drawing, by: factor)
      let canvas = Self.canvas(500, 300, x: x, y: y, drawing)
      let fitted = Self.inverted(canvas).fitted(rows: 28, columns: 28, as: .handwriting)
      #expect(
        fitted.description
          == "500×300 cropped to \(40 * factor)×\(60 * factor) → 28×28, grey, "
          + "inverted (light background)")
      results.append(pixels(fitted))
    }
    for result in results {
      // The last bit may depend on the place.
      #expect(zip(result, results[0]).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    }
    let image = results[0]
    #expect(image.max() == 255)
    let mass = image.reduce(0.0) { $0 + Double($1) }
    let coordinates = image.indices.map { (Double($0 / 28), Double($0 % 28)) }
    let meanY = zip(image, coordinates).reduce(0) { $0 + Double($1.0) * $1.1.0 } / mass
    let meanX = zip(image, coordinates).reduce(0) { $0 + Double($1.0) * $1.1.1 } / mass
    // MNIST's middle.
    #expect(abs(meanY - 14) < 0.05 && abs(meanX - 14) < 0.05, "\(meanY), \(meanX)")
    // 60 rows become 20, which the rounded place cuts at both ends.
    let rows = (0..<28).filter { y in image[y * 28..<y * 28 + 28].contains { $0 > 0 } }
    #expect([20, 21].contains(rows.count))
  }

  @Test func paperBecomesBlackAndInkWhite() {
    var canvas = Self.inverted(Self.canvas(200, 200, x: 60, y: 70, Self.drawing))
    let clean = pixels(canvas.fitted(rows: 28, columns: 28, as: .handwriting))
    // Grey paper with some grain, and pale ink.
    canvas = GreyImage(
      pixels: canvas.pixels.enumerated().map { 110 + $1 / 4 + UInt8($0 * 7919 % 5) }, width: 200,
      height: 200)
    let pale = pixels(canvas.fitted(rows: 28, columns: 28, as: .handwriting))
    for (a, b) in zip(clean, pale) { #expect(abs(Int(a) - Int(b)) < 20) }
  }

  /// A quarter of the middle pixel falls into each quarter: 1.25 of a corner's, 0.25 of the others.
  @Test func areasAreMeans() {
    let image = GreyImage(pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255], width: 3, height: 3)
    let fitted = image.fitted(rows: 2, columns: 2, as: .object)
    #expect(pixels(fitted) == [255, 51, 51, 255])
    #expect(fitted.description == "3×3 → 2×2, grey")
  }

  /// A pen's stroke on a large photo is thinner than a pixel of the model.
  @Test func thinStrokesAreNotFaint() {
    let ring = GreyImage(
      pixels: (0..<600 * 600).map { index in
        let (x, y) = (Double(index % 600) - 300, Double(index / 600) - 300)
        return abs((x * x + y * y).squareRoot() - 290) < 2 ? 60 : 200
      }, width: 600, height: 600)
    #expect(pixels(ring.fitted(rows: 28, columns: 28, as: .handwriting)).max() == 255)
  }

  @Test func sidesStayInProportion() {
    let bar = GreyImage(pixels: [UInt8](repeating: 255, count: 400), width: 10, height: 40)
    let fitted = Self.canvas(90, 60, x: 70, y: 5, bar).fitted(rows: 28, columns: 28, as: .object)
    let row = [UInt8](repeating: 0, count: 10) + [128] + [UInt8](repeating: 255, count: 6) + [128]
    #expect(pixels(fitted) == (0..<28).flatMap { _ in row + [UInt8](repeating: 0, count: 10) })
    #expect(fitted.description == "90×60 cropped to 10×40 → 28×28, grey")
  }

  @Test(arguments: [(1, 1), (1, 4000), (4000, 1), (2, 2)])
  func extremeSizesAreFitted(_ width: Int, _ height: Int) {
    let one = GreyImage(
      pixels: (0..<width * height).map { $0 == width * height / 2 ? 255 : 0 }, width: width,
      height: height)
    for style in [FittedImage.Style.handwriting, .object] {
      let fitted = one.fitted(rows: 28, columns: 20, as: style)
      #expect(fitted.image.shape == [28, 20])
      #expect(fitted.description.hasSuffix("blank") == (width * height == 1))
    }
  }

  @Test(arguments: [0, 100, 255])
  func pictureOfOneGreyIsBlank(_ grey: UInt8) {
    let image = GreyImage(pixels: [UInt8](repeating: grey, count: 600), width: 20, height: 30)
    let fitted = image.fitted(rows: 28, columns: 28, as: .object)
    #expect(pixels(fitted) == [UInt8](repeating: 0, count: 784))
    let light = grey == 255 ? ", inverted (light background)" : ""
    #expect(fitted.description == "20×30 → 28×28, grey\(light), blank")
  }

  @Test func charactersAreHandwriting() {
    #expect(FittedImage.Style(classNames: (0...9).map(String.init)) == .handwriting)
    #expect(FittedImage.Style(classNames: ["가", "나"]) == .handwriting)
    #expect(FittedImage.Style(classNames: PublishedDataset.fashionMNIST.classNames) == .object)
    #expect(FittedImage.Style(classNames: (0...10).map(String.init)) == .object)
    #expect(FittedImage.Style(classNames: []) == .object)
  }
}
