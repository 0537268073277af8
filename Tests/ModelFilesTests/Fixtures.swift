import FileTestSupport
import Foundation
import ModelFiles
import Training

/// A file that another program wrote; `Goldens/make.py` says how.
func golden(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens/\(name)").path
}

func goldenBytes(_ name: String) throws -> Data {
  try Data(contentsOf: URL(fileURLWithPath: golden(name)))
}

/// The parameters of the goldens' first layer.
enum TinyLayer {
  static let weight = Tensor([1, -2, 0.5, 0.1, 3e38, -0.0], shape: [2, 3])
  static let bias = Tensor([0.25, -1], shape: [2])
}

/// A model of one layer, in classes that JSON has to escape.
func tinyModel() throws -> Sequential {
  let model = try Sequential(inputShape: [3], [Dense(2)])
  model.weights = [TinyLayer.weight, TinyLayer.bias]
  return model
}

/// The bytes of a safetensors file: the header's length, the header, the data.
func safetensors(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.utf8.count)
  return withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(header.utf8) + data
}

/// A tensor to compare to the bit, so that −0 is not 0.
struct TensorBits: Equatable {
  let sizes: [Int]
  let bits: [UInt32]

  init(_ tensor: Tensor) {
    sizes = tensor.shape.sizes
    bits = tensor.withUnsafeBufferPointer { $0.map(\.bitPattern) }
  }
}
