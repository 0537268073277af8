import ArgumentParser
import DirectGemm
import Maru

/// A matrix product as BLAS gets it: `C = A·B`, `A` [m, k], `B` [k, n], each stored transposed where
/// the layout has a T.
struct Product {
  enum Layout: String {
    case nn = "NN"
    case nt = "NT"
    case tn = "TN"
  }

  let layout: Layout
  let m, n, k: Int

  init(_ layout: Layout, m: Int, n: Int, k: Int) {
    (self.layout, self.m, self.n, self.k) = (layout, m, n, k)
  }

  static func square(_ size: Int) -> Product { Product(.nn, m: size, n: size, k: size) }

  /// The multiplications and additions.
  var operations: Double { 2 * Double(m) * Double(n) * Double(k) }

  var description: String { "\(layout.rawValue) m=\(m) n=\(n) k=\(k)" }
}

/// The products to measure.
enum ProductSet: String, CaseIterable, ExpressibleByArgument {
  /// Square matrices.
  case squares
  /// Those of a training step: forward (NT), the gradients of the data (NN) and of the weights (TN).
  case training
  /// Matrices with one short side.
  case skinny

  func products(sizes: [Int]) -> [Product] {
    switch self {
    case .squares:
      return sizes.map(Product.square)
    case .training:
      let layers = [(784, 128), (784, 512), (512, 512), (784, 10), (128, 10)]
      return layers.flatMap { inputs, units in
        [1, 32, 64, 128, 512, 4096].flatMap { batch in
          [
            Product(.nt, m: batch, n: units, k: inputs),
            Product(.nn, m: batch, n: inputs, k: units),
            Product(.tn, m: units, n: inputs, k: batch),
          ]
        }
      }
    case .skinny:
      return [1, 16].flatMap { short in
        [
          Product(.nn, m: short, n: 4096, k: 4096), Product(.nn, m: 4096, n: short, k: 4096),
          Product(.nn, m: 4096, n: 4096, k: short),
        ]
      }
    }
  }
}

/// The routines of BLAS that multiply matrices.
enum Routine: String, CaseIterable, ExpressibleByArgument {
  case sgemm, dgemm
}

/// A kind of number that BLAS multiplies matrices of.
protocol GemmScalar: BinaryFloatingPoint {
  static var routine: Routine { get }
  /// The wrapper.
  static func multiply(_ a: MatrixView<Self>, _ b: MatrixView<Self>, into c: MatrixView<Self>)
  /// BLAS called from C, so many times in a row.
  static func multiplyDirectly(
    _ a: MatrixView<Self>, _ b: MatrixView<Self>, into c: MatrixView<Self>, count: Int)
}

extension Float: GemmScalar {
  static let routine = Routine.sgemm

  static func multiply(_ a: MatrixView<Self>, _ b: MatrixView<Self>, into c: MatrixView<Self>) {
    gemm(a, b, into: c)
  }

  static func multiplyDirectly(
    _ a: MatrixView<Self>, _ b: MatrixView<Self>, into c: MatrixView<Self>, count: Int
  ) {
    direct_sgemm(
      Int32(count), a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(c.rows),
      Int32(c.columns), Int32(a.columns), a.baseAddress, Int32(a.stride), b.baseAddress,
      Int32(b.stride), c.baseAddress, Int32(c.stride))
  }
}

extension Double: GemmScalar {
  static let routine = Routine.dgemm

  static func multiply(_ a: MatrixView<Self>, _ b: MatrixView<Self>, into c: MatrixView<Self>) {
    gemm(a, b, into: c)
  }

  static func multiplyDirectly(
    _ a: MatrixView<Self>, _ b: MatrixView<Self>, into c: MatrixView<Self>, count: Int
  ) {
    direct_dgemm(
      Int32(count), a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(c.rows),
      Int32(c.columns), Int32(a.columns), a.baseAddress, Int32(a.stride), b.baseAddress,
      Int32(b.stride), c.baseAddress, Int32(c.stride))
  }
}
