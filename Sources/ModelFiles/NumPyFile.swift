import Foundation
import Tensors

/// Tensors as NumPy's files: one as `.npy`, several by name as `.npz`.
///
/// The former is NumPy's version 1.0: the magic string `\x93NUMPY`, the version, the length of the
/// header as two bytes, the header (a Python dictionary, padded so that the data start at a multiple
/// of 64), then the elements in row-major order, little-endian. The latter is a zip archive of such
/// files, stored and not compressed, as `numpy.savez` writes it.
public enum NumPyFile {
  /// Writes a tensor as an array of `float32`, by a temporary file, flushed and renamed.
  public static func write(_ tensor: Tensor, to path: String) throws(ModelFileError) {
    try AtomicFile.write(array(tensor), to: path)
  }

  /// The contents of the file of a tensor.
  static func array(_ tensor: Tensor) -> Data {
    // A tuple of one number ends in a comma, as Python wants it.
    let sizes = tensor.shape.sizes.map { "\($0)," }.joined(separator: " ")
    let shape = tensor.shape.rank == 1 ? sizes : String(sizes.dropLast())
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }"
    let prefix = 10
    let padding = (64 - (prefix + header.utf8.count + 1) % 64) % 64
    header += String(repeating: " ", count: padding) + "\n"
    var file = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
    file.append(contentsOf: [UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)])
    file.append(Data(header.utf8))
    tensor.withUnsafeBufferPointer { file.append(Data(buffer: $0)) }
    return file
  }
}
